"""From decisions to findings: what was found, said in one sentence each for a person."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from schemas.frozen import maker
from schemas.records import Decision, Finding

__all__ = ["ONE_ATTENDEE", "ONE_NIGHT", "findings_of"]

# Said wherever a limit per night met a document that does not count them.
ONE_NIGHT: Final = "one night is assumed, since the document does not say how many"
ONE_ATTENDEE: Final = "one attendee is assumed, since nobody stated how many there were"
_ASSUMED: Final = (ONE_NIGHT, ONE_ATTENDEE)
_finding = maker(Finding)


def findings_of(decisions: Sequence[Decision], shared: AbstractSet[str]) -> list[Finding]:
    """Return what was found: one finding per cause, without a line where rules that lines share were it."""
    causes: dict[tuple[str | None, str, str, int | None], list[Decision]] = {}
    for decision in decisions:
        if decision.outcome != "PASS":
            rule = decision.rule_id
            cause = decision.violation_code, rule, _message(decision), None if rule in shared else decision.line
            causes.setdefault(cause, []).append(decision)
    return [
        _finding(
            code=code or "NEAR_LIMIT",
            severity="violation" if found[0].outcome == "FAIL" else "warn",
            message=message,
            blocking=found[0].outcome in {"FAIL", "REVIEW_REQUIRED"},
            line=found[0].line if len(found) == 1 else None,
            rule_id=rule,
        )
        for (code, rule, message, _), found in causes.items()
    ]


def _message(decision: Decision) -> str:
    reason = ""
    for node in decision.resolution_path:
        if node.rule_id == decision.rule_id:
            reason = node.reason
            break
    message = _said(decision, reason)
    if not reason.endswith(_ASSUMED):
        return message
    assumed = next(words for words in _ASSUMED if reason.endswith(words))
    return f"{message[:-1]}; {assumed}."


def _said(decision: Decision, reason: str) -> str:
    """Return what a decision says. An amount's `str` is a third of what formatting it takes, and the same."""
    code, rule, flip, currency = decision.violation_code, decision.rule_id, decision.flip, decision.currency
    amount, limit = decision.amount, decision.limit
    if code == "CAP_EXCEEDED":
        return f"{amount!s} {currency} is above the limit of {limit!s} {currency} set by {rule}; {flip}."
    if code is None:
        return f"{amount!s} {currency} is close to the limit of {limit!s} {currency} set by {rule}."
    if code == "PER_DIEM_EXCEEDED":
        return f"{amount!s} {currency} is above the per diem of {limit!s} {currency} set by {rule}; {flip}."
    if code == "PER_DIEM_UNKNOWN" and limit is not None:
        # The place may have a higher rate than the one it was held to.
        return f"{amount!s} {currency} is above {limit!s} {currency}, the lowest rate of per diem {rule}; {flip}."
    return _DOUBTS[code].format(rule=rule, reason=reason, flip=flip)


_DOUBTS: Final = {
    "FALLBACK_UNMAPPED": "No limit covers it: it needs a person; {flip}.",
    "PER_DIEM_UNKNOWN": "The rate of per diem {rule} cannot be told: {reason}; {flip}.",
    "TRIP_UNKNOWN": "It is limited by {rule} per trip and {reason}; {flip}.",
    "AMOUNT_UNKNOWN": "There is no amount to compare; {flip}.",
}
