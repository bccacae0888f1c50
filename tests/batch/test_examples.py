"""Stored examples of batch."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case


@pytest.mark.parametrize("path", cases("batch"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The stage answers each stored example as stored."""
    run_case(stage_named("batch"), path)
