"""Judge an expense against the others of its ledger, and again when what it was judged against is taken back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from consumers.runtime.stage import Handler, Store, Table
from consumers.screen.days import names_in
from consumers.screen.decide import AWAIT, DISMISSED, MERGE, Screening, decide, screened
from consumers.screen.due import Due, DueTimes
from consumers.screen.footprint import footprint_of
from consumers.screen.history import Ledger, Newcomer, folder_of
from consumers.screen.kept import Kept
from consumers.screen.known import Known
from consumers.screen.prior import Prior
from policy.checks.across import SplitTransaction
from policy.compiled import CompiledPolicy
from policy.table import Policies
from schemas.codec import Codec
from schemas.envelope import Event, caused
from schemas.events import ExpenseDecided, ExpenseEvaluated, ExpenseRetracted, PairDismissed, TickElapsed
from schemas.lifecycle import State
from schemas.records import Finding
from schemas.topics import POLICIES

__all__ = ["HANDLER", "LedgerHistory", "decided", "expire", "screen"]

# Of so many ledgers of a partition at most it is remembered what lies in their history.
_LEDGERS: Final = 256
_STATUS: Final = {"decide": State.DECIDED, AWAIT: State.AWAITING_RECEIPT, MERGE: State.MERGED}


class LedgerHistory:
    """The partition's state: each ledger's history, and the instants at which something is due."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.due = DueTimes(store)
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
        return _retract(event, event.revision, ledger, policies)
    if isinstance(event, PairDismissed):
        return _dismiss(event, ledger, policies)
    if not isinstance(event, ExpenseEvaluated):
        return ()
    # A revision that is judged again (a replayed dead letter) or that a later one follows counts once.
    fresh: list[Event] = []
    for revision in ledger.revisions(event.expense_id):
        fresh += _retract(event, revision, ledger, policies)
    policy = _policy(event, policies)
    footprint = footprint_of(event, policy)
    sequence = ledger.next()
    newcomer = Newcomer(footprint, sequence, event.expense_id, policy.receipts, _split_days(policy))
    prior = ledger.read(newcomer)
    screening = screened(event, footprint, policy, prior)
    merged = screening.disposition == MERGE
    ledger.leave(event, footprint, sequence, merged=merged)
    if merged:
        fresh += _receive(event, prior, ledger, policies)
    else:
        kept = Kept(sequence, event, prior, 1, _gist(event, screening))
        _keep(kept, screening, ledger)
        if screening.disposition == AWAIT:
            deadline = event.submitted_at + timedelta(days=policy.receipts.wait_days)
            state.due.put(Due(deadline, event.tenant_id, event.ledger, sequence))
    return (decided(event, screening, prior, 1, event.occurred_at), *fresh)


def expire(tick: TickElapsed, state: LedgerHistory, *, policies: Policies, codec: Codec) -> Iterator[Sequence[Event]]:
    """Yield the decisions on card lines whose receipt did not come in time, line by line."""
    for due in state.due.take(tick.occurred_at):
        ledger = state.of(due.tenant, due.ledger, codec)
        kept = ledger.decisions.kept(due.sequence)
        if kept is not None and ledger.decisions.waiting(kept.event.expense_id) == kept.sequence:
            overdue = replace(kept.prior, overdue=True)
            yield _again(kept, overdue, tick.occurred_at, ledger, policies)


def _policy(event: ExpenseEvaluated, policies: Policies) -> CompiledPolicy:
    return policies.at(event.tenant_id, event.submitted_at).compiled()


def _split_days(policy: CompiledPolicy) -> int:
    settings = policy.settings.get("SPLIT_TRANSACTION")
    return settings.within_days if isinstance(settings, SplitTransaction) else 0


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


def _gist(event: ExpenseEvaluated, screening: Screening) -> tuple[tuple[str, str | None], ...]:
    """Return what makes a fresh decision worth telling: which reasons there are, not their wording."""
    own = screening.findings[len(event.findings) :]
    return tuple((finding.code, finding.other) for finding in own if finding.code != DISMISSED)


def _keep(kept: Kept, screening: Screening, ledger: Ledger, *, again: bool = False) -> None:
    waiting = screening.disposition == AWAIT or kept.prior.overdue
    if again:
        ledger.decisions.unkeep(kept.sequence)
    if waiting or kept.gist:
        ledger.decisions.keep(kept, waiting=waiting)


def _again(
    kept: Kept, prior: Prior, occurred_at: datetime, ledger: Ledger, policies: Policies
) -> tuple[ExpenseDecided, ...]:
    """Decide a kept expense again; return the decision if it differs in its reasons or ends the wait."""
    screening = decide(kept.event, _policy(kept.event, policies), prior)
    gist = _gist(kept.event, screening)
    before = (kept.gist, kept.prior.receipt, kept.prior.overdue)
    told = screening.disposition != AWAIT and (gist, prior.receipt, prior.overdue) != before
    number = kept.number + 1 if told else kept.number
    _keep(replace(kept, prior=prior, number=number, gist=gist), screening, ledger, again=True)
    return (decided(kept.event, screening, prior, number, occurred_at),) if told else ()


def _retract(event: Event, revision: int, ledger: Ledger, policies: Policies) -> list[Event]:
    """Take a revision back and decide again, in order of arrival, what leaned on it."""
    left = ledger.take_back(event.expense_id, revision)
    if left is None:
        return []
    freed: dict[int, list[str]] = {place: [] for place in ledger.decisions.watching(event.expense_id)}
    for account in left.accounts:
        for place in ledger.decisions.watching(account, after=left.sequence):
            freed.setdefault(place, []).append(account)
    fresh: list[Event] = []
    for place, accounts in sorted(freed.items()):
        kept = ledger.decisions.kept(place)
        if kept is None:
            continue
        totals = dict(kept.prior.totals)
        for account in accounts:
            totals[account] -= left.accounts[account]
        fresh += _again(kept, _looked(kept, totals, ledger, policies), event.occurred_at, ledger, policies)
    return fresh


def _dismiss(event: PairDismissed, ledger: Ledger, policies: Policies) -> list[Event]:
    """Keep what a person has let stand, and decide again what is held because of it.

    What was approved with the same word is decided; its partners may have been flagged meanwhile.
    """
    fresh: list[Event] = []
    for member in ledger.dismissals.put(event):
        if member == event.expense_id and event.status == State.APPROVED:
            continue
        for place in ledger.places(member):
            kept = ledger.decisions.kept(place)
            if kept is not None:
                looked = _looked(kept, kept.prior.totals, ledger, policies)
                fresh += _again(kept, looked, event.occurred_at, ledger, policies)
    return fresh


def _looked(kept: Kept, totals: dict[str, Decimal], ledger: Ledger, policies: Policies) -> Prior:
    """Return a kept prior with what earlier expenses say now; whether a receipt came stays as it was."""
    policy = _policy(kept.event, policies)
    footprint = footprint_of(kept.event, policy)
    came = Newcomer(footprint, kept.sequence, kept.event.expense_id, policy.receipts, _split_days(policy))
    now = ledger.look(came, totals)
    fresh = {name: getattr(now, name) for name in ("seen", "parts", "match", "added", "unlike", "dismissed")}
    return replace(kept.prior, totals=totals, **fresh)


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
    return _again(kept, received, receipt.occurred_at, ledger, policies)


HANDLER = Handler(
    handle=screen,
    state=LedgerHistory,
    on_tick=expire,
    tables=(Table("policies", POLICIES, Policies),),
    capabilities=("codec",),
)
