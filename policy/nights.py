"""How many nights a stay had, where the document says it."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from schemas.records import Facts, Line

__all__ = ["nights_of", "nights_on"]

# Longer stays are leases; a larger quantity is no count of nights.
_MOST: Final = 366
# Night in English, German, French, Spanish, Italian, Dutch, Portuguese and Malay.
_NIGHT: Final = (
    r"(?:room[- ]?)?nights?|n[aä]e?chte?|[uü]e?bernachtung(?:en)?|nuit(?:[ée]e)?s?|noches?|notte|notti"
    r"|pernottament[oi]|nacht(?:en)?|overnachting(?:en)?|noites?|pernoites?|malam"
)
_COUNTED: Final = re.compile(
    rf"(?<![\w.,])(\d{{1,3}})\s*(?:x\s*)?(?:{_NIGHT})\b|\b(?:{_NIGHT})\s*[x:]\s*(\d{{1,3}})\b", re.IGNORECASE
)
# A day as a folio prints it before each night; compared as text, so its order of day and month does not matter.
_MONTH: Final = (
    r"(?:jan|f[eé][bv]|m[aä]r|a[pvb]r|ma[yig]|mei|jun|juin|giu|jul|juil|lug|aug|ao[uû]|ago|se[pt]|o[ck]t|ott|out"
    r"|nov|d[eéi][cz])[^\W\d_]{0,6}"
)
_DAY: Final = re.compile(
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./-]\d{{1,2}}(?:[./-](?:\d{{4}}|\d{{2}}))?"
    rf"|\d{{1,2}}[. ]+{_MONTH}|{_MONTH}[. ]+\d{{1,2}})(?![\d%])",
    re.IGNORECASE,
)
# Lines of a hotel's bill that are no night: they come once per night or once per stay, as the hotel likes.
_NO_NIGHT: Final = re.compile(
    r"tax|levy|fee|vat|gst|mwst|tva|iva|btw|steuer|abgabe|geb[uü]hr|imposta|impuesto|imposto|tasa|belasting|cukai"
    r"|breakfast|fr[uü]hst[uü]ck|parking|deposit|discount|service",
    re.IGNORECASE,
)


def nights_of(facts: Facts, lines: Sequence[Line]) -> int | None:
    """Return how many nights a document speaks of, None where it does not say.

    `lines` are those of the stay. The service period goes first, then what a line says in words ("3 nights"), then
    the different days that its room lines are of, then their quantity. Too many would let a dear room pass, so a
    quantity counts only where a line is no tax and no fee, and different rooms of one night are one night.
    """
    if facts.service_start and facts.service_end:
        nights = (facts.service_end - facts.service_start).days
        if 1 <= nights <= _MOST:
            return nights
    if not lines:
        return None
    rooms = [line for line in lines if not _NO_NIGHT.search(line.description or "")]
    said = (int(hit[1] or hit[2]) for line in lines for hit in _COUNTED.finditer(line.description or ""))
    days = {day for line in rooms if (day := _day(line))}
    whole = (int(q) for line in rooms if (q := line.quantity) is not None and q == q.to_integral_value())
    return _count(said) or _count([len(days)]) or _count(whole)


def nights_on(facts: Facts, lines: Sequence[Line], nights: int | None) -> tuple[date, ...]:
    """Return the days that the nights of a stay began on, in order; empty where the document does not say which.

    A stay over a change of season has more than one rate, so these must be as many as `nights_of` counts.
    """
    start, end = facts.service_start, facts.service_end
    if start and end and (end - start).days == nights:
        return tuple(start + timedelta(days=number) for number in range(nights))
    rooms = {line.service_date for line in lines if line.service_date and not _NO_NIGHT.search(line.description or "")}
    return tuple(sorted(rooms)) if len(rooms) == nights else ()


def _day(line: Line) -> str:
    if line.service_date:
        return line.service_date.isoformat()
    hit = _DAY.match((line.description or "").lstrip())
    return hit[0] if hit else ""


def _count(counts: Iterable[int]) -> int | None:
    return max((count for count in counts if 1 <= count <= _MOST), default=None)
