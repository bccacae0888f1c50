"""Every stored example of parse gives its stored answer."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case
from tests.ocr.shelf import GlassVault


@pytest.mark.parametrize("path", cases("parse"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The stage answers as stored."""
    run_case(stage_named("parse"), path, {"vault": GlassVault(), "confidence": {}})
