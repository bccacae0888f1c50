"""Which of the dates on a document is the invoice date, which the due date, which a service period."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from documents.facts import Found
from documents.layout import BELOW_ROWS
from documents.problems import Problem
from documents.survey import contradicted, witnessed

if TYPE_CHECKING:
    from datetime import date

    from documents.facts import Place
    from documents.survey import DateSpot, Survey

_ROLES: Final = frozenset({"invoice_date", "due_date", "other_date", "period", "period_start", "period_end"})
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
_LABELLED: Final = {3: 0.97, 2: 0.94}
_PLAINEST: Final = 3
_ONLY_DATE: Final = 0.88
_ONE_OF_SEVERAL: Final = 0.6
_BY_LOCALITY: Final = 0.97


@dataclass(frozen=True, slots=True)
class Moments:
    """Dates found; `problems` names those whose day and month stay open."""

    invoice_date: Found[date] | None
    due_date: Found[date] | None
    service_period: Found[tuple[date, date]] | None
    problems: tuple[Problem, ...]


def find_dates(survey: Survey) -> Moments:
    """Decide by label first, then by being the only date, then by standing beside a clock time."""
    roles = [_role(survey, spot) for spot in survey.dates]
    period = _period(survey, roles)
    invoice = _invoice_date(survey, roles)
    due = next((spot for spot, (role, _) in zip(survey.dates, roles, strict=True) if role == "due_date"), None)
    problems = [
        Problem("AMBIGUOUS_DATE", f"{spot.printed.text} can be read two ways and nothing tells which", field)
        for field, spot in (("invoice_date", invoice[0] if invoice else None), ("due_date", due))
        if spot and spot.printed.under(survey.order) is None
    ]
    if invoice and witnessed(invoice[0].words) < 0:
        problems.append(contradicted(invoice[0].printed.text, "invoice_date"))
    return Moments(
        _found(survey, invoice[0], invoice[1]) if invoice else None,
        _found(survey, due, _LABELLED[3]) if due else None,
        period,
        tuple(problems),
    )


def _found(survey: Survey, spot: DateSpot, confidence: float) -> Found[date] | None:
    day = spot.printed.under(survey.order)
    if day is None:
        return None
    if spot.printed.is_open and not survey.order_proved:
        confidence *= _BY_LOCALITY
    return Found(day, confidence * survey.trust_in(spot.words), survey.place(spot.row, spot.words))


def _invoice_date(survey: Survey, roles: list[tuple[str | None, int]]) -> tuple[DateSpot, float] | None:
    """The best date that is not labelled as another one."""
    free = [
        (weight if role == "invoice_date" else 0, spot)
        for spot, (role, weight) in zip(survey.dates, roles, strict=True)
        if role in {None, "invoice_date"}
    ]
    if not free:
        return None
    weight = max(weight for weight, _ in free)
    best = [spot for each, spot in free if each == weight]
    if weight >= 2:  # noqa: PLR2004 - labelled
        meanings = {spot.printed.under(survey.order) for spot in best}
        return best[0], _LABELLED[weight] if len(meanings) == 1 else _LABELLED[weight] - 0.08
    timed = [spot for spot in best if _CLOCK.search(survey.sheet.rows[spot.row].text)]
    meanings = {spot.printed.under(survey.order) for spot in best}
    if len(meanings) == 1:
        return best[0], _ONLY_DATE + 0.04 * bool(timed)
    clear = {spot.printed.under(survey.order) for spot in timed}
    return (timed or best)[0], _ONLY_DATE if len(clear) == 1 else _ONE_OF_SEVERAL


def _role(survey: Survey, spot: DateSpot) -> tuple[str | None, int]:
    """Role and weight of the label that announces a date: the nearest to its left, else the nearest above it."""
    row = survey.sheet.rows[spot.row]
    first = row.words.index(spot.words[0])
    left = [
        hit
        for hit in survey.hits_on(spot.row)
        if hit.label.role in _ROLES and hit.last < first and not _date_between(survey, spot, hit.last, first)
    ]
    if left:
        nearest = max(hit.last for hit in left)
        best = max((hit for hit in left if hit.last == nearest), key=lambda hit: hit.label.weight)
        if best.label.role == "invoice_date" and any(
            hit.label.role == "invoice_number" and hit.last < nearest for hit in survey.hits_on(spot.row)
        ):
            return best.label.role, _PLAINEST  # "Rechnung Nr. 12 vom 2.7.2015": this date is the invoice's
        return best.label.role, best.label.weight
    if any(hit.label.role == "invoice_number" and hit.last < first for hit in survey.hits_on(spot.row)):
        return "invoice_date", 2  # "Invoice 123 of 2 July 2015"
    return _role_above(survey, spot, survey.place(spot.row, spot.words))


def _date_between(survey: Survey, spot: DateSpot, after: int, before: int) -> bool:
    words = survey.sheet.rows[spot.row].words
    return any(
        other is not spot and after < words.index(other.words[0]) < before for other in survey.dates_by_row[spot.row]
    )


def _role_above(survey: Survey, spot: DateSpot, box: Place) -> tuple[str | None, int]:
    height = survey.sheet.rows[spot.row].height
    for index in range(spot.row - 1, -1, -1):
        row = survey.sheet.rows[index]
        if row.page != box.page or box.top - row.bottom > BELOW_ROWS * height:
            break
        over = [
            hit
            for hit in survey.hits_on(index)
            if hit.label.role in _ROLES
            and survey.sheet.box_of(hit).x0 < box.x1 + height
            and survey.sheet.box_of(hit).x1 > box.x0 - height
            and not any(other.row == index for other in survey.dates)
        ]
        if over:
            best = max(over, key=lambda hit: hit.label.weight)
            return best.label.role, best.label.weight
    return None, 0


def _period(survey: Survey, roles: list[tuple[str | None, int]]) -> Found[tuple[date, date]] | None:
    """Two dates on one row after a label of a period, else one labelled as its first day and one as its last."""
    named = {role: spot for spot, (role, _) in reversed(list(zip(survey.dates, roles, strict=True)))}
    spots = [spot for spot, (role, _) in zip(survey.dates, roles, strict=True) if role == "period"]
    pairs = [
        (spot, later)
        for spot in spots
        for later in survey.dates
        if later.row == spot.row and later.printed.start > spot.printed.start
    ]
    if "period_start" in named and "period_end" in named:
        pairs.append((named["period_start"], named["period_end"]))
    for first, last in pairs:
        begin, end = first.printed.under(survey.order), last.printed.under(survey.order)
        if begin and end and begin <= end:
            trust = survey.trust_in((*first.words, *last.words))
            return Found((begin, end), 0.9 * trust, survey.place(first.row, first.words))
    return None
