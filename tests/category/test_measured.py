"""How much of real purchase-card statements is categorised by the merchant's name alone."""

import csv
import os
from pathlib import Path

import pytest

from consumers.category.resolve import Seen, load_categoriser

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
STATEMENTS = DATA / "reference" / "pcard_oxford" / "data"


@pytest.mark.data
@pytest.mark.skipif(not STATEMENTS.is_dir(), reason=f"no card statements in {STATEMENTS}: set SPENDTRAIL_DATA")
def test_merchants_of_a_city_are_mapped() -> None:
    """At least four of ten rows have a category; marketplaces and general stores rightly have none."""
    categoriser = load_categoriser()
    merchants: list[str] = []
    for path in sorted(STATEMENTS.glob("*.csv")):
        with path.open(encoding="latin-1", newline="") as file:
            merchants += [row.get("MCH.MERCHANT NAME") or row.get("Merchant") or "" for row in csv.DictReader(file)]
    named = [name.strip() for name in merchants if name.strip()]
    mapped = sum(categoriser.categorise(Seen(merchant=name), [name])[0][0].category is not None for name in named)
    assert mapped / len(named) >= 0.40
