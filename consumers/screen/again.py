"""Deciding a kept expense again, when what its decision leaned on was taken back, came, or was let stand."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from consumers.screen.decide import AWAIT, DISMISSED, MERGE, Screening, screened
from consumers.screen.footprint import Footprint, footprint_of
from consumers.screen.history import Ledger, Newcomer
from consumers.screen.kept import Kept, room_of
from consumers.screen.prior import Prior
from policy.checks.across import SplitTransaction
from policy.compiled import CompiledPolicy
from policy.table import Policies
from schemas.envelope import caused
from schemas.events import ExpenseDecided, ExpenseEvaluated
from schemas.lifecycle import State

__all__ = ["Again", "decided", "gist_of", "keep", "newcomer_of", "policy_of"]

_STATUS: Final = {"decide": State.DECIDED, AWAIT: State.AWAITING_RECEIPT, MERGE: State.MERGED}


def policy_of(event: ExpenseEvaluated, policies: Policies) -> CompiledPolicy:
    """Return the policy an expense is judged under."""
    return policies.at(event.tenant_id, event.submitted_at).compiled()


def newcomer_of(event: ExpenseEvaluated, footprint: Footprint, sequence: int, policy: CompiledPolicy) -> Newcomer:
    """Return who an expense is to the history."""
    settings = policy.settings.get("SPLIT_TRANSACTION")
    days = settings.within_days if isinstance(settings, SplitTransaction) else 0
    return Newcomer(footprint, sequence, event.expense_id, policy.receipts, days)


def decided(
    event: ExpenseEvaluated, screening: Screening, prior: Prior, number: int, occurred_at: datetime
) -> ExpenseDecided:
    """Return the `number`-th decision on an evaluated expense, from 1."""
    return caused(
        event,
        ExpenseDecided,
        stage="screen",
        status=_STATUS[screening.disposition],
        part="" if number == 1 else str(number),
        occurred_at=occurred_at,
        decisions=screening.decisions,
        findings=screening.findings,
        outcome=screening.outcome,
        prior=prior.canonical(),
        disposition=screening.disposition,
        other=screening.other,
        decision_number=number,
    )


def gist_of(event: ExpenseEvaluated, screening: Screening) -> tuple[tuple[str, str | None], ...]:
    """Return what makes a fresh decision worth telling: which reasons there are, not their wording."""
    own = screening.findings[len(event.findings) :]
    return tuple((finding.code, finding.other) for finding in own if finding.code != DISMISSED)


def keep(kept: Kept, footprint: Footprint, screening: Screening, ledger: Ledger, *, again: bool = False) -> None:
    """Keep a decision where it leans on others or on credits, or waits; `again` lets go of the one before it."""
    waiting = screening.disposition == AWAIT or kept.prior.overdue
    if again:
        ledger.decisions.unkeep(kept.sequence)
    # Most have nothing to lean on: they are not looked at any closer.
    if waiting or kept.gist or kept.spent != kept.prior.totals:
        rooms = {account.key: room_of(account) for account in footprint.accounts}
        if waiting or kept.gist or kept.leans_on_credits(rooms):
            ledger.decisions.keep(kept, rooms, waiting=waiting)


class Again:
    """Decides again what one ledger has kept."""

    def __init__(self, ledger: Ledger, policies: Policies, occurred_at: datetime) -> None:
        self._ledger, self._policies, self._occurred_at = ledger, policies, occurred_at

    def with_prior(self, kept: Kept, prior: Prior) -> tuple[ExpenseDecided, ...]:
        """Return the decision with another prior if it differs in its reasons or ends the wait."""
        policy = policy_of(kept.event, self._policies)
        return self._decide(kept, prior, policy, footprint_of(kept.event, policy))

    def at(self, place: int) -> tuple[ExpenseDecided, ...]:
        """Return the same with what earlier expenses say now; whether a receipt came stays as it was."""
        kept = self._ledger.decisions.kept(place)
        if kept is None:
            return ()
        policy = policy_of(kept.event, self._policies)
        footprint = footprint_of(kept.event, policy)
        now = self._ledger.look(newcomer_of(kept.event, footprint, kept.sequence, policy), kept.prior.totals)
        fresh = {name: getattr(now, name) for name in ("seen", "parts", "match", "added", "unlike", "dismissed")}
        return self._decide(kept, replace(kept.prior, **fresh), policy, footprint)

    def _decide(
        self, kept: Kept, prior: Prior, policy: CompiledPolicy, footprint: Footprint
    ) -> tuple[ExpenseDecided, ...]:
        screening = screened(kept.event, footprint, policy, prior)
        gist = gist_of(kept.event, screening)
        before = (kept.gist, kept.prior.receipt, kept.prior.overdue)
        told = screening.disposition != AWAIT and (gist, prior.receipt, prior.overdue) != before
        number = kept.number + 1 if told else kept.number
        keep(replace(kept, prior=prior, number=number, gist=gist), footprint, screening, self._ledger, again=True)
        return (decided(kept.event, screening, prior, number, self._occurred_at),) if told else ()
