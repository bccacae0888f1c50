"""Subtotal, tax, tip and total: candidates by label, chosen by which of them add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Final

from documents.announced import NONE, Labelled, labelled_amounts
from documents.facts import Found
from documents.layout import place_of
from documents.problems import Problem
from documents.survey import contradicted, witnessed
from documents.taxes import Shares, find_rates, find_shares, of_each_rate, rounded_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.facts import LineItem
    from documents.survey import Survey

_CENT: Final = Decimal("0.01")
ROUNDING: Final = Decimal("0.05")
"""Cash totals are rounded to five cents where one-cent coins are gone."""

_BESIDE: Final = ("rounding", "tip", "charge", "discount")
"""Roles of sums that stand between a net with its tax and the total."""

_CONTESTED: Final = 0.22
_OUTGROWN: Final = 0.5
_CONTRADICTED: Final = 0.5
_UNPROVED_SCAN: Final = 0.75
"""One misread digit looks like any other; without a second figure that agrees, a scanned total is for a person."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the document says it adds up to."""

    subtotal: Found[Decimal] | None = None
    tax: Found[Decimal] | None = None
    tip: Found[Decimal] | None = None
    total: Found[Decimal] | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Candidate:
    """A possible total with what speaks for it."""

    value: Decimal
    labelled: Labelled
    score: float
    proofs: set[str] = field(default_factory=set)
    parts: tuple[Labelled, Labelled] | None = None
    shares: Shares | None = None


def find_sums(survey: Survey, lines: Sequence[LineItem]) -> Sums:
    """Choose the total with the most support, then the subtotal and tax that belong to it."""
    labelled = labelled_amounts(survey)
    candidates = _candidates(survey, labelled, lines)
    if not candidates:
        return Sums()
    best = max(candidates, key=lambda each: (each.score, each.labelled.row))
    confidence = _confidence(survey, best, contested=_is_contested(best, candidates))
    if not best.proofs and _is_outgrown(best, labelled):
        confidence = min(confidence, _OUTGROWN)
    tip = _best(labelled, "tip", lambda value: value < best.value)
    subtotal, tax = _parts(survey, best, labelled)
    contradiction = (*_contradiction(best, subtotal, tax), *_rounding(survey, best))
    if contradiction:
        confidence = min(confidence, _CONTRADICTED)
    unlike = not best.proofs and witnessed(best.labelled.amount.words) < 0
    doubt = (contradicted(best.value, "total"),) if unlike else ()
    return Sums(
        subtotal=_found(survey, subtotal, confidence if best.parts else 0.7),
        tax=_found(survey, tax, confidence if best.parts or best.shares else 0.7),
        tip=_found(survey, tip, 0.9) if tip and tip.value else None,
        total=Found(
            best.value, confidence, place_of(survey.sheet.rows[best.labelled.row].page, best.labelled.amount.words)
        ),
        problems=(*contradiction, *doubt),
    )


def _candidates(survey: Survey, labelled: list[Labelled], lines: Sequence[LineItem]) -> list[_Candidate]:
    counts = Counter(amount.value for row in survey.amounts for amount in row if amount.is_money)
    by_role: dict[str, list[Labelled]] = {}
    for each in labelled:
        by_role.setdefault(each.role, []).append(each)
    rows = max(len(survey.sheet.rows), 1)
    found: list[_Candidate] = []
    returned = any(each.value for each in by_role.get("change", []))
    announced = (*by_role.get("total", []), *by_role.get("gross", []), *([] if returned else by_role.get("cash", [])))
    for each in announced or by_role.get("subtotal", []):
        if survey.cents and not each.amount.decimals:
            continue  # on a page with cents, a whole number is a count
        weight = {"gross": 1.2, "cash": 0.6, "subtotal": 0.5}.get(each.role, each.weight)
        score = weight + 0.6 * each.row / rows + 0.25 * min(counts[each.value] - 1, 3) - 3 * (each.value == 0)
        candidate = _Candidate(each.value, each, score)
        _prove(survey, candidate, by_role, lines)
        candidate.score += 1.3 * len(candidate.proofs)
        found.append(candidate)
    found = _before_prepayment(_of_all_rates(found, by_role), by_role)
    payable = [each for each in found if "rounded" in each.proofs]
    return payable or found  # what stood before rounding is not what is paid


def _of_all_rates(found: list[_Candidate], by_role: dict[str, list[Labelled]]) -> list[_Candidate]:
    """Without the totals of single rates, where another candidate is what they come to together."""
    if not any("rates" in each.proofs for each in found):
        return found
    single = {each.value for each in by_role.get("gross", [])}
    return [each for each in found if "rates" in each.proofs or each.value not in single]


