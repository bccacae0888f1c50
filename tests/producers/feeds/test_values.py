"""Amounts, dates and currencies of formats: exact, or the one typed fault."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.feeds.record import BadRow
from producers.feeds.values import counted, currency_of, day_of, decimal_of, number_of, place_of, scaled
from schemas.currencies import minor_units

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"])
MINOR = st.integers(min_value=0, max_value=10**14)


@given(MINOR, CURRENCIES, st.integers(min_value=0, max_value=8))
def test_minor_units_come_back_as_written(minor: int, currency: str, zeros: int) -> None:
    """A count of minor units is that many of them, leading zeros or not."""
    amount = counted("0" * zeros + str(minor), currency, "Amount")
    assert amount.scaleb(minor_units(currency) or 0) == minor
    assert amount.as_tuple().exponent == -(minor_units(currency) or 0)


@given(MINOR, CURRENCIES)
def test_an_amount_comes_back_from_more_decimals_than_it_needs(minor: int, currency: str) -> None:
    """Implied decimals beyond the minor unit are zero, and then the amount is the same."""
    digits = minor_units(currency) or 0
    assert scaled(f"{minor}00", digits + 2, currency, "Amount") == counted(str(minor), currency, "Amount")


@given(st.decimals(-(10**12), 10**12, places=2, allow_nan=False), st.sampled_from(".,"))
def test_a_decimal_comes_back_as_written(amount: Decimal, mark: str) -> None:
    """Sign and mark included."""
    assert decimal_of(str(amount).replace(".", mark), "EUR", "Amount") == amount


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_a_day_comes_back_as_written(day: date) -> None:
    """In every order that the formats write, with a time behind it or not."""
    assert day_of(day.isoformat() + "T10:00:00+02:00", "%Y-%m-%d", "Date") == day
    assert day_of(f"{day:%Y%m%d}120000[-5:EST]", "%Y%m%d", "Date") == day
    assert day_of(f"{day:%m%d%Y}", "%m%d%Y", "Date") == day


@given(st.text(), CURRENCIES | st.just(""), st.integers(min_value=-3, max_value=40))
def test_no_text_raises_anything_but_the_typed_fault(text: str, currency: str, exponent: int) -> None:
    """Whatever stands in a field, it is a value or a fault that names the field."""
    reads = (
        lambda: number_of(text, "f"),
        lambda: scaled(text, exponent, currency, "f"),
        lambda: counted(text, currency, "f"),
        lambda: decimal_of(text, currency, "f"),
        lambda: day_of(text, "%Y-%m-%d", "f"),
        lambda: day_of(text, "%m%d%Y", "f"),
        lambda: currency_of(text, "f"),
    )
    columns = set()
    for read in reads:
        try:
            read()
        except BadRow as fault:
            columns.add(fault.column)
    assert columns <= {"f"}


@pytest.mark.parametrize(
    ("text", "exponent", "currency", "told"),
    [
        ("", 2, "EUR", "not digits alone"),
        ("-125", 2, "EUR", "not digits alone"),
        ("\u0661\u0662", 2, "EUR", "not digits alone"),
        ("9" * 29, 2, "EUR", "more than 28 digits"),
        ("9" * 18, 2, "EUR", "more than 15 digits before"),
        ("125", 2, "JPY", "a fraction that JPY does not have"),
        ("125", 10, "EUR", "more implied decimals than any currency"),
    ],
)
def test_implied_decimals_are_not_guessed(text: str, exponent: int, currency: str, told: str) -> None:
    """No sign, no foreign digits, no account number, no fraction lost."""
    with pytest.raises(BadRow, match=told):
        scaled(text, exponent, currency, "Amount")


@pytest.mark.parametrize(("text", "expected"), [("978", "EUR"), ("00036", "AUD"), (" eur ", "EUR"), ("124", "CAD")])
def test_a_currency_is_known_by_number_or_letters(text: str, expected: str) -> None:
    """ISO 4217 numbers, leading zeros or not."""
    assert currency_of(text, "Currency") == expected


@pytest.mark.parametrize("text", ["", "000", "XXX", "959", "12345", "\u20ac"])
def test_what_nobody_pays_in_is_no_currency(text: str) -> None:
    """Metals, test codes and numbers of nothing."""
    with pytest.raises(BadRow, match="no ISO 4217 currency"):
        currency_of(text, "Currency")


@pytest.mark.parametrize(
    ("city", "region", "country", "place"),
    [
        ("SAN  FRANCISCO", "CA", "US", ("SAN FRANCISCO, CA", "US")),
        ("DUBLIN 18", "--", "IRL", ("DUBLIN 18", "IE")),
        ("LEEDS", "", "00826", ("LEEDS", "GB")),
        ("ST. LOUIS", "MO", "840", ("ST. LOUIS, MO", "US")),
        ("K\u00f6ln", "", "DEU", ("K\u00f6ln", "DE")),
        ("INTERNET", "", "GBR", ("", "")),
        ("WWW.ACORN.COM", "CA", "US", ("", "")),
        ("800-555-1234", "CA", "US", ("", "")),
        ("", "", "840", ("", "")),
        ("LEEDS", "", "", ("", "")),
        ("LEEDS", "", "00000", ("", "")),
        ("LEEDS", "", "ZZZ", ("", "")),
    ],
)
def test_a_merchants_place_is_clear_or_none(city: str, region: str, country: str, place: tuple[str, str]) -> None:
    """A town with a country of any code is a place; a web address, a number or half of one is none."""
    assert place_of(city, region, country) == place
