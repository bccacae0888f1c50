"""Nights are counted where a document says them, and never made up."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.nights import nights_of
from schemas.records import Facts, Line


def nights(*lines: tuple[str, str | None], **facts: Any) -> int | None:
    """Return the nights of a stay by description and quantity of its lines."""
    found = [
        Line(number=number, description=text, quantity=None if count is None else Decimal(count))
        for number, (text, count) in enumerate(lines, 1)
    ]
    return nights_of(Facts(kind="text", confidence={}, **facts), found)


def test_the_service_period_goes_first() -> None:
    """From arrival to departure, whatever the lines say."""
    stay = {"service_start": date(2026, 3, 7), "service_end": date(2026, 3, 11)}
    assert nights(("Room, 2 nights", "9"), **stay) == 4
    assert nights(("Room", None), service_start=date(2026, 3, 7), service_end=date(2026, 3, 7)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Superior room, 3 nights", 3),
        ("Hotelübernachtung, 2 Nächte", 2),
        ("2 Übernachtungen inkl. Frühstück", 2),
        ("Chambre double 4 nuits", 4),
        ("5 nuitées", 5),
        ("Habitación doble, 2 noches", 2),
        ("Camera singola 3 notti", 3),
        ("2 overnachtingen", 2),
        ("Quarto duplo 6 noites", 6),
        ("Room nights: 3", 3),
        ("Room 4 night shift", 4),
        ("Room 1,204 nights", None),
        ("Deluxe room 412", None),
        ("Night at the museum", None),
    ],
)
def test_words_count_nights(text: str, expected: int | None) -> None:
    """A number beside the word for night, in each of the languages."""
    assert nights((text, None)) == expected


def test_days_of_the_rooms_are_nights() -> None:
    """A folio prints the day before each night; its taxes come on the same days or on none."""
    folio = [(f"10/0{day}/2026 {what}", None) for day in (6, 7, 8) for what in ("Room charge", "City tax 11.5%")]
    assert nights(*folio) == 3
    assert nights(("6 Oct Room", None), ("6 Oct Room", None)) == 1
    assert nights(("10/06 Room", None), ("10/09 Cancellation fee", None)) == 1
    assert nights(("Room 11", None), ("Room 12", None)) is None


def test_quantities_count_last_and_only_of_rooms() -> None:
    """A quantity of nights counts where nothing clearer does; one of breakfasts or taxes never."""
    assert nights(("Room night", "3"), ("Tourism tax", "6"), ("Breakfast", "6")) == 3
    assert nights(("Room night", "2.5")) is None
    assert nights(("Room", "18400")) is None


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(-5, 500).map(str)), max_size=5))
def test_any_text_gives_a_sane_count(lines: list[tuple[str, str]]) -> None:
    """Nothing gives more nights than a year has, or none."""
    found = nights(*lines)
    assert found is None or 1 <= found <= 366
