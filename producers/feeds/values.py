"""Amounts, dates and currencies as formats of their own write them: implied decimals, ISO 8601, numeric codes."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

from iso4217 import Currency

from producers.feed_values import parse_date
from producers.feeds.record import BadRow, quoted
from schemas.currencies import minor_units, quantum

__all__ = ["counted", "currency_of", "day_of", "decimal_of", "number_of", "place_of", "scaled"]

# More whole digits than any ledger holds are another field in the amount's place.
_MOST_DIGITS: Final = 15
_MOST_EXPONENT: Final = 9
# What Decimal counts exactly with its usual precision.
_MOST_IN_A_NUMBER: Final = 28
_DECIMAL: Final = re.compile(r"([+-]?)(\d+)(?:[.,](\d+))?", re.ASCII)
# Card schemes put a web address, a telephone number or one of these where a merchant has no town.
_TOWN: Final = re.compile(r"[^\W\d_](?:[^\W_]|[ '\u2019-]|\. )*")
_NO_TOWN: Final = frozenset({"internet", "online", "unknown", "web"})
# What CLDR calls a region that is unknown.
_NOWHERE: Final = "ZZ"
_REGION: Final = re.compile(r"[A-Z]{2}")
_DAY: Final = {"%Y-%m-%d": re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), "": re.compile(r"\d{8}", re.ASCII)}


def number_of(text: str, name: str) -> int:
    """Return a field of digits alone as a number.

    Raises:
        BadRow: it is empty, holds anything else, or is longer than any number of a feed.

    """
    if not (text.isascii() and text.isdigit()):
        raise BadRow(name, "is not digits alone; correct it")
    if len(text.lstrip("0")) > _MOST_IN_A_NUMBER:
        raise BadRow(name, f"has more than {_MOST_IN_A_NUMBER} digits; is it another field?")
    return int(text)


def scaled(text: str, exponent: int, currency: str, name: str) -> Decimal:
    """Return an amount written as digits with `exponent` implied decimals, exact to the currency's minor unit.

    Raises:
        BadRow: no digits, too many, or a fraction that the currency does not have.

    """
    digits = number_of(text, name)
    if not 0 <= exponent <= _MOST_EXPONENT:
        raise BadRow(name, "has more implied decimals than any currency; correct it")
    return _exact(Decimal(digits).scaleb(-exponent), currency, name)


def counted(text: str, currency: str, name: str) -> Decimal:
    """Return an amount written as digits that count the currency's minor units (JPY 0 decimals, KWD 3).

    Raises:
        BadRow: no digits, too many, or no such currency.

    """
    digits = minor_units(currency)
    if digits is None:
        raise BadRow(name, f"is in {currency or 'no currency'}, whose decimals are unknown; correct the currency")
    return scaled(text, digits, currency, name)


def decimal_of(text: str, currency: str, name: str) -> Decimal:
    """Return an amount written with its decimals and no grouping: `-12.50`, `12,50`, `8.85000`.

    Raises:
        BadRow: it is missing, written otherwise, too long, or has a fraction that the currency does not have.

    """
    if not text.strip():
        raise BadRow(name, "is missing; correct it")
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        raise BadRow(name, "is no amount: digits, at most one decimal mark, no grouping; correct it")
    return _exact(Decimal(f"{found[1]}{found[2]}.{found[3] or 0}"), currency, name)


def _exact(amount: Decimal, currency: str, name: str) -> Decimal:
    if abs(amount) >= Decimal(10) ** _MOST_DIGITS:
        raise BadRow(name, f"has more than {_MOST_DIGITS} digits before the decimals; is it another field?")
    if minor_units(currency) is None:
        return amount
    rounded = amount.quantize(quantum(currency))
    if rounded != amount:
        raise BadRow(name, f"has a fraction that {currency} does not have; correct it")
    return rounded or abs(rounded)


def day_of(text: str, form: str, name: str) -> date:
    """Return the day of a date in a form of strptime; a time behind it is left out.

    Raises:
        BadRow: it is missing, not written so, or there is no such day.

    """
    if not text.strip():
        raise BadRow(name, "is missing; correct it")
    shape = _DAY.get(form, _DAY[""])
    start = shape.match(text.strip())
    day = parse_date(start[0], form) if start else None
    if day is None:
        raise BadRow(name, f"is no date written as {form}; correct it")
    return day


@cache
def _by_number() -> dict[int, str]:
    return {c.number: c.code for c in Currency if c.number is not None}


def currency_of(text: str, name: str) -> str:
    """Return the ISO 4217 code of a numeric one, leading zeros or not (`978`, `00978`); three letters stay.

    Raises:
        BadRow: no such currency.

    """
    code = text.strip().upper()
    if code.isascii() and code.isdigit():
        code = _by_number().get(int(code), "")
    if minor_units(code) is None:
        raise BadRow(name, f"{quoted(text.strip())} is no ISO 4217 currency; correct it")
    return code


def place_of(city: str, region: str, country: str) -> tuple[str, str]:
    """Return a merchant's locality and country (ISO 3166-1 alpha-2), both empty unless the feed names both.

    `country` is any of the three kinds of ISO 3166-1 codes, leading zeros or not; codes are those of Unicode CLDR. A
    region is kept where it is a code, as of a state. A place that is not clear is none: a wrong one would be judged.
    """
    town = " ".join(city.split())
    code = _alpha_2(country.strip().upper())
    if not code or not _TOWN.fullmatch(town) or town.casefold() in _NO_TOWN:
        return "", ""
    state = region.strip().upper()
    return (f"{town}, {state}" if _REGION.fullmatch(state) else town), code


@cache
def _alpha_2(code: str) -> str:
    from babel.core import get_global  # noqa: PLC0415 - it loads a file of its own, and few feeds name countries so

    if _REGION.fullmatch(code):
        return code
    asked = f"{int(code):03}" if code.isascii() and code.isdigit() else code
    named = (name for name in get_global("territory_aliases").get(asked, ()) if _REGION.fullmatch(name))
    return next((name for name in named if name != _NOWHERE), "")
