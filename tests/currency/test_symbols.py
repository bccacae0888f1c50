"""A printed mark is settled by evidence or left open."""

from datetime import date

import pytest

from consumers.currency.symbols import _MARKS, resolve_currency
from schemas.currencies import MINOR_UNITS

DAY = date(2024, 3, 1)


@pytest.mark.parametrize(
    ("printed", "territories", "expected"),
    [
        ("€", (), ("EUR",)),
        ("usd", (), ("USD",)),
        (" k r ", ("SE",), ("SEK",)),
        ("$", ("CA",), ("CAD",)),
        ("$", ("us",), ("USD",)),
        ("¥", ("CN",), ("CNY",)),
        ("quatloos", (), ()),
        ("", (), ()),
    ],
)
def test_settled(printed: str, territories: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """A code, a plain symbol, or a shared symbol with the seller's country names one currency."""
    assert resolve_currency(printed, territories=territories, day=DAY) == expected


@pytest.mark.parametrize(("printed", "territories"), [("$", ()), ("kr", ()), ("¥", ("DE",)), ("$", ("US", "CA"))])
def test_left_open(printed: str, territories: tuple[str, ...]) -> None:
    """A shared symbol without evidence, or with evidence for several, stays several."""
    assert len(resolve_currency(printed, territories=territories, day=DAY)) > 1


def test_every_mark_names_real_currencies() -> None:
    """The table of marks names no currency that ISO does not have."""
    assert {code for codes in _MARKS.values() for code in codes} <= MINOR_UNITS.keys()
