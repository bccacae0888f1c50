"""Stored examples of the approval stage."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case


@pytest.mark.parametrize("path", cases("approval"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """Each stored case gives its stored outputs."""
    run_case(stage_named("approval"), path)
