"""Judge an expense against the others of its ledger, and again when what it was judged against is taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from consumers.runtime.stage import Handler, Store, Table
from consumers.screen.again import Again, decided, gist_of, keep, newcomer_of, policy_of
from consumers.screen.backlog import Backlog
from consumers.screen.days import names_in
from consumers.screen.decide import AWAIT, MERGE, screened
from consumers.screen.due import Due, DueTimes
from consumers.screen.footprint import footprint_of
from consumers.screen.history import Ledger, folder_of
from consumers.screen.kept import Kept
from consumers.screen.known import Known
from consumers.screen.prior import Prior
from consumers.screen.retraction import catch_up, retract
from policy.table import Policies
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import ExpenseEvaluated, ExpenseRetracted, PairDismissed, TickElapsed
from schemas.lifecycle import State
from schemas.records import Finding
from schemas.topics import POLICIES

__all__ = ["HANDLER", "LedgerHistory", "decided", "expire", "screen"]

# Of so many ledgers of a partition at most it is remembered what lies in their history.
_LEDGERS: Final = 256


class LedgerHistory:
    """The partition's state: each ledger's history, the instants at which something is due, and what is behind."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.due, self.backlog = DueTimes(store), Backlog(store)
        self._ledgers: dict[str, Ledger] = {}

    def of(self, tenant: str, ledger: str, codec: Codec) -> Ledger:
        """Return one ledger's history, with what was learned of it; `codec` is the process's own, always the same."""
        at = folder_of(tenant, ledger)
        found = self._ledgers.get(at)
        if found is None:
            if len(self._ledgers) >= _LEDGERS:
                self._ledgers.pop(next(iter(self._ledgers)))
            found = self._ledgers[at] = Ledger(self._store, at, codec, Known(self._store, at, names_in))
        return found


def screen(event: Event, state: LedgerHistory, *, policies: Policies, codec: Codec) -> Sequence[Event]:
    """Return the decision on an evaluated expense, or fresh decisions on those that leaned on a retracted one."""
    ledger = state.of(event.tenant_id, event.ledger, codec)
    ledger.read_on()
    if isinstance(event, ExpenseRetracted):
        return retract(event, event.revision, ledger, state.backlog, policies)
    if isinstance(event, PairDismissed):
        return _dismiss(event, ledger, policies)
    if not isinstance(event, ExpenseEvaluated):
        return ()
    # A revision that is judged again (a replayed dead letter) or that a later one follows counts once.
    fresh: list[Event] = []
    for revision in ledger.revisions(event.expense_id):
        fresh += retract(event, revision, ledger, state.backlog, policies)
    policy = policy_of(event, policies)
    footprint = footprint_of(event, policy)
    sequence = ledger.next()
    prior, spent = ledger.read(newcomer_of(event, footprint, sequence, policy))
    screening = screened(event, footprint, policy, prior)
    merged = screening.disposition == MERGE
    ledger.leave(event, footprint, sequence, merged=merged)
    if merged:
        fresh += _receive(event, prior, ledger, policies)
    else:
        keep(Kept(sequence, event, prior, 1, gist_of(event, screening), spent), footprint, screening, ledger)
        if screening.disposition == AWAIT:
            deadline = event.submitted_at + timedelta(days=policy.receipts.wait_days)
            state.due.put(Due(deadline, event.tenant_id, event.ledger, sequence))
    return (decided(event, screening, prior, 1, event.occurred_at), *fresh)


def expire(tick: TickElapsed, state: LedgerHistory, *, policies: Policies, codec: Codec) -> Iterator[Sequence[Event]]:
    """Yield the decisions that retractions left to be made again, then those on lines whose receipt did not come."""
    yield from catch_up(state.backlog, lambda tenant, name: state.of(tenant, name, codec), policies, tick.occurred_at)
    for due in state.due.take(tick.occurred_at):
        ledger = state.of(due.tenant, due.ledger, codec)
        kept = ledger.decisions.kept(due.sequence)
        if kept is not None and ledger.decisions.waiting(kept.event.expense_id) == kept.sequence:
            overdue = replace(kept.prior, overdue=True)
            yield Again(ledger, policies, tick.occurred_at).with_prior(kept, overdue)


def _dismiss(event: PairDismissed, ledger: Ledger, policies: Policies) -> list[Event]:
    """Keep what a person has let stand, and decide again what is held because of it.

    What was approved with the same word is decided; its partners may have been flagged meanwhile.
    """
    again, fresh = Again(ledger, policies, event.occurred_at), list[Event]()
    for member in ledger.dismissals.put(event):
        if member == event.expense_id and event.status == State.APPROVED:
            continue
        for place in ledger.places(member):
            fresh += again.at(place)
    return fresh


def _receive(receipt: ExpenseEvaluated, prior: Prior, ledger: Ledger, policies: Policies) -> Iterable[Event]:
    """Give a waiting card line its receipt: what was found about the receipt goes on with the card line."""
    card = prior.match.expense if prior.match else ""
    place = ledger.decisions.waiting(card)
    kept = None if place is None else ledger.decisions.kept(place)
    if kept is None:
        return ()
    carried = (
        *(replace(finding, other=receipt.expense_id) for finding in receipt.findings if finding.blocking),
        *(
            Finding(code=p.code, severity="warn", message=p.message, blocking=True, other=receipt.expense_id)
            for p in receipt.problems
        ),
    )
    ledger.forget_purchase(card, kept.event.revision)
    received = replace(kept.prior, overdue=False, receipt=receipt.expense_id, carried=carried)
    return Again(ledger, policies, receipt.occurred_at).with_prior(kept, received)


HANDLER = Handler(
    handle=screen,
    state=LedgerHistory,
    on_tick=expire,
    tables=(Table("policies", POLICIES, Policies),),
    capabilities=("codec",),
)
