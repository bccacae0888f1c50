"""`understand`: a reading's words become fields, lines and doubts. Fast, pure, and repeatable without the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from documents import currencies, moments, parties, references, sums, table, titles
from documents.einvoice import read_einvoice
from documents.facts import Facts, Found
from documents.numerals import amounts_in
from documents.problems import UNUSABLE, Problem
from documents.survey import survey
from documents.xmltree import parse_xml

if TYPE_CHECKING:
    from decimal import Decimal

    from documents.facts import LineItem, Place
    from documents.reading import Reading
    from documents.survey import Survey

KEY_FIELDS: Final = ("total", "invoice_date", "vendor_name", "currency")
"""Without these nothing can be judged or posted; each missing or doubtful one needs a person."""

THRESHOLD: Final = 0.8
"""Default confidence from which a key field needs no person."""

_LINES_AGREE: Final = 0.95
_LINES_ALONE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Understanding:
    """The facts of one document, and whether it can go on without a person at the threshold used."""

    facts: Facts
    accepted: bool


def understand(reading: Reading, threshold: float = THRESHOLD) -> Understanding:
    """Say what a reading means. Embedded data wins over the page; what the page contradicts becomes a problem."""
    if any(problem.code in UNUSABLE for problem in reading.problems):
        return Understanding(Facts(problems=reading.problems), accepted=False)
    facts = _from_xml(reading) if reading.xml else _from_page(survey(reading))
    problems = (*reading.problems, *facts.problems, *_doubts(facts, threshold))
    facts = replace(facts, problems=tuple(dict.fromkeys(problems)))
    return Understanding(facts, accepted=not problems)


def _from_xml(reading: Reading) -> Facts:
    facts = read_einvoice(parse_xml((reading.xml or "").encode()))
    words = [word for page in reading.pages for word in page.words]
    if facts.total is None or len(words) < 20:  # noqa: PLR2004 - a page that shows no invoice cannot contradict one
        return facts
    seen = survey(reading)
    # Either mark, because one page rarely holds enough to tell a thousand from a fraction.
    printed = {amount.value for row in seen.sheet.rows for mark in (".", ",") for amount in amounts_in(row.words, mark)}
    if abs(facts.total) in {abs(value) for value in printed}:
        return facts
    message = f"the embedded data says {facts.total}, no such amount is on the page"
    return replace(facts, problems=(*facts.problems, Problem("PAGE_DISAGREES", message, "total")))


def _from_page(seen: Survey) -> Facts:
    lines = table.find_lines(seen)
    found = sums.find_sums(seen, lines)
    dates = moments.find_dates(seen)
    people = parties.find_parties(seen)
    kind, is_order = titles.find_type(seen)
    values: dict[str, Found[Any] | None] = {
        "vendor_name": people.vendor_name,
        "vendor_address": people.vendor_address,
        "vendor_tax_id": references.find_tax_id(seen),
        "vendor_iban": references.find_iban(seen),
        "buyer_name": people.buyer_name,
        "property_id": references.find_property(seen),
        "document_type": kind,
        "invoice_number": references.find_invoice_number(seen),
        "invoice_date": dates.invoice_date,
        "due_date": dates.due_date,
        "service_period": dates.service_period,
        "currency": currencies.find_currency(seen),
        "subtotal": found.subtotal,
        "tax": found.tax,
        "tip": found.tip,
        "total": found.total,
    }
    problems = (*dates.problems, *found.problems)
    if is_order:
        problems = (*problems, Problem("NOT_AN_INVOICE", "the title says order or quotation; send the invoice itself"))
    confidence = {name: each.confidence for name, each in values.items() if each}
    places: dict[str, Place] = {name: each.place for name, each in values.items() if each and each.place}
    if lines:
        confidence["line_items"] = _LINES_AGREE if _lines_agree(lines, found) else _LINES_ALONE
    plain = {name: each.value if each else None for name, each in values.items()}
    return Facts(**plain, line_items=lines, confidence=confidence, places=places, problems=problems)


def _lines_agree(lines: tuple[LineItem, ...], found: sums.Sums) -> bool:
    summed: Decimal = sum((line.amount for line in lines if line.amount is not None), start=sums.NONE)
    targets = [each.value for each in (found.total, found.subtotal) if each]
    return any(abs(summed - target) <= sums.ROUNDING for target in targets)


def _doubts(facts: Facts, threshold: float) -> list[Problem]:
    """What a person must settle: a key field missing, or read less surely than the threshold."""
    explained = {problem.field for problem in facts.problems}
    doubts: list[Problem] = []
    for name in KEY_FIELDS:
        sure = facts.confidence.get(name)
        if sure is None:
            if name not in explained:
                doubts.append(Problem("MISSING_FIELD", f"{name} was not found; enter it", name))
        elif sure < threshold:
            doubts.append(Problem("LOW_CONFIDENCE", f"{name} was read with confidence {sure:.2f}; check it", name))
    return doubts
