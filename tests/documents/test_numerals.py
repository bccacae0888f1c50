"""Amounts as printed."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from documents.numerals import amounts_in, decimal_mark, parse_amount
from documents.reading import Word

_cents = st.integers(-10_000_000_00, 10_000_000_00).map(lambda cents: Decimal(cents) / 100)


@given(_cents, st.sampled_from(["en_US", "de_DE", "fr_FR", "nl_NL", "pt_PT", "de_CH", "ms_MY"]))
def test_every_locale_comes_back_exact(value: Decimal, locale: str) -> None:
    """An amount with cents, printed the way a country prints it, is read to the cent without being told the country."""
    printed = format_decimal(value, "#,##0.00", locale=locale)
    assert parse_amount(printed.replace("\u2019", "'")) == value


@given(st.text(max_size=20))
def test_anything_else_is_none_or_finite(text: str) -> None:
    """No text makes the parser fail or return what is not a number."""
    value = parse_amount(text)
    assert value is None or value.is_finite()


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.234", ",", "1234"),
        ("1.234", ".", "1.234"),
        ("1.234", None, None),
        ("1,234", None, None),
        ("0,125", None, "0.125"),
        ("RM8.20", None, "8.20"),
        ("1,23,456.00", None, "123456.00"),
        ("₹12,34,567", None, "1234567"),
        ("0,75€", None, "0.75"),
        ("(12.00)", None, "-12.00"),
        ("(3)", None, None),
        ("12.00-", None, "-12.00"),
        ("21%", None, None),
        ("12/05/2024", None, None),
        ("1,23,45.00", None, None),
        ("955929040116123", None, None),
    ],
)
def test_doubt_is_none(text: str, mark: str | None, value: str | None) -> None:
    """What could be read two ways needs the document's own mark; codes, rates and dates are no amounts."""
    parsed = parse_amount(text, mark)  # type: ignore[arg-type] # parametrised as plain text
    assert parsed == (Decimal(value) if value else None)


def _row(*texts: str, gap: float = 4.0) -> list[Word]:
    words, left = [], 0.0
    for text in texts:
        words.append(Word(text, left, 0.0, left + 6 * len(text), 10.0))
        left += 6 * len(text) + gap
    return words


def test_signs_and_thousands_set_apart_belong_together() -> None:
    """A currency sign and a group of thousands are part of the amount beside them; a rate is not an amount."""
    amounts = amounts_in(_row("VAT", "21", "%", "€", "1", "234,50"), ",")
    assert [(amount.value, amount.symbol) for amount in amounts] == [(Decimal("1234.50"), "€")]


def test_columns_stay_apart() -> None:
    """A count far from a price is not its thousands."""
    assert [a.value for a in amounts_in(_row("2", "250,00", gap=40), ",")] == [Decimal(2), Decimal("250.00")]


def test_the_page_tells_its_mark() -> None:
    """Most prices decide; none decide nothing."""
    assert decimal_mark("5,39 3,89 1.000") == ","
    assert decimal_mark("no prices") is None
