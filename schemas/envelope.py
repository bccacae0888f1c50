"""The envelope every event wears, and how one event is caused by another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from schemas.fields import Doc, Instant
from schemas.frozen import changed, defaults, draft, setters
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


_Make = Callable[[Event, Mapping[str, Any]], Any]
# There are as many entries as there are steps in the DAG.
_STEPS: dict[tuple[type, type, tuple[str, ...]], _Make] = {}
_OWN = frozenset({"event_id", "stage", "status"})


def _step(source: type[Event], target: type[Event], given: tuple[str, ...]) -> _Make:
    """Return what makes an event of one type from one of another, with these fields given.

    Written out field by field, as `dataclasses` writes constructors: every event of every stage is made here.

    Raises:
        TypeError: a field is neither shared nor given and has no default, or a given one is no field.

    """
    places, shared, rest = setters(target), setters(source).keys(), defaults(target)
    needed = places.keys() - shared - rest.keys() - _OWN
    if wrong := (needed - set(given)) | (set(given) - places.keys()):
        msg = f"{target.__name__}: {', '.join(sorted(wrong))} must be given, or is no field of it"
        raise TypeError(msg)
    names: dict[str, Any] = {"new": object.__new__, "target": target, "Draft": draft(target)}
    lines = ["def make(cause, given):", " made = new(Draft)"]
    for name in places:
        if name in given or name in _OWN:
            value = f"given[{name!r}]"
        elif name in shared:
            value = f"cause.{name}"
        else:
            names[f"rest_{name}"] = rest[name]
            value = f"rest_{name}"
        lines.append(f" made.{name} = {value}")
    lines += [" made.__class__ = target", " return made"]
    exec("\n".join(lines), names)  # noqa: S102 - the text is made from the project's own types
    made: _Make = names["make"]
    return made


def caused(cause: Event, kind: type[E], /, *, stage: str, status: str, part: str = "", **changes: Any) -> E:
    """Return an event of `kind` that `cause` brought about in `stage`.

    Every field both types share is carried over; `changes` gives the rest. The id derives from the cause, the stage,
    the type and `part` (which tells several events of one type apart), so handling the cause again yields the
    same event. `occurred_at` stays the cause's unless given.

    Raises:
        TypeError: a field of `kind` is neither shared with the cause nor given.

    """
    step = type(cause), kind, tuple(changes)
    make = _STEPS.get(step)
    if make is None:
        make = _STEPS[step] = _step(*step)
    changes["event_id"] = derive(cause.event_id, stage, kind.__name__, part)
    changes["stage"], changes["status"] = stage, status
    made: E = make(cause, changes)
    return made


def doubt(event: E, *problems: Problem) -> E:
    """Return the event with further problems on it, each kept once."""
    new = tuple(p for p in dict.fromkeys(problems) if p not in event.problems)
    return changed(event, problems=event.problems + new) if new else event


def stamped(event: E, versions: dict[str, str]) -> E:
    """Return the event with the version of each table it was decided with."""
    return changed(event, tables={**event.tables, **versions}) if versions else event
