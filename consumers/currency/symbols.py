"""From what a document prints to an ISO 4217 code, or to the honest list of what it may be."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from babel.numbers import get_territory_currencies

from schemas.currencies import MINOR_UNITS

__all__ = ["candidates", "resolve_currency"]

# Printed mark, upper case without spaces, to every currency in use that is written so (Unicode CLDR narrow symbols
# and each central bank's own style). The pound is GBP: the other pounds are at par with it (FKP, GIP, SHP) or are
# printed with a letter of their own (E£, L£).
_MARKS: Final[dict[str, tuple[str, ...]]] = {
    "€": ("EUR",),
    "EURO": ("EUR",),
    "£": ("GBP",),
    "$": (
        *("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "COP", "ARS", "UYU", "DOP", "JMD", "TTD"),
        *("BBD", "BSD", "BMD", "BZD", "BND", "FJD", "GYD", "KYD", "LRD", "NAD", "SBD", "SRD", "XCD"),
    ),
    "US$": ("USD",),
    "C$": ("CAD", "NIO"),
    "CA$": ("CAD",),
    "CAD$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "S$": ("SGD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "KR": ("SEK", "NOK", "DKK", "ISK"),
    "KR.": ("DKK", "SEK", "NOK", "ISK"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY", "TWD"),
    "RMB": ("CNY",),
    "CN¥": ("CNY",),
    "JP¥": ("JPY",),
    "₩": ("KRW",),
    "₹": ("INR",),
    "RS": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "RS.": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "RM": ("MYR",),
    "RP": ("IDR",),
    "฿": ("THB",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "₺": ("TRY",),
    "₪": ("ILS",),
    "₽": ("RUB",),
    "₴": ("UAH",),
    "ZŁ": ("PLN",),
    "KČ": ("CZK",),
    "FT": ("HUF",),
    "LEI": ("RON", "MDL"),
    "FR": ("CHF",),
    "FR.": ("CHF",),
    "SFR": ("CHF",),
    "SFR.": ("CHF",),
    "ЛВ": ("BGN",),
    "ЛВ.": ("BGN",),
    "DHS": ("AED",),
}


def candidates(printed: str) -> tuple[str, ...]:
    """Return the codes a printed currency may mean: one for a code, several for `$`, none if unknown."""
    mark = "".join(printed.split()).upper()
    return (mark,) if mark in MINOR_UNITS else _MARKS.get(mark, ())


@lru_cache(maxsize=4096)
def _currencies_of(territory: str, day: date) -> frozenset[str]:
    return frozenset(get_territory_currencies(territory, day, day))


def resolve_currency(printed: str, *, territories: Iterable[str] = (), day: date) -> tuple[str, ...]:
    """Return what a printed currency may mean once the territories involved have spoken.

    `territories` are ISO 3166-1 alpha-2 codes standing as evidence: the seller's country, the country of spend. One
    code in the answer settles it; several mean the document does not say which, and the caller must not pick one;
    none means nobody knows such a currency.
    """
    possible = candidates(printed)
    if len(possible) <= 1:
        return possible
    legal = frozenset[str]().union(*(_currencies_of(territory.upper(), day) for territory in territories))
    supported = tuple(code for code in possible if code in legal)
    return supported or possible
