"""Every stored example of ocr gives its stored answer."""

from pathlib import Path

import pytest

from consumers.stages import stage_named
from tests.harness import cases, run_case
from tests.ocr.build import INVOICE
from tests.ocr.shelf import GlassVault, Shelf


@pytest.mark.parametrize("path", cases("ocr"), ids=lambda path: path.stem)
def test_example(path: Path) -> None:
    """The stage answers as stored."""
    shelf = Shelf()
    shelf.put("acme/9a/invoice", INVOICE.encode())
    shelf.put("acme/3b/cut-off", b"%PDF-1.7 cut off")
    run_case(stage_named("ocr"), path, {"vault": GlassVault(), "blobs": shelf})
