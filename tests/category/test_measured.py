"""How much of real purchase-card statements is categorised by the merchant's name alone, and how much of it rightly."""

from pathlib import Path

import pytest
import yaml

from consumers.category.resolve import Categoriser, Seen, load_categoriser
from tests.tracks.statements import merchants, needs_statements

JUDGED = yaml.safe_load(Path(__file__).with_name("judged.yaml").read_text(encoding="utf-8"))


def _category(categoriser: Categoriser, merchant: str) -> str | None:
    (match,), _ = categoriser.categorise(Seen(merchant=merchant), [merchant])
    return match.category


@pytest.mark.data
@needs_statements
@pytest.mark.parametrize(("city", "share"), [("oxford", 0.43), ("birmingham", 0.47)])
def test_merchants_of_a_city_are_mapped(city: str, share: float) -> None:
    """More than four of ten rows have a category; marketplaces and general stores rightly have none."""
    categoriser = load_categoriser()
    named = merchants(city)
    assert sum(_category(categoriser, name) is not None for name in named) / len(named) >= share


def test_what_is_mapped_is_mapped_rightly() -> None:
    """Of some hundred merchants that a person has judged, at least 98 of 100 that are mapped have their category."""
    categoriser = load_categoriser()
    own = {merchant: category for category, named in JUDGED["right"].items() for merchant in named} | JUDGED["wrong"]
    found = {merchant: _category(categoriser, merchant) for merchant in own}
    mapped = [merchant for merchant, category in found.items() if category is not None]
    wrong = [merchant for merchant in mapped if found[merchant] != own[merchant]]
    assert len(mapped) >= 480
    assert 1 - len(wrong) / len(mapped) >= 0.98, wrong
