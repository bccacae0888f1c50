"""Amounts and dates of feeds: exact, strict, never a guess between two notations."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.feed_values import DATE_FORMATS, DECIMAL_MARKS, Ambiguous, Ballot, parse_date, parse_money

AMOUNTS = st.decimals(min_value=Decimal("-999999999.99"), max_value=Decimal("999999999.99"), places=2)


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("118.06", ".", "118.06"),
        (".97", ".", "0.97"),
        ("325", ".", "325"),
        ("1,234,567.89", ".", "1234567.89"),
        ("1.234.567,89", ",", "1234567.89"),
        ("1 234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("-38.30", ".", "-38.30"),
        ("38.30-", ".", "-38.30"),
        ("(38.30)", ".", "-38.30"),
        ("38.30 CR", ".", "-38.30"),
        ("38.30 DR", ".", "38.30"),
        ("\u00a312.00", ".", "12.00"),
        ("EUR 12,00", ",", "12.00"),
        ("-\u00a312.00", ".", "-12.00"),
        ("\u00a3-12.00", ".", "-12.00"),
        ("+5.00", ".", "5.00"),
        ("12.5000", ".", "12.50"),
        ("0.00", ".", "0"),
        ("-0.00", ".", "0"),
    ],
)
def test_amounts_are_read_exactly(text: str, mark: str, expected: str) -> None:
    """Every notation a feed uses gives the exact amount, sign included."""
    assert parse_money(text, mark, "EUR") == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "abc",
        "12.345",
        "1,23.45",
        "1,2345",
        "12.5001",
        "--5",
        "(5",
        "5)",
        "-5-",
        "-5 CR",
        "1e5",
        "NaN",
        "12 34",
        "4929123412341234",
        "\u0661\u0662.00x",
    ],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    """Nothing is repaired: a digit too many, a group cut wrongly, two signs, an account number."""
    assert parse_money(text, ".", "EUR") is None


def test_decimals_follow_the_currency() -> None:
    """The yen has no decimals, the dinar three."""
    assert parse_money("12.50", ".", "JPY") is None
    assert parse_money("12.505", ".", "KWD") == Decimal("12.505")


@given(AMOUNTS, st.sampled_from(DECIMAL_MARKS), st.booleans())
def test_what_was_written_is_what_is_read(amount: Decimal, mark: str, grouped: bool) -> None:
    """Writing an amount in a notation and reading it in that notation loses nothing."""
    text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    text = text.translate(str.maketrans(",.", ".,")) if mark == "," else text
    assert parse_money(text, mark, "EUR") == amount


@given(st.text(max_size=20), st.sampled_from(DECIMAL_MARKS))
def test_no_text_breaks_the_reader(text: str, mark: str) -> None:
    """Any text is an amount or none, never an exception, and never finer than the currency."""
    amount = parse_money(text, mark, "EUR")
    assert amount is None or amount == amount.quantize(Decimal("0.01"))


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 1, 1)), st.sampled_from(DATE_FORMATS))
def test_dates_are_read_in_their_form(day: date, form: str) -> None:
    """A date written in a form is read in it, also with a time behind it."""
    assert parse_date(day.strftime(form), form) == day
    assert parse_date(f"{day.strftime(form)} 23:59:59", form) == day


def test_the_column_decides_the_order_of_day_and_month() -> None:
    """One date past the twelfth settles the others."""
    ballot = Ballot(DATE_FORMATS, parse_date)
    for text in ("03/04/2017", "28/09/2017", "01/02/2017"):
        ballot.note(text)
    assert ballot.decide() == "%d/%m/%Y"


def test_a_column_that_could_be_either_is_not_decided() -> None:
    """Days and months all under thirteen: the error shows a cell and both readings."""
    ballot = Ballot(DATE_FORMATS, parse_date)
    ballot.note("05/05/2017")
    ballot.note("03/04/2017")
    with pytest.raises(Ambiguous, match="'03/04/2017' could be 2017-04-03 or 2017-03-04"):
        ballot.decide()


def test_cells_that_mean_the_same_either_way_need_no_decision() -> None:
    """Whole amounts and dates like 05/05 are the same in both notations."""
    dates, marks = Ballot(DATE_FORMATS, parse_date), Ballot(DECIMAL_MARKS, parse_money)
    dates.note("05/05/2017")
    marks.note("325")
    assert (dates.decide(), marks.decide()) == ("%d/%m/%Y", ".")


def test_a_bad_cell_does_not_sway_the_column() -> None:
    """The notation most cells are written in wins; nothing readable decides nothing."""
    marks = Ballot(DECIMAL_MARKS, parse_money)
    for text in ("12.50", "1,200.00", "n/a", "7,50"):
        marks.note(text)
    assert marks.decide() == "."
    assert Ballot(DECIMAL_MARKS, parse_money).decide() is None
