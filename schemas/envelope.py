"""The envelope every event wears, and how one event is caused by another."""

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, TypeVar

from schemas.fields import Doc, Instant
from schemas.identity import derive
from schemas.records import Assertion, Problem, Sealed

__all__ = ["Event", "caused", "doubt", "stamped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries."""

    event_id: Annotated[str, Doc("UUIDv5 of what caused it: the same cause gives the same id.")]
    tenant_id: Annotated[str, Doc("Tenant.")]
    ledger: Annotated[str, Doc("The tenant's legal entity.")]
    expense_id: Annotated[str, Doc("UUIDv5 of the expense; of the batch, tick or record for events without one.")]
    revision: Annotated[int, Doc("Raised by each correction, from 1.")]
    subject: Annotated[str, Doc("HMAC pseudonym of the person the expense belongs to.")]
    batch_id: Annotated[str | None, Doc("What was uploaded together.")]
    correlation_id: Annotated[str, Doc("The same from the first event of an expense to its last.")]
    trace_id: Annotated[str, Doc("W3C trace id, 32 hex digits.")]
    stage: Annotated[str, Doc("Stage or producer that wrote the event.")]
    status: Annotated[str, Doc("State of the expense after the event, from the lifecycle table.")]
    occurred_at: Annotated[Instant, Doc("When its cause happened, UTC.")]
    submitted_at: Annotated[Instant, Doc("When the expense was submitted, UTC; decides which policy applies.")]
    problems: Annotated[tuple[Problem, ...], Doc("Doubts so far.")]
    asserted: Annotated[tuple[Assertion, ...], Doc("What persons stated so far.")]
    tables: Annotated[dict[str, str], Doc("Version hash of each table it was decided with.")]
    personal: Annotated[Sealed | None, Doc("Personal fields under the subject's key.")]


E = TypeVar("E", bound=Event)


# Field names that two event types share; there are as many entries as there are steps in the DAG.
_SHARED: dict[tuple[type, type], tuple[str, ...]] = {}


def _shared(source: type[Event], target: type[Event]) -> tuple[str, ...]:
    pair = (source, target)
    if pair not in _SHARED:
        names = {f.name for f in fields(source)}
        _SHARED[pair] = tuple(f.name for f in fields(target) if f.name in names)
    return _SHARED[pair]


def caused(cause: Event, kind: type[E], /, *, stage: str, status: str, part: str = "", **changes: Any) -> E:
    """Return an event of `kind` that `cause` brought about in `stage`.

    Every field both types share is carried over; `changes` gives the rest. The id derives from the cause, the stage,
    the type and `part` (which tells several events of one type apart), so handling the cause again yields the
    same event. `occurred_at` stays the cause's unless given.

    Raises:
        TypeError: a field of `kind` is neither shared with the cause nor given.

    """
    values = {name: getattr(cause, name) for name in _shared(type(cause), kind)}
    values |= changes
    values |= {
        "event_id": derive(cause.event_id, stage, kind.__name__, part),
        "stage": stage,
        "status": status,
    }
    return kind(**values)


def doubt(event: E, *problems: Problem) -> E:
    """Return the event with further problems on it, each kept once."""
    new = tuple(p for p in dict.fromkeys(problems) if p not in event.problems)
    return replace(event, problems=event.problems + new) if new else event


def stamped(event: E, versions: dict[str, str]) -> E:
    """Return the event with the version of each table it was decided with."""
    return replace(event, tables={**event.tables, **versions}) if versions else event
