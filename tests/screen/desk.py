"""evaluate and screen in a row, for the tests of this folder."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from consumers.approval.dismissal import dismissals
from consumers.screen.decide import decide
from consumers.screen.prior import Prior
from consumers.stages import stage_named
from policy.table import Policies
from schemas.envelope import Event, caused
from schemas.events import (
    ExpenseCoded,
    ExpenseDecided,
    ExpenseEvaluated,
    ExpenseRetracted,
    PairDismissed,
    PolicyPublished,
    TickElapsed,
)
from schemas.topics import POLICIES
from tests.evaluate.build import SUBMITTED, coded, published
from tests.harness import StageRun

BUDGET = [{"id": "sales", "scope": "department", "name": "Sales", "limit": "1000.00"}]
ROOMY = [{"id": "cap", "level": "category", "limit": "5000", "match": {"categories": ["office_supplies", "meals"]}}]


class Desk:
    """evaluate and screen in a row over one partition, under one policy."""

    def __init__(self, **changes: Any) -> None:
        policy: PolicyPublished = published(limits=changes.pop("limits", ROOMY), **changes)
        tables: dict[str, Sequence[Event]] = {POLICIES.name: [policy]}
        self.evaluate = StageRun(stage_named("evaluate"), tables)
        self.screen = StageRun(stage_named("screen"), tables)
        self.policies = Policies()
        self.policies.apply(POLICIES.key(policy), policy)

    def submit(self, event: ExpenseCoded) -> list[ExpenseDecided]:
        """Return the decisions that one coded expense brings about."""
        (evaluated,) = self.evaluate(event)
        decided = self._decided(self.screen(evaluated))
        assert isinstance(evaluated, ExpenseEvaluated)
        policy = self.policies.at("acme", evaluated.submitted_at).compiled()
        again = decide(evaluated, policy, Prior.read(decided[0].prior))
        assert (again.decisions, again.findings, again.outcome, again.disposition) == (
            decided[0].decisions,
            decided[0].findings,
            decided[0].outcome,
            decided[0].disposition,
        )
        return decided

    def retract(self, event: ExpenseCoded, reason: str = "rejected") -> list[ExpenseDecided]:
        """Return the fresh decisions that taking a revision back brings about."""
        retracted = caused(event, ExpenseRetracted, stage="approval", status="rejected", reason=reason)
        return self._decided(self.screen(retracted))

    def let_stand(self, held: ExpenseDecided, status: str = "approved") -> list[ExpenseDecided]:
        """Return the fresh decisions that a person brings about who lets stand what an expense is flagged with."""
        words: dict[str, Any] = {"dismissals": dismissals(held), "actor": "reviewer", "reason": "two of them"}
        return self._decided(self.screen(caused(held, PairDismissed, stage="approval", status=status, **words)))

    def tick(self, days: int) -> list[ExpenseDecided]:
        """Return the decisions that the passing of time since submission brings about."""
        now = SUBMITTED + timedelta(days=days)
        tick = caused(coded("tick", "0"), TickElapsed, stage="ticker", status="tick", occurred_at=now)
        return self._decided(self.screen(tick))

    @staticmethod
    def _decided(events: list[Event]) -> list[ExpenseDecided]:
        assert all(isinstance(event, ExpenseDecided) for event in events)
        return [event for event in events if isinstance(event, ExpenseDecided)]


def codes(decision: ExpenseDecided) -> list[str]:
    """Return what was found."""
    return [finding.code for finding in decision.findings]
