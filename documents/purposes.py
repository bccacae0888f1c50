"""What a document of a kind means beyond its amounts: a statement is no claim, a bill names its meter or its parcel."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from documents.facts import Found
from documents.problems import Problem
from documents.references import find_labelled

if TYPE_CHECKING:
    from documents.facts import DocumentType, LineItem
    from documents.survey import Survey

_AUTHORITY = re.compile(
    r"\b(?:(?:City|County|Town|Township|Village|Borough|Parish|Municipality) +of +[A-Z][\w'.-]+(?: +[A-Z][\w'.-]+){0,2}"
    r"|[A-Z][\w'.-]+(?: +[A-Z][\w'.-]+)? +County"
    r"|(?:Stadt|Gemeinde|Commune de|Ville de|Ayuntamiento de|Comune di|Gemeente) +[A-ZÀ-Ý][\w'.-]+)"
)
"""How those who levy a property tax call themselves."""

_SURE: Final = 0.7


def find_site(survey: Survey, kind: Found[DocumentType] | None) -> Found[str] | None:
    """The property, site or parcel; on a utility bill that names none, the meter, which stands at one site."""
    site = find_labelled(survey, "property")
    if site is None and kind is not None and kind.value == "utility_bill":
        return find_labelled(survey, "meter")
    return site


def with_jurisdiction(
    survey: Survey, kind: Found[DocumentType] | None, lines: tuple[LineItem, ...]
) -> tuple[LineItem, ...]:
    """The lines of a property tax bill with the authority that levies them; other documents as they are."""
    if kind is None or kind.value != "property_tax_bill":
        return lines
    authority = _AUTHORITY.search(survey.sheet.text)
    if authority is None:
        return lines
    name = " ".join(authority.group().split())
    return tuple(line if line.tax_jurisdiction else replace(line, tax_jurisdiction=name) for line in lines)


def with_service_dates(survey: Survey, lines: tuple[LineItem, ...]) -> tuple[LineItem, ...]:
    """The lines with the day each was rendered on, where its row prints exactly one date that can mean one day only.

    Two dates on a row are a period or an order; one that stays open between day and month says nothing.
    """
    return tuple(line if line.service_date else _dated(survey, line) for line in lines)


def _dated(survey: Survey, line: LineItem) -> LineItem:
    place = line.place
    if place is None:
        return line
    spots = [
        spot
        for spot in survey.dates
        if survey.sheet.rows[spot.row].page == place.page
        and place.top <= (spot.words[0].top + spot.words[0].bottom) / 2 <= place.bottom
    ]
    day = spots[0].printed.under(survey.order) if len(spots) == 1 else None
    return replace(line, service_date=day) if day else line


def purpose_doubts(kind: Found[DocumentType] | None) -> tuple[Problem, ...]:
    """Why a person has to look whatever the amounts say: a statement's lines are invoices that come on their own."""
    if kind is None or kind.value != "statement" or kind.confidence < _SURE:
        return ()
    message = "a statement of account: its lines are invoices to match, not spend; reject it once they are all there"
    return (Problem("VENDOR_STATEMENT", message, "document_type"),)
