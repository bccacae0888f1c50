"""What another policy would have said of expenses that were judged already. Pure: fed entry by entry.

Each line is judged as `evaluate` judges it, from the facts recorded with the decision. What `screen` finds across
expenses (duplicates, splits, budgets) depends on their order and is left out on both sides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policy.coded import facts_of
from policy.compiled import CompiledPolicy
from policy.judge import judge
from schemas.events import ExpenseEvaluated
from schemas.records import Finding

__all__ = ["Backtest", "Comparison", "Outcome", "Shift"]

_FLAGGED = frozenset({"FAIL", "REVIEW_REQUIRED"})
_WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One expense under both policies. `amount` is its total in `currency`, None where it is not known."""

    expense_id: str
    revision: int
    submitted_at: datetime
    before: str
    after: str
    codes: tuple[str, ...]
    why: str
    amount: Decimal | None
    currency: str

    @property
    def newly_flagged(self) -> bool:
        """Whether only the new policy sends it to a person."""
        return self.after in _FLAGGED and self.before not in _FLAGGED

    @property
    def newly_cleared(self) -> bool:
        """Whether only the old policy sent it to a person."""
        return self.before in _FLAGGED and self.after not in _FLAGGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Expenses that change sides: how many, their money by currency, why by code, and some of them."""

    number: int
    money: Mapping[str, Decimal]
    codes: Mapping[str, int]
    examples: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both policies side by side. Loads are expenses a week that wait for a person, over the weeks judged."""

    judged: int
    flagged_before: int
    flagged_after: int
    load_before: float
    load_after: float
    newly_flagged: Shift
    newly_cleared: Shift


class Backtest:
    """Judges expenses anew under `policy`; the last revision of each counts."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self._policy = policy
        self._outcomes: dict[str, Outcome] = {}

    def take(self, event: ExpenseEvaluated) -> None:
        """Judge one expense anew; a revision older than one already seen changes nothing."""
        seen = self._outcomes.get(event.expense_id)
        if seen is not None and seen.revision > event.revision:
            return
        facts = facts_of(event)
        verdict = judge(facts, self._policy)
        # Why it is flagged now; for what is cleared, why it was flagged.
        told = _reasons(verdict.findings if verdict.outcome in _FLAGGED else event.findings)
        self._outcomes[event.expense_id] = Outcome(
            expense_id=event.expense_id,
            revision=event.revision,
            submitted_at=event.submitted_at,
            before=event.outcome,
            after=verdict.outcome,
            codes=tuple(sorted({finding.code for finding in told})),
            why=told[0].message if told else "",
            amount=facts.total,
            currency=facts.currency,
        )

    def compare(self, *, examples: int) -> Comparison:
        """Add up; of each side at most `examples`, the largest amounts first."""
        found = list(self._outcomes.values())
        moments = [outcome.submitted_at for outcome in found]
        weeks = max((max(moments) - min(moments)).total_seconds() / _WEEK_S, 1.0) if moments else 1.0
        before = sum(outcome.before in _FLAGGED for outcome in found)
        after = sum(outcome.after in _FLAGGED for outcome in found)
        return Comparison(
            judged=len(found),
            flagged_before=before,
            flagged_after=after,
            load_before=round(before / weeks, 1),
            load_after=round(after / weeks, 1),
            newly_flagged=_shift((o for o in found if o.newly_flagged), examples),
            newly_cleared=_shift((o for o in found if o.newly_cleared), examples),
        )


def _reasons(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.blocking or finding.severity == "violation"]


def _shift(outcomes: Iterable[Outcome], examples: int) -> Shift:
    found = sorted(outcomes, key=lambda o: (-abs(o.amount or Decimal(0)), o.expense_id))
    money: dict[str, Decimal] = defaultdict(Decimal)
    for outcome in found:
        if outcome.amount is not None:
            money[outcome.currency] += outcome.amount
    codes = Counter(code for outcome in found for code in outcome.codes)
    return Shift(
        number=len(found),
        money=dict(sorted(money.items())),
        codes=dict(codes.most_common()),
        examples=tuple(found[:examples]),
    )
