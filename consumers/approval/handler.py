"""The approval stage: clean goes on, a violation or a doubt halts until a person resolves it.

It is the only stage that opens reviews, so nothing is held twice and nothing held is posted.
"""

from collections.abc import Sequence
from dataclasses import replace

from consumers.approval.cases import Case, Cases
from consumers.approval.dismissal import dismissals
from consumers.approval.reasons import hindrances, reasons, track_failed
from consumers.corrections import Corrected, CorrectionRefused, corrected
from consumers.runtime.stage import Handler
from schemas.envelope import Event, caused
from schemas.events import (
    ExpenseApproved,
    ExpenseCorrected,
    ExpenseDecided,
    ExpenseMerged,
    ExpenseRejected,
    ExpenseRetracted,
    ExpenseSubmitted,
    PairDismissed,
    PostingRefused,
    ReviewClosed,
    ReviewOpened,
    ReviewRefused,
    ReviewResolved,
    TrackAnsweredLate,
)
from schemas.lifecycle import State
from schemas.records import Assertion, Finding, Problem

__all__ = ["HANDLER", "approve"]

_STAGE = "approval"
# Where a decision is still waited for: held, or on its way round again after a correction or replacement.
_OPEN = frozenset({State.IN_REVIEW, State.AWAITING_RECEIPT, State.PARSED, State.SUBMITTED})
# Where a decision that a person looks at is still to come.
_COMING = _OPEN - {State.IN_REVIEW}


def approve(event: Event, cases: Cases) -> Sequence[Event]:
    """Take one decision, resolution or refusal by the ERP a step further."""
    if isinstance(event, PostingRefused):
        return _refused(event, cases)
    if isinstance(event, ExpenseDecided):
        return _decided(event, cases)
    if isinstance(event, ReviewResolved):
        return _resolved(event, cases)
    if isinstance(event, TrackAnsweredLate):
        return _answered(event, cases)
    return ()


