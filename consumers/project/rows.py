"""An expense as rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from consumers.project.standing import KEPT, Said, Standing
from schemas.records import Decision

__all__ = ["Row", "dead_letter_rows", "expense_row", "line_rows", "problem_rows", "review_rows"]

Row = dict[str, Any]

_SEVERITY = ("PASS", "WARN", "REVIEW_REQUIRED", "FAIL")
# The columns of `EXPENSES`: what a standing keeps, with what is made of its last words before its last two.
_OWN = len(KEPT) - 2
_FACTS = ("kind", "vendor_name", "invoice_number", "invoice_date", "currency", "total")
_MADE = ((3, "invoice_date"), (5, "total"), (7, "reporting_total"))


def expense_row(standing: Standing, said: Said, convert: Mapping[str, Callable[[Any], Any]]) -> tuple[Any, ...]:
    """Return the row of `EXPENSES`, each value the driver's own; `convert` makes them of amounts and days."""
    says, own = said.says, standing.columns()
    facts, conversion, vendor = says["facts"], says["conversion"], says["vendor"]
    made: list[Any] = [None] * 6 if facts is None else [getattr(facts, name) for name in _FACTS]
    if vendor is not None:
        made[1] = vendor.name
    made += (None, None) if conversion is None else (conversion.currency, conversion.total)
    made += says["outcome"], _why(said)
    for place, name in _MADE:
        if made[place] is not None and name in convert:
            made[place] = convert[name](made[place])
    return *own[:_OWN], *made, *own[_OWN:]


def line_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `LINES`."""
    categories = {match.line: match for match in said.says["categories"]}
    codings = {coding.line: coding for coding in said.says["codings"]}
    worst = _worst(said)
    conversion = said.says["conversion"]
    converted = conversion.line_amounts if conversion else ()
    for index, line in enumerate(said.says["lines"]):
        category, coding, decision = categories.get(line.number), codings.get(line.number), worst.get(line.number)
        yield {
            "expense_id": said.expense_id,
            "number": line.number,
            "description": line.description,
            "amount": line.amount,
            "reporting_amount": converted[index] if index < len(converted) else None,
            "category": category.category if category else None,
            "gl_code": coding.gl_code if coding else None,
            "recovery_status": coding.recovery_status if coding else None,
            "outcome": decision.outcome if decision else None,
            "rule_id": decision.rule_id if decision else None,
            "violation_code": decision.violation_code if decision else None,
        }


def problem_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `PROBLEMS`."""
    for number, problem in enumerate(said.says["problems"], 1):
        yield {
            "expense_id": said.expense_id,
            "number": number,
            "code": problem.code,
            "message": problem.message,
            "field": problem.field,
            "line": problem.line,
            "stage": problem.stage,
        }


def review_rows(said: Said) -> Iterator[Row]:
    """Yield the row of `REVIEWS`, if the expense was ever held."""
    review = said.beside.review
    if review is None:
        return
    codes = [finding.code for finding in review.findings] + [problem.code for problem in said.says["problems"]]
    messages = [finding.message for finding in review.findings] + [problem.message for problem in said.says["problems"]]
    yield {
        "expense_id": said.expense_id,
        "tenant_id": said.tenant_id,
        "opened_at": review.opened_at,
        "codes": " ".join(dict.fromkeys(codes)),
        "why": " ".join(dict.fromkeys(messages)),
        "closed_at": review.closed_at,
        "action": review.action,
        "actor": review.actor,
        "reason": review.reason,
    }


def dead_letter_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `DEAD_LETTERS`."""
    for number, letter in enumerate(said.beside.dead_letters, 1):
        yield {
            "expense_id": said.expense_id,
            "number": number,
            "tenant_id": said.tenant_id,
            "stage": letter.stage,
            "source": letter.source,
            "cause_id": letter.cause_id,
            "reason": letter.reason,
            "recorded_at": letter.recorded_at,
            "settled": letter.settled,
        }


def _worst(said: Said) -> dict[int, Decision]:
    worst: dict[int, Decision] = {}
    for decision in said.says["decisions"]:
        known = worst.get(decision.line)
        if known is None or _rank(decision) > _rank(known):
            worst[decision.line] = decision
    return worst


def _rank(decision: Decision) -> int:
    return _SEVERITY.index(decision.outcome) if decision.outcome in _SEVERITY else len(_SEVERITY)


def _why(said: Said) -> str | None:
    """Return in one line why the expense stands where it does: the person's reason, else codes, else nothing."""
    if said.says["reason"]:
        return str(said.says["reason"])
    if said.beside.review and said.beside.review.closed_at is None:
        codes = [finding.code for finding in said.beside.review.findings]
    else:
        codes = [finding.code for finding in said.says["findings"] if finding.blocking]
        codes += [problem.code for problem in said.says["problems"]]
    codes += [letter.reason for letter in said.beside.dead_letters if not letter.settled]
    return " ".join(dict.fromkeys(codes)) or None
