"""The ocr stage over a shelf of documents."""

import pytest

from consumers.stages import stage_named
from tests.harness import StageRun
from tests.ocr.shelf import GlassVault, Shelf


@pytest.fixture
def shelf() -> Shelf:
    """An empty shelf."""
    return Shelf()


@pytest.fixture
def run(shelf: Shelf) -> StageRun:
    """The stage over one partition."""
    return StageRun(stage_named("ocr"), given={"vault": GlassVault(), "blobs": shelf})
