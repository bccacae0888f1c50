"""An expense as rows, and back from its row."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from audit.reconstruct import Expense
from schemas.frozen import changed
from schemas.records import Decision, Sealed

__all__ = ["Row", "dead_letter_rows", "expense_row", "from_row", "line_rows", "problem_rows", "review_rows"]

Row = dict[str, Any]

# The database is outside: what comes back is validated.
_BODY = TypeAdapter(Expense)
_SEVERITY = ("PASS", "WARN", "REVIEW_REQUIRED", "FAIL")


def expense_row(expense: Expense) -> Row:
    """Return the row of `EXPENSES`."""
    facts, conversion, sealed = expense.facts, expense.conversion, expense.personal
    return {
        "expense_id": expense.expense_id,
        "tenant_id": expense.tenant_id,
        "ledger": expense.ledger,
        "subject": expense.subject,
        "batch_id": expense.batch_id,
        "revision": expense.revision,
        "state": expense.state,
        "stage": expense.stage,
        "sequence": expense.sequence,
        "submitted_at": expense.submitted_at,
        "occurred_at": expense.occurred_at,
        "recorded_at": expense.recorded_at,
        "kind": facts.kind if facts else None,
        "vendor": expense.vendor.name if expense.vendor else facts.vendor_name if facts else None,
        "invoice_number": facts.invoice_number if facts else None,
        "invoice_date": facts.invoice_date if facts else None,
        "currency": facts.currency if facts else None,
        "total": facts.total if facts else None,
        "reporting_currency": conversion.currency if conversion else None,
        "reporting_total": conversion.total if conversion else None,
        "outcome": expense.outcome,
        "why": _why(expense),
        "key_id": sealed.key_id if sealed else None,
        "ciphertext": sealed.ciphertext if sealed else None,
        "body": _BODY.dump_json(changed(expense, personal=None)).decode(),
    }


def from_row(body: str, key_id: str | None, ciphertext: bytes | None) -> Expense:
    """Return the expense of a row.

    Raises:
        pydantic.ValidationError: the row was not written by this version.

    """
    expense = _BODY.validate_json(body)
    if key_id is None or ciphertext is None:
        return expense
    return changed(expense, personal=Sealed(key_id=key_id, ciphertext=bytes(ciphertext)))


def line_rows(expense: Expense) -> Iterator[Row]:
    """Yield the rows of `LINES`."""
    categories = {match.line: match for match in expense.categories}
    codings = {coding.line: coding for coding in expense.codings}
    worst = _worst(expense)
    converted = expense.conversion.line_amounts if expense.conversion else ()
    for index, line in enumerate(expense.lines):
        category, coding, decision = categories.get(line.number), codings.get(line.number), worst.get(line.number)
        yield {
            "expense_id": expense.expense_id,
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


def problem_rows(expense: Expense) -> Iterator[Row]:
    """Yield the rows of `PROBLEMS`."""
    for number, problem in enumerate(expense.problems, 1):
        yield {
            "expense_id": expense.expense_id,
            "number": number,
            "code": problem.code,
            "message": problem.message,
            "field": problem.field,
            "line": problem.line,
            "stage": problem.stage,
        }


def review_rows(expense: Expense) -> Iterator[Row]:
    """Yield the row of `REVIEWS`, if the expense was ever held."""
    review = expense.review
    if review is None:
        return
    codes = [finding.code for finding in review.findings] + [problem.code for problem in expense.problems]
    messages = [finding.message for finding in review.findings] + [problem.message for problem in expense.problems]
    yield {
        "expense_id": expense.expense_id,
        "tenant_id": expense.tenant_id,
        "opened_at": review.opened_at,
        "codes": " ".join(dict.fromkeys(codes)),
        "why": " ".join(dict.fromkeys(messages)),
        "closed_at": review.closed_at,
        "action": review.action,
        "actor": review.actor,
        "reason": review.reason,
    }


def dead_letter_rows(expense: Expense) -> Iterator[Row]:
    """Yield the rows of `DEAD_LETTERS`."""
    for number, letter in enumerate(expense.dead_letters, 1):
        yield {
            "expense_id": expense.expense_id,
            "number": number,
            "tenant_id": expense.tenant_id,
            "stage": letter.stage,
            "source": letter.source,
            "cause_id": letter.cause_id,
            "reason": letter.reason,
            "recorded_at": letter.recorded_at,
            "settled": letter.settled,
        }


def _worst(expense: Expense) -> dict[int, Decision]:
    worst: dict[int, Decision] = {}
    for decision in expense.decisions:
        known = worst.get(decision.line)
        if known is None or _rank(decision) > _rank(known):
            worst[decision.line] = decision
    return worst


def _rank(decision: Decision) -> int:
    return _SEVERITY.index(decision.outcome) if decision.outcome in _SEVERITY else len(_SEVERITY)


def _why(expense: Expense) -> str | None:
    """Return in one line why the expense stands where it does: the person's reason, else codes, else nothing."""
    if expense.reason:
        return expense.reason
    if expense.review and expense.review.closed_at is None:
        codes = [finding.code for finding in expense.review.findings]
    else:
        codes = [finding.code for finding in expense.findings if finding.blocking]
        codes += [problem.code for problem in expense.problems]
    codes += [letter.reason for letter in expense.dead_letters if not letter.settled]
    return " ".join(dict.fromkeys(codes)) or None
