"""The photographed receipts can be read: Tesseract finds total and date in each."""

import shutil
from pathlib import Path

import pytesseract  # type: ignore[import-untyped] # ships no types
import pytest
from PIL import Image

from samples.catalogue import make
from samples.figures import american_date, english, german, german_date, long_date

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("tesseract") is None, reason="Tesseract is not installed: apt install tesseract-ocr"
    ),
]


def test_tesseract_finds_total_and_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skew, shadow and noise make a receipt look real and leave what matters legible."""
    # Its threads wait for each other on a busy machine; one alone is faster there.
    monkeypatch.setenv("OMP_THREAD_LIMIT", "1")
    for sample in make(tmp_path):
        if not sample.path.name.startswith("receipt-") or sample.facts is None:
            continue
        with Image.open(sample.path) as picture:
            text = pytesseract.image_to_string(picture, config="--psm 6")
        day = sample.facts.issued
        dates = (american_date(day), german_date(day), long_date(day), day.isoformat(), f"{day:%b %d, %Y}")
        assert any(each in text for each in dates), (sample.path.name, text)
        assert english(sample.facts.total) in text or german(sample.facts.total) in text, (sample.path.name, text)