def _before_prepayment(found: list[_Candidate], by_role: dict[str, list[Labelled]]) -> list[_Candidate]:
    """Without what is only left to pay: a total less what was paid before is no total, however it is labelled.

    Nor is a total with what earlier documents left unpaid: those came on their own.
    """
    paid = {each.value for each in by_role.get("prepaid", []) if each.value > 0}
    rests = {each.value - part for each in found for part in paid if each.proofs and each.value > part}
    unpaid = {each.value for each in by_role.get("unpaid", []) if each.value > 0}
    rests |= {each.value + part for each in found for part in unpaid if each.proofs}
    whole = [each for each in found if each.value not in rests]
    return whole or found


def _prove(
    survey: Survey, candidate: _Candidate, by_role: dict[str, list[Labelled]], lines: Sequence[LineItem]
) -> None:
    """Note each independent sum on the document that gives the candidate's value."""
    total = candidate.value
    candidate.parts = _net_and_tax(total, by_role) or _triple_of(total, by_role)
    rates = find_rates(survey, total, by_role)
    if rates:
        candidate.proofs.add("rates")
    elif not candidate.parts:
        candidate.shares = find_shares(survey, candidate.labelled, by_role, _sum_of(lines), _gaps(by_role))
    if candidate.parts or candidate.shares:
        candidate.proofs.add("net and tax")
    candidate.shares = candidate.shares or (None if candidate.parts else rates)
    if candidate.shares and candidate.shares.net:
        candidate.parts = candidate.shares.net, candidate.shares.tax
    rounded = [each.value for each in by_role.get("rounding", []) if NONE < abs(each.value) < ROUNDING]
    # What is payable stands below what is rounded; the sign of the step is the first thing a scan loses.
    above = candidate.labelled.row
    before = {each.value for each in by_role.get("total", []) if each.row < above} - {total} if rounded else set()
    if any(total in {other + step, other - step} for other in before for step in rounded):
        candidate.proofs.add("rounded")
    cash = [each.value for each in by_role.get("cash", [])]
    change = [each.value for each in by_role.get("change", []) if each.value]
    if any(abs(paid - back - total) <= _CENT for paid in cash for back in change):
        candidate.proofs.add("change")
    elif total in cash and candidate.labelled.role == "total":
        candidate.proofs.add("paid")
    if _lines_make(total, by_role, lines, net_counts=bool(candidate.parts)):
        candidate.proofs.add("lines")


def _net_and_tax(total: Decimal, by_role: dict[str, list[Labelled]]) -> tuple[Labelled, Labelled] | None:
    """Subtotal and tax that make the total; failing these, with what is printed beside them (tip, charges)."""
    gaps = _gaps(by_role)
    pairs = [
        (net, tax, total - net.value - tax.value)
        for net in by_role.get("subtotal", [])
        for tax in by_role.get("tax", [])
        if NONE < abs(tax.value) < abs(net.value) and tax.value * net.value > 0
    ]
    exact = ((net, tax) for net, tax, gap in pairs if abs(gap) <= _CENT)
    return next(exact, None) or next(((net, tax) for net, tax, gap in pairs if gap in gaps), None)


def _gaps(by_role: dict[str, list[Labelled]]) -> frozenset[Decimal]:
    """What may be left between a net with its tax and the total: nothing, one sum beside them, or two of two kinds.

    Their sign is often lost, and a page may state a sum that is already in its net.
    """
    kinds = [
        {signed for each in by_role.get(role, []) if each.amount.is_money for signed in (each.value, -each.value)}
        for role in _BESIDE
    ]
    pairs = {one + other for first, second in combinations(kinds, 2) for one in first for other in second}
    return frozenset({NONE}.union(*kinds, pairs))


def _sum_of(lines: Sequence[LineItem]) -> Decimal:
    return sum((line.amount for line in lines if line.amount is not None), NONE)


def _triple_of(total: Decimal, by_role: dict[str, list[Labelled]]) -> tuple[Labelled, Labelled] | None:
    """Net and tax of a row whose gross is the total."""
    rows = zip(by_role.get("net", []), by_role.get("vat", []), by_role.get("gross", []), strict=True)
    return next(((net, tax) for net, tax, gross in rows if gross.value == total), None)


