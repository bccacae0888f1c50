"""What another policy would have said of an expense that was judged already. Pure.

Each line is judged as `evaluate` judges it, from the facts recorded with the decision. What `screen` finds across
expenses (duplicates, splits, budgets) depends on their order and is left out on both sides.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from policy.coded import facts_of
from policy.compiled import CompiledPolicy
from policy.judge import judge
from schemas.events import ExpenseEvaluated
from schemas.records import Finding

__all__ = ["FLAGGED", "WANTED", "Rejudged", "rejudge"]

# Outcomes that send an expense to a person.
FLAGGED: Final = frozenset({"FAIL", "REVIEW_REQUIRED"})
# What judging it anew looks at; the rest need not be decoded. Looking at more of a record would raise AttributeError.
WANTED: Final = frozenset(
    {
        "tenant_id", "expense_id", "revision", "submitted_at", "context", "vendor.name", "findings", "outcome",
        "facts.kind", "facts.vendor_name", "facts.property_id", "facts.invoice_date", "facts.service_start",
        "facts.service_end", "facts.currency", "facts.total", "facts.mcc",
        "lines.number", "lines.description", "lines.quantity", "lines.service_date", "lines.amount",
        "conversion.currency", "conversion.total", "conversion.line_amounts",
        "categories.line", "categories.category",
    }
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Rejudged(NamedTuple):
    """One revision of an expense under both policies; a tuple, since there are hundreds of thousands.

    `submitted` is in seconds since 1970. Only where the new policy changes whether a person looks at it do the last
    four say more than nothing: its total as text and in which currency, the codes that flag it on the side that does,
    and the first reason.
    """

    expense_id: str
    revision: int
    submitted: int
    before: str
    after: str
    amount: str | None = None
    currency: str = ""
    codes: str = ""
    why: str = ""


def rejudge(event: ExpenseEvaluated, policy: CompiledPolicy) -> Rejudged:
    """Judge one expense anew."""
    facts = facts_of(event)
    verdict = judge(facts, policy)
    submitted = int((event.submitted_at - _EPOCH).total_seconds())
    now = verdict.outcome in FLAGGED
    if now == (event.outcome in FLAGGED):
        return Rejudged(event.expense_id, event.revision, submitted, event.outcome, verdict.outcome)
    # Why it is flagged now; for what is cleared, why it was flagged.
    told = _reasons(verdict.findings if now else event.findings)
    return Rejudged(
        expense_id=event.expense_id,
        revision=event.revision,
        submitted=submitted,
        before=event.outcome,
        after=verdict.outcome,
        amount=None if facts.total is None else f"{facts.total:f}",
        currency=facts.currency,
        codes=" ".join(sorted({finding.code for finding in told})),
        why=told[0].message if told else "",
    )


def _reasons(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.blocking or finding.severity == "violation"]
