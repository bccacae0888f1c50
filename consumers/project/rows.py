"""An expense as rows."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from consumers.project.standing import KEPT, Said, Standing
from schemas.records import Conversion, Decision, Facts, VendorMatch

__all__ = ["Row", "dead_letter_rows", "expense_row", "line_rows", "problem_rows", "review_rows"]

Row = tuple[Any, ...]

_SEVERITY = ("PASS", "WARN", "REVIEW_REQUIRED", "FAIL")
# The columns of `EXPENSES`: those a standing keeps but for two, those made of facts, seller and conversion, and four.
_OWN = len(KEPT) - 2
_REST = 4
_FACTS = ("kind", "vendor_name", "invoice_number", "invoice_date", "currency", "total")
_FACTS_OF = attrgetter(*_FACTS)


def expense_row(standing: Standing, convert: Callable[[Row], Row]) -> Row:
    """Return the row of `EXPENSES`, each value the driver's own; `convert` makes them of days and amounts."""
    says, own = standing.says, standing.columns()
    made = says["facts"], says["vendor"], says["conversion"]
    known = standing.made
    if known is None or any(one is not other for one, other in zip(made, known[0], strict=True)):
        whole = convert((*[None] * _OWN, *_made(*made), *[None] * _REST))
        known = standing.made = made, whole[_OWN:-_REST]
    return *own[:_OWN], *known[1], says["outcome"], _why(standing.said()), *own[_OWN:]


def _made(facts: Facts | None, vendor: VendorMatch | None, conversion: Conversion | None) -> Row:
    read = (None,) * len(_FACTS) if facts is None else _FACTS_OF(facts)
    kind, seller, *rest = read
    converted = (None, None) if conversion is None else (conversion.currency, conversion.total)
    return kind, seller if vendor is None else vendor.name, *rest, *converted


def line_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `LINES`."""
    categories = {match.line: match for match in said.says["categories"]}
    codings = {coding.line: coding for coding in said.says["codings"]}
    worst = _worst(said)
    conversion = said.says["conversion"]
    converted = conversion.line_amounts if conversion else ()
    for index, line in enumerate(said.says["lines"]):
        category, coding, decision = categories.get(line.number), codings.get(line.number), worst.get(line.number)
        yield (
            said.number,
            line.number,
            line.description,
            line.amount,
            converted[index] if index < len(converted) else None,
            category.category if category else None,
            coding.gl_code if coding else None,
            coding.recovery_status if coding else None,
            decision.outcome if decision else None,
            decision.rule_id if decision else None,
            decision.violation_code if decision else None,
        )


def problem_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `PROBLEMS`."""
    for number, problem in enumerate(said.says["problems"], 1):
        yield (
            said.number,
            number,
            problem.code,
            problem.message,
            problem.field,
            problem.line,
            problem.stage,
        )


def review_rows(said: Said) -> Iterator[Row]:
    """Yield the row of `REVIEWS`, if the expense was ever held."""
    review = said.beside.review
    if review is None:
        return
    codes = [finding.code for finding in review.findings] + [problem.code for problem in said.says["problems"]]
    messages = [finding.message for finding in review.findings] + [problem.message for problem in said.says["problems"]]
    yield (
        said.number,
        said.tenant_id,
        review.opened_at,
        " ".join(dict.fromkeys(codes)),
        " ".join(dict.fromkeys(messages)),
        review.closed_at,
        review.action,
        review.actor,
        review.reason,
    )


def dead_letter_rows(said: Said) -> Iterator[Row]:
    """Yield the rows of `DEAD_LETTERS`."""
    for number, letter in enumerate(said.beside.dead_letters, 1):
        yield (
            said.number,
            number,
            said.tenant_id,
            letter.stage,
            letter.source,
            letter.cause_id,
            letter.reason,
            letter.recorded_at,
            letter.settled,
        )


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
