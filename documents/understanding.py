"""`understand`: a reading's words become fields, lines and doubts. Fast, pure, and repeatable without the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from documents import agreement, currencies, moments, parties, penned, purposes, references, sums, table, titles
from documents.announced import NONE
from documents.assisted import assist
from documents.calibration import calibrated
from documents.einvoice import read_einvoice
from documents.facts import Facts, Found
from documents.problems import UNUSABLE, Problem
from documents.splitting import cut, loose_page
from documents.survey import survey
from documents.xmltree import parse_xml

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from documents.assistant import Assistant
    from documents.facts import LineItem, Place
    from documents.reading import Reading
    from documents.survey import Survey

KEY_FIELDS: Final = ("total", "invoice_date", "vendor_name", "currency")
"""Without these nothing can be judged or posted; each missing or doubtful one needs a person."""

THRESHOLD: Final = 0.85
"""Default confidence from which a key field needs no person: so many of what is said to be as sure are right."""

_SHOWS_AN_INVOICE: Final = 20
"""Words from which a page can contradict the data in it; a cover sheet cannot."""

_LINES_AGREE: Final = 0.95
_LINES_ALONE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Understanding:
    """The facts of one document, and whether it can go on without a person at the threshold used."""

    facts: Facts
    accepted: bool


def understand(
    reading: Reading,
    threshold: float = THRESHOLD,
    calibrate: Callable[[str, float], float] = calibrated,
    assistant: Assistant | None = None,
) -> Understanding:
    """Say what a reading means. Embedded data wins over the page; what the page contradicts becomes a problem.

    `calibrate` turns the score of a field into its probability; a measurement brings one of its own. `assistant` is
    asked about a page with a key field in doubt, and counts where the page's words support it.
    """
    nothing = not reading.pages and not reading.xml
    if nothing or any(problem.code in UNUSABLE for problem in reading.problems):
        return Understanding(Facts(problems=reading.problems), accepted=False)
    facts = scored(reading)
    if not reading.xml:  # what was stated as data is not read, so nothing about it is likely
        sure = {name: calibrate(name, score) for name, score in facts.confidence.items()}
        facts = replace(facts, confidence=sure)
        if assistant is not None and (doubts := _doubts(facts, threshold)):
            facts = assist(facts, reading, assistant, threshold, doubts[0].field)
    problems = (*reading.problems, *facts.problems, *_doubts(facts, threshold))
    facts = replace(facts, problems=tuple(dict.fromkeys(problems)))
    return Understanding(facts, accepted=not problems)


def scored(reading: Reading) -> Facts:
    """The facts with the bare scores of the rules that found them, as calibration and a second engine want them."""
    return _from_xml(reading) if reading.xml else _from_pages(reading)


def _from_xml(reading: Reading) -> Facts:
    facts = read_einvoice(parse_xml((reading.xml or "").encode()))
    if sum(len(page.words) for page in reading.pages) < _SHOWS_AN_INVOICE:
        return facts
    return replace(facts, problems=(*facts.problems, *agreement.disagreements(facts, survey(reading))))


def _from_pages(reading: Reading) -> Facts:
    seen = survey(reading)
    facts = _from_page(seen)
    told = _several(reading, seen) if len(reading.pages) > 1 else None
    return replace(facts, problems=(*facts.problems, Problem("SEVERAL_DOCUMENTS", told))) if told else facts


def _several(reading: Reading, seen: Survey) -> str | None:
    """Why pages that came as one document may be several, None where nothing says so."""
    parts = cut(reading, seen)
    if len(parts) > 1:
        spans = ", ".join(f"{part.pages[0].number} to {part.pages[-1].number}" for part in parts)
        return f"the file holds {len(parts)} documents (pages {spans}); send each as a file of its own"
    loose = loose_page(reading, seen)
    if loose is None:
        return None
    return (
        f"page {loose} shows another total than the pages before it, and no number of theirs; "
        "if it is a document of its own, send it as a file of its own"
    )


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
        "property_id": purposes.find_site(seen, kind),
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
    problems = (*dates.problems, *found.problems, *purposes.purpose_doubts(kind))
    places: dict[str, Place] = {name: each.place for name, each in values.items() if each and each.place}
    problems = (*problems, *penned.doubts(seen, {name: places[name] for name in KEY_FIELDS if name in places}))
    if is_order:
        problems = (*problems, Problem("NOT_AN_INVOICE", "the title says order or quotation; send the invoice itself"))
    confidence = {name: each.confidence for name, each in values.items() if each}
    if lines:
        confidence["line_items"] = _LINES_AGREE if _lines_agree(lines, found) else _LINES_ALONE
    plain = {name: each.value if each else None for name, each in values.items()}
    lines = purposes.with_service_dates(seen, purposes.with_jurisdiction(seen, kind, lines))
    return Facts(**plain, line_items=lines, confidence=confidence, places=places, problems=problems)


def _lines_agree(lines: tuple[LineItem, ...], found: sums.Sums) -> bool:
    summed: Decimal = sum((line.amount for line in lines if line.amount is not None), start=NONE)
    targets = [each.value for each in (found.total, found.subtotal) if each]
    return any(abs(summed - target) <= sums.ROUNDING for target in targets)


def _doubts(facts: Facts, threshold: float) -> list[Problem]:
    """What a person must settle: a key field missing, or read less surely than the threshold."""
    explained = {problem.field for problem in facts.problems}
    contradicted = {problem.field for problem in facts.problems if problem.code == "LOW_CONFIDENCE"}
    doubts: list[Problem] = []
    for name in KEY_FIELDS:
        sure = facts.confidence.get(name)
        if sure is None:
            if name not in explained:
                doubts.append(Problem("MISSING_FIELD", f"{name} was not found; enter it", name))
        elif sure < threshold and name not in contradicted:
            doubts.append(Problem("LOW_CONFIDENCE", f"{name} was read with confidence {sure:.2f}; check it", name))
    return doubts