def _lines_make(
    total: Decimal, by_role: dict[str, list[Labelled]], lines: Sequence[LineItem], *, net_counts: bool
) -> bool:
    """Whether the line items add up to the total, or to a subtotal that is known to be part of it."""
    summed = _sum_of(lines)
    if not summed:
        return False
    nets = [net.value for net in by_role.get("subtotal", [])] if net_counts else []
    added = [
        each.value for role in ("tax", "tip", "charge", "allowances") for each in by_role.get(role, []) if each.value
    ]
    extras = [*added, *(sum(pair) for pair in combinations(added, 2))]
    if any(abs(summed + extra - total) <= _CENT for extra in extras):
        return True
    near = ROUNDING if by_role.get("rounding") else _CENT
    return abs(summed - total) <= near or any(abs(summed - net) <= _CENT for net in nets)


def _is_contested(best: _Candidate, candidates: list[_Candidate]) -> bool:
    """Whether another sum is announced as plainly as the one chosen, and is not a part of it."""
    part = best.parts[0].value if best.parts else None
    # where totals of rates make the total, each of them is a part of it
    rates = {each.value for each in candidates if each.labelled.role == "gross"} if "rates" in best.proofs else set()
    parts = {best.value, part} | rates
    others = [each for each in candidates if each.value not in parts and each.labelled.role == "total"]
    if "rounded" in best.proofs:
        return False
    return any(
        each.labelled.weight >= best.labelled.weight and each.labelled.amount.is_money and each.value for each in others
    )


def _is_outgrown(best: _Candidate, labelled: list[Labelled]) -> bool:
    """Whether a plainly labelled part is larger than the total, and no discount says why."""
    if any(each.role in {"discount", "prepaid"} for each in labelled):
        return False
    parts = [each.value for each in labelled if each.role == "subtotal" and each.weight > 2]  # noqa: PLR2004 - plainly
    return any(NONE < best.value < part - ROUNDING for part in parts)


def _confidence(survey: Survey, best: _Candidate, *, contested: bool) -> float:
    base = {"total": {3: 0.92, 2: 0.86}.get(round(best.labelled.weight), 0.75)}.get(best.labelled.role, 0.6)
    if best.proofs:
        return min(0.99, 0.96 + 0.01 * len(best.proofs)) - (_CONTESTED if contested else 0.0)
    words = best.labelled.amount.words
    if survey.scanned and witnessed(words) < 1:
        base = min(base, _UNPROVED_SCAN)
    return (base - (_CONTESTED if contested else 0.0)) * survey.trust_in(words)


def _parts(survey: Survey, best: _Candidate, labelled: list[Labelled]) -> tuple[Labelled | None, Labelled | None]:
    if best.parts:
        return best.parts
    total = best.value
    subtotal = _best(labelled, "subtotal", lambda value: abs(value) <= abs(total) + ROUNDING)
    tax = best.shares.tax if best.shares else of_each_rate(survey, labelled, total)
    return subtotal, tax or _best(labelled, "tax", lambda value: abs(value) < abs(total) / 2)


def _best(labelled: list[Labelled], role: str, fits: object) -> Labelled | None:
    own = [
        each for each in labelled if each.role == role and each.amount.is_money and callable(fits) and fits(each.value)
    ]
    return max(own, key=lambda each: (each.weight, each.row), default=None)


def _found(survey: Survey, labelled: Labelled | None, confidence: float) -> Found[Decimal] | None:
    if labelled is None:
        return None
    place = place_of(survey.sheet.rows[labelled.row].page, labelled.amount.words)
    return Found(labelled.value, confidence * survey.trust(labelled.amount.confidence), place)


def _contradiction(best: _Candidate, subtotal: Labelled | None, tax: Labelled | None) -> tuple[Problem, ...]:
    """Net, tax and total that do not fit each other, tax included in the total or not."""
    if best.proofs or subtotal is None or tax is None:
        return ()
    total = best.value
    included = abs(subtotal.value - total) <= ROUNDING
    if included or abs(subtotal.value + tax.value - total) <= ROUNDING:
        return ()
    message = f"subtotal {subtotal.value} and tax {tax.value} do not add up to the total {total}"
    return (Problem("ARITHMETIC", message, "total"),)


def _rounding(survey: Survey, best: _Candidate) -> tuple[Problem, ...]:
    """The doubt that taxes rounded row by row make another total than their rate does; which is owed, a person says."""
    told = rounded_apart(survey, best.shares) if best.shares else None
    if told is None:
        return ()
    return (Problem("ARITHMETIC", f"the tax is rounded row by row: {told}; total {best.value} is as printed", "total"),)
