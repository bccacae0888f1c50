"""Every stored example of learn gives its stored answer."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case


@pytest.mark.parametrize("path", cases("learn"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The stage answers as stored."""
    run_case(stage_named("learn"), path)
