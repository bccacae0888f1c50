"""Every stored example of coding gives its stored answer."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case


@pytest.mark.parametrize("path", cases("coding"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The stage answers as stored."""
    run_case(stage_named("coding"), path)
