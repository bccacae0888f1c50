"""Dates as printed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.dates import dates_in, month_of, order_of


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Date: 25/12/2018 8:13:39 PM", date(2018, 12, 25)),
        ("03/20/2023", date(2023, 3, 20)),
        ("Facture du 02 Juillet 2015", date(2015, 7, 2)),
        ("August 3 , 2014", date(2014, 8, 3)),
        ("14 MAR 2018", date(2018, 3, 14)),
        ("19 april 2014", date(2014, 4, 19)),
        ("29 maart 2014", date(2014, 3, 29)),
        ("10 de marzo de 2021", date(2021, 3, 10)),
        ("5 Mac 2020", date(2020, 3, 5)),
        ("07-JUN-16", date(2016, 6, 7)),
        ("2016/05/01", date(2016, 5, 1)),
        ("31.05.14", date(2014, 5, 31)),
        ("05.03.2021", date(2021, 3, 5)),
        ("05/05/2021", date(2021, 5, 5)),
    ],
)
def test_one_meaning(text: str, day: date) -> None:
    """A date with one possible meaning needs no order."""
    assert [printed.under(None) for printed in dates_in(text)] == [day]


def test_two_meanings_stay_open() -> None:
    """Day and month that could be swapped are open until an order is known."""
    (printed,) = dates_in("04/05/2021")
    assert printed.is_open
    assert printed.under(None) is None
    assert printed.under("dmy") == date(2021, 5, 4)
    assert printed.under("mdy") == date(2021, 4, 5)


def test_another_date_proves_the_order() -> None:
    """One date that can only be read one way settles the others; two that disagree settle nothing."""
    assert order_of(dates_in("04/05/2021 and 04/25/2021")) == "mdy"
    assert order_of(dates_in("25/04/2021 and 04/25/2021")) is None


@pytest.mark.parametrize(
    "text", ["192.168.10.12", "12:30:45", "1/50, 81200", "3 Items 2019", "July 1 - July", "99/99/2020"]
)
def test_not_a_date(text: str) -> None:
    """Addresses, times and counts are no dates."""
    assert dates_in(text) == []


@given(st.dates(date(1991, 1, 1), date(2098, 12, 31)))
def test_iso_dates_always_come_back(day: date) -> None:
    """Year first is never in doubt."""
    assert [printed.under(None) for printed in dates_in(f"on {day.isoformat()} we met")] == [day]


def test_short_month_names_follow_the_first_language() -> None:
    """Abbreviations that several languages share mean what they mean in most of them."""
    assert (month_of("mar"), month_of("Mai"), month_of("ago"), month_of("total")) == (3, 5, 8, None)
