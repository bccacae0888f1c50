"""Why an expense must be looked at, and what stands in the way of posting it."""

from collections.abc import Sequence

from documents.problems import UNUSABLE
from schemas.events import ExpenseDecided
from schemas.records import Finding

__all__ = ["hindrances", "reasons", "track_failed"]

_HOLDING_OUTCOMES = frozenset({"FAIL", "REVIEW_REQUIRED"})


def reasons(event: ExpenseDecided) -> Sequence[Finding]:
    """Return every reason to hold the expense; none means it may be posted without a person.

    Where nothing could be read of the document, that is the one reason: all other doubts only follow from it.
    """
    unread = [p for p in event.problems if p.code in UNUSABLE]
    if unread:
        return [Finding(code=p.code, severity="violation", message=p.message, blocking=True) for p in unread]
    found = [f for f in event.findings if f.blocking]
    known = {(f.code, f.line) for f in found}
    found += [
        Finding(code=p.code, severity="warn", message=p.message, blocking=True, line=p.line)
        for p in event.problems
        if (p.code, p.line) not in known
    ]
    # A limit over the whole expense fails every line of it: the finding that names it speaks for all of them.
    causes = {(f.code, f.rule_id) for f in found}
    named = {f.line for f in found}
    found += [
        Finding(
            code=d.violation_code or d.outcome,
            severity="violation" if d.outcome == "FAIL" else "warn",
            message=_told(d.flip, d.rule_id),
            blocking=True,
            line=d.line or None,
            rule_id=d.rule_id,
        )
        for d in event.decisions
        if d.outcome in _HOLDING_OUTCOMES
        and (d.line or None) not in named
        and (d.violation_code or d.outcome, d.rule_id) not in causes
    ]
    missing = hindrances(event)
    if not found and (event.outcome in _HOLDING_OUTCOMES or missing):
        words = "; ".join(missing) or f"judged {event.outcome}"
        found.append(Finding(code="NOT_POSTABLE", severity="warn", message=words, blocking=True))
    return found


def _told(flip: str, rule_id: str) -> str:
    return f"Held by rule {rule_id}: {flip}" if flip else f"Held by rule {rule_id}"


def hindrances(event: ExpenseDecided) -> Sequence[str]:
    """Return what is missing for a posting, each as a clause that names the field."""
    missing = [name for name in ("total", "currency", "invoice_date") if getattr(event.facts, name) is None]
    told = [f"{name} is not known" for name in missing]
    if not event.lines:
        told.append("it has no line")
    if event.conversion is None:
        told.append("its amounts have no rate to the reporting currency")
    coded = {c.line for c in event.codings if c.gl_code}
    told += [
        f"line {line.number} has no GL code (lines.{line.number}.gl_code)"
        for line in event.lines
        if line.number not in coded
    ]
    return told


def track_failed(event: ExpenseDecided, track: str) -> bool:
    """Return whether the expense was decided without the answer of a track, because it could not give one."""
    return any(p.code == "TRACK_FAILED" and p.field == track for p in event.problems)
