"""Which currency the amounts are in: a code, a sign that belongs to one currency, or a sign plus the country."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from babel.core import get_global

from documents.facts import Found

if TYPE_CHECKING:
    from documents.survey import Survey

_CURRENT: Final = frozenset(
    code
    for tenders in get_global("territory_currencies").values()
    for code, _, until, tender in tenders
    if until is None and tender
)
_FORMS: Final = frozenset({"BHD"})
"""Codes that are also legal forms of companies; they count only as the sign of an amount."""

_ANNOUNCED = re.compile(r"currenc|währung|waehrung|devise|monnaie|moneda|divisa|valuta|moeda|mata wang", re.IGNORECASE)
"""Words that announce a currency code on a row without amounts."""

_STATED = re.compile(
    rf"(?<!\w)(?:{_ANNOUNCED.pattern})\w*[ :.]+(?:code)?[ :.]*\(?([A-Z]{{3}})(?![A-Za-z])", re.IGNORECASE
)
"""A code behind such a word, which is the document's own statement; "Buchungswährung" states another one."""

_BY_STATEMENT: Final = 0.95
_CODE = re.compile(r"(?<!\w)([A-Z]{3})(?![A-Za-z])")
_SIGNS: Final[dict[str, str]] = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "฿": "THB", "us$": "USD", "a$": "AUD",
    "c$": "CAD", "s$": "SGD", "r$": "BRL", "hk$": "HKD", "nz$": "NZD", "rm": "MYR", "zł": "PLN", "kč": "CZK",
}  # fmt: skip
_SHARED: Final[dict[str, frozenset[str]]] = {
    "$": frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "BND"]),
    "rs": frozenset(["INR", "PKR", "LKR", "NPR", "MUR"]),
    "kr": frozenset(["SEK", "NOK", "DKK", "ISK"]),
    "¥": frozenset(["JPY", "CNY"]),
}
_NAMES: Final = (
    ("USD", re.compile(r"\bUS[- ]dollars?\b", re.IGNORECASE)),
    ("EUR", re.compile(r"\beuros?\b", re.IGNORECASE)),
    ("GBP", re.compile(r"\bpounds? sterling\b", re.IGNORECASE)),
    ("MYR", re.compile(r"\bringgit\b|\(RM\)|\bRM\b")),
    ("MAD", re.compile(r"\bdirhams?\b|\bDHS?\b")),
    ("CHF", re.compile(r"\bfrancs suisses\b|\bSFr\b")),
)


def find_currency(survey: Survey) -> Found[str] | None:
    """The currency with the strongest evidence; a bare "$" without a country is the least sure, not the default."""
    local = survey.locality.currency
    votes: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    stated: set[str] = set()
    for row, amounts in zip(survey.sheet.rows, survey.amounts, strict=True):
        for amount in amounts:
            sign = (amount.symbol or "").lower().rstrip(".")
            if sign in _SIGNS:
                votes[_SIGNS[sign]] += 2
            elif sign in _SHARED:
                shared[sign] += 1
            elif sign.upper() in _CURRENT:
                votes[sign.upper()] += 3
        stated.update(code for code in _STATED.findall(row.text) if code in _CURRENT - _FORMS)
        if amounts or _ANNOUNCED.search(row.text):
            votes.update(code for code in _CODE.findall(row.text) if code in _CURRENT - _FORMS)
    for code, name in _NAMES:
        votes[code] += 2 * len(name.findall(survey.sheet.text))
    if len(stated) == 1:
        return Found(stated.pop(), _BY_STATEMENT)
    return _decide(votes, shared, local)


def _decide(votes: Counter[str], shared: Counter[str], local: str | None) -> Found[str] | None:
    for sign, count in shared.items():
        if local in _SHARED[sign]:
            votes[str(local)] += 2 * count
    ranked = [(code, count) for code, count in votes.most_common(2) if count]
    if ranked:
        first, count = ranked[0]
        if len(ranked) == 1:
            return Found(first, 0.97)
        lead = 0.9 if first == local or count > 2 * ranked[1][1] else 0.65
        return Found(first, lead)
    if shared:
        sign = shared.most_common(1)[0][0]
        if local and sign == "$":
            return Found(local, 0.85)  # tills print "$" for the local unit
        return Found("USD", 0.6) if sign == "$" else None
    return Found(local, 0.88) if local else None