def _decided(event: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    case = cases.get(event.expense_id)
    if case and not _newer(event, case):
        return ()
    reopened = case is not None and case.state is State.IN_REVIEW and case.revision == event.revision
    if event.disposition == "merge":
        cases.put(event.expense_id, _closed(event, State.MERGED))
        merged = caused(event, ExpenseMerged, stage=_STAGE, status=State.MERGED, into=event.other or "")
        return (_cleared(event, State.MERGED), merged) if reopened else (merged,)
    if event.disposition == "await_receipt":
        cases.put(event.expense_id, Case(State.AWAITING_RECEIPT, event.revision, event.decision_number, event))
        return (_cleared(event, State.AWAITING_RECEIPT),) if reopened else ()
    found = reasons(event)
    late = cases.answered(event.expense_id, event.revision)
    if late:
        cases.forget(event.expense_id, event.revision)
    if found and any(track_failed(event, track) for track in late):
        return _anew(event, corrected(event, ()), event.asserted, cases)
    if found:
        cases.put(event.expense_id, Case(State.IN_REVIEW, event.revision, event.decision_number, event))
        return (_review(event, found),)
    cases.put(event.expense_id, _closed(event, State.APPROVED))
    approved = caused(event, ExpenseApproved, stage=_STAGE, status=State.APPROVED)
    return (_cleared(event, State.APPROVED), approved) if reopened else (approved,)


def _newer(event: ExpenseDecided, case: Case) -> bool:
    """Return whether a decision is news: a later revision, or a later decision on one that is still open."""
    if event.revision != case.revision:
        return event.revision > case.revision
    return case.state in _OPEN and event.decision_number > case.decision_number


def _closed(event: ExpenseDecided, state: State) -> Case:
    return Case(state, event.revision, event.decision_number)


def _cleared(event: ExpenseDecided, state: State) -> ReviewClosed:
    reason = "a fresh decision found nothing that holds it any more"
    return caused(event, ReviewClosed, stage=_STAGE, status=state, action="cleared", actor=None, reason=reason)


def _review(event: ExpenseDecided, found: Sequence[Finding]) -> ReviewOpened:
    conversion = event.conversion
    return caused(
        event,
        ReviewOpened,
        stage=_STAGE,
        status=State.IN_REVIEW,
        findings=tuple(found),
        total=conversion.total if conversion else event.facts.total,
        currency=conversion.currency if conversion else event.facts.currency,
    )


def _refused(event: PostingRefused, cases: Cases) -> Sequence[Event]:
    case = cases.get(event.expense_id)
    if case is None or case.state is not State.APPROVED or case.revision != event.revision:
        return ()
    finding = Finding(
        code="POSTING_REFUSED",
        severity="violation",
        message=f"The ERP refused the posting ({event.code}): {event.message}",
        blocking=True,
    )
    decision = caused(event, ExpenseDecided, stage=_STAGE, status=State.IN_REVIEW, findings=(*event.findings, finding))
    cases.put(event.expense_id, Case(State.IN_REVIEW, event.revision, event.decision_number, decision))
    return (_review(decision, (finding,)),)


def _resolved(event: ReviewResolved, cases: Cases) -> Sequence[Event]:
    case = cases.get(event.expense_id)
    if case is None or case.decision is None or not case.waiting:
        where = f"it is {case.state}" if case else "it was never decided"
        return _no(event, f"nothing waits for a person here: {where}")
    if event.revision != case.revision:
        why = f"revision {event.revision} was looked at, revision {case.revision} waits now; look again"
        return _no(event, why)
    if event.actor == event.subject:
        return _no(event, "nobody may resolve an expense of their own (SELF_APPROVAL)")
    act = _ACTIONS.get(event.action)
    if act is None:
        return _no(event, f"{event.action!r} is none of {', '.join(_ACTIONS)}")
    try:
        # What follows is caused by the resolution, at its time; all else about the expense is the decision's, so a
        # resolution cannot smuggle in another submission time, person or batch.
        return act(event, replace(case.decision, event_id=event.event_id, occurred_at=event.occurred_at), cases)
    except CorrectionRefused as error:
        return _no(event, str(error))


def _answered(event: TrackAnsweredLate, cases: Cases) -> Sequence[Event]:
    """Send an expense that waits for a person through the tracks again, where the one that had failed has answered.

    The answer itself is not put in: what was decided without it is taken back as a revision, on the road that
    corrections go. A track that was only slow is left alone, or one that stays slow would have all of it done twice.
    """
    case = cases.get(event.expense_id)
    if case is None or case.revision < event.revision or (case.revision == event.revision and case.state in _COMING):
        cases.note(event.expense_id, event.revision, event.track)
        return ()
    decision = case.decision
    if case.revision != event.revision or case.state is not State.IN_REVIEW or decision is None:
        return ()
    if not track_failed(decision, event.track):
        return ()
    cause = replace(decision, event_id=event.event_id, occurred_at=max(decision.occurred_at, event.occurred_at))
    why = f"the {event.track} track, which had failed, has answered"
    closed = caused(cause, ReviewClosed, stage=_STAGE, status=State.PARSED, action="recoded", actor=None, reason=why)
    return (closed, *_anew(cause, corrected(cause, ()), cause.asserted, cases))


def _no(event: ReviewResolved, reason: str) -> Sequence[Event]:
    return (caused(event, ReviewRefused, stage=_STAGE, status=event.status, reason=reason),)


def _close(event: ReviewResolved, decision: ExpenseDecided, status: State) -> ReviewClosed:
    return caused(
        decision,
        ReviewClosed,
        stage=_STAGE,
        status=status,
        action=event.action,
        actor=event.actor,
        reason=event.reason,
    )


def _retract(decision: ExpenseDecided, status: State, reason: str) -> ExpenseRetracted:
    return caused(decision, ExpenseRetracted, stage=_STAGE, status=status, reason=reason)


def _approve(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    missing = hindrances(decision)
    if missing:
        return _no(event, f"it cannot be posted: {'; '.join(missing)}. Correct that first")
    cases.put(event.expense_id, _closed(decision, State.APPROVED))
    approved = caused(decision, ExpenseApproved, stage=_STAGE, status=State.APPROVED, approved_by=event.actor)
    return (_close(event, decision, State.APPROVED), approved, *_let_stand(event, decision, State.APPROVED))


def _let_stand(event: ReviewResolved, decision: ExpenseDecided, status: State) -> Sequence[Event]:
    """Tell `screen` of the pairs that the person saw and let stand, so that they are not flagged again."""
    found = dismissals(decision)
    if not found:
        return ()
    said = caused(
        decision,
        PairDismissed,
        stage=_STAGE,
        status=status,
        dismissals=found,
        actor=event.actor,
        reason=event.reason,
    )
    return (said,)


def _dismiss(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    # It stays where it is until `screen` has decided it again without the pair.
    case = cases.get(event.expense_id)
    told = _let_stand(event, decision, case.state if case else State.IN_REVIEW)
    return told or _no(event, "nothing holds it as a duplicate or a part of a split: there is no pair to dismiss")


def _supersede(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    posted = event.supersedes
    if posted is None:
        return _no(event, "it must name the posted expense whose place it takes")
    copies = [d for d in dismissals(decision) if d.code.startswith("DUPLICATE")]
    if posted.expense_id not in {other for copy in copies for other in copy.others}:
        return _no(event, f"nothing holds it as a duplicate of {posted.expense_id}")
    missing = hindrances(decision)
    if missing:
        return _no(event, f"it cannot be posted: {'; '.join(missing)}. Correct that first")
    cases.put(event.expense_id, _closed(decision, State.APPROVED))
    approved = caused(
        decision, ExpenseApproved, stage=_STAGE, status=State.APPROVED, approved_by=event.actor, supersedes=posted
    )
    return (_close(event, decision, State.APPROVED), approved)


def _reject(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    cases.put(event.expense_id, _closed(decision, State.REJECTED))
    rejected = caused(
        decision, ExpenseRejected, stage=_STAGE, status=State.REJECTED, actor=event.actor, reason=event.reason
    )
    return (
        _close(event, decision, State.REJECTED),
        rejected,
        _retract(decision, State.REJECTED, "rejected"),
    )


def _correct(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    if not event.corrections:
        return _no(event, "a correction must state at least one field")
    fresh = {s.field for s in event.corrections}
    asserted = (*(s for s in decision.asserted if s.field not in fresh), *event.corrections)
    again = _anew(decision, corrected(decision, event.corrections), asserted, cases)
    return (_close(event, decision, State.PARSED), *again)


def _anew(
    decision: ExpenseDecided,
    stated: tuple[Corrected, tuple[Problem, ...]],
    asserted: tuple[Assertion, ...],
    cases: Cases,
) -> Sequence[Event]:
    """Take the revision back and send the next one through the tracks."""
    parts, left = stated
    cases.put(decision.expense_id, Case(State.PARSED, decision.revision + 1, 0))
    again = caused(
        decision,
        ExpenseCorrected,
        stage=_STAGE,
        status=State.PARSED,
        revision=decision.revision + 1,
        problems=left,
        asserted=asserted,
        context=parts.context,
        facts=parts.facts,
        lines=parts.lines,
    )
    return (_retract(decision, State.PARSED, "corrected"), again)


def _replace(event: ReviewResolved, decision: ExpenseDecided, cases: Cases) -> Sequence[Event]:
    if event.replacement is None:
        return _no(event, "a replacement must name the new document")
    cases.put(event.expense_id, Case(State.SUBMITTED, decision.revision + 1, 0))
    again = caused(
        decision,
        ExpenseSubmitted,
        stage=_STAGE,
        status=State.SUBMITTED,
        revision=decision.revision + 1,
        problems=(),
        document=event.replacement,
        origin="replacement",
    )
    return (_close(event, decision, State.SUBMITTED), _retract(decision, State.SUBMITTED, "replaced"), again)


_ACTIONS = {
    "approve": _approve,
    "reject": _reject,
    "correct": _correct,
    "replace": _replace,
    "dismiss": _dismiss,
    "supersede": _supersede,
}

HANDLER = Handler(handle=approve, state=Cases)
