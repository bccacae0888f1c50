"""Documents nobody labelled: each outcome is as the reference page tells it."""

import os
import re
from pathlib import Path

import pytest

from bench.outcomes import measure, outcomes
from bench.truths import DataMissing

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "azure_samples"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "outcomes.md"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

RECEIPT = "Northwind Ltd\nReceipt No: 7\nDate: 5 March 2024\nTotal GBP 12.00\n"


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no documents under {DATA}; set SPENDTRAIL_DATA")
def test_the_page_tells_what_becomes_of_each() -> None:
    """Every document of the samples stands on the page with what becomes of it now, and with a reason."""
    told = {name: outcome for name, outcome, why in ROW.findall(PAGE.read_text("utf-8")) if why.strip()}
    assert told == {row.name: row.told() for row in outcomes(DATA)}


def test_an_outcome_is_a_phrase(tmp_path: Path) -> None:
    """Accepted, or every doubt by code and field; what is no document is left out."""
    (tmp_path / "a.txt").write_text(RECEIPT)
    (tmp_path / "b.txt").write_text("Total GBP 12.00\n")
    (tmp_path / "c.yaml").write_text("no: document\n")
    first, second = outcomes(tmp_path)
    assert (first.name, first.told()) == ("a.txt", "accepted")
    assert second.told() == "MISSING_FIELD invoice_date, LOW_CONFIDENCE vendor_name"
    assert measure(tmp_path).figures == {"documents": 2, "accepted": 1}


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without documents is a mistake, not a result."""
    with pytest.raises(DataMissing, match="no documents"):
        measure(tmp_path)
