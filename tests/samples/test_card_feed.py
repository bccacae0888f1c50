"""The card feed has 200 lines and exactly the violations it says it has."""

import csv
from collections import Counter
from decimal import Decimal
from io import StringIO
from random import Random

import iso18245
import pytest

from samples.card import feed
from samples.card.line import COLUMNS, FeedLine, write

CAPS = {"meals": 75, "travel.lodging": 350, "software": 1000, "office_supplies": 500, "travel.air": 1500}


def _lines(seed: int = 7) -> tuple[FeedLine, ...]:
    return feed.deal(Random(f"{seed}:test"))  # noqa: S311 - sample data, nothing secret


def _with(code: str, lines: tuple[FeedLine, ...]) -> list[FeedLine]:
    return [each for each in lines if each.expectation.code == code]


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_gives_200_lines(seed: int) -> None:
    """The plans add up whatever the dice say, and the CSV keeps every line and column."""
    rows = list(csv.DictReader(StringIO(write(_lines(seed)).decode())))
    assert len(rows) == feed.LINES
    assert tuple(rows[0]) == COLUMNS


def test_capped_lines_are_over_and_ordinary_lines_are_under_their_limit() -> None:
    """In dollars, a line expected to be held for its amount is over the cap, one expected to pass is not."""
    for each in _lines():
        cap = Decimal(CAPS.get(each.category, 5000))
        if each.currency == "USD" and each.expectation.code == "CAP_EXCEEDED":
            assert each.amount > cap
        elif each.currency == "USD" and each.expectation.outcome == "posted":
            assert each.amount <= cap


def test_weekends_are_only_those_meant() -> None:
    """No ordinary line falls on a weekend, every line meant to does."""
    for seed in range(5):
        lines = _lines(seed)
        weekend = {each.reference for each in lines if each.transaction_date.weekday() >= 5}
        meant = {each.reference for each in _with("WEEKEND_SPEND", lines)}
        of_violations = {each.reference for each in lines if each.expectation.outcome == "in_review"}
        assert meant <= weekend <= meant | of_violations


def test_only_the_meant_lines_repeat() -> None:
    """Two lines come twice under the same reference, three under another; no others look alike."""
    lines = _lines()
    references = Counter(each.reference for each in lines)
    assert sorted(references.values())[-2:] == [2, 2]
    assert references.total() - len(references) == 2
    alike = Counter((each.merchant, each.transaction_date, each.amount, each.card_account) for each in lines)
    assert sum(count - 1 for count in alike.values()) == 5
    assert len(_with("DUPLICATE_EXACT", lines)) == 3


def test_splits_stay_under_the_limit_apart_and_over_it_together() -> None:
    """Each part of a split is under the software limit, the pair of one day and merchant is over it."""
    lines = _lines()
    seconds = _with("SPLIT_TRANSACTION", lines)
    assert len(seconds) == 2
    for second in seconds:
        together = [
            each.amount
            for each in lines
            if (each.merchant, each.transaction_date, each.card_account)
            == (second.merchant, second.transaction_date, second.card_account)
        ]
        assert all(amount < CAPS["software"] for amount in together)
        assert sum(together) > CAPS["software"]


def test_one_merchant_code_is_unknown_and_the_rest_are_listed() -> None:
    """Every merchant code but one stands in ISO 18245."""
    unknown = set()
    for each in _lines():
        try:
            iso18245.get_mcc(each.mcc)
        except iso18245.MCCNotFound:
            unknown.add(each.merchant)
    assert unknown == {"QXZ HOLDINGS 4471"}


def test_refunds_are_negative_and_yen_have_no_cents() -> None:
    """Refunds reduce spend, and amounts carry their currency's own decimals."""
    lines = _lines()
    assert sum(each.amount < 0 for each in lines) == 5
    digits = {each.currency: -int(each.amount.as_tuple().exponent) for each in lines}
    assert digits == {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
