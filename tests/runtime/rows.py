"""Small stages for tests of the runner: events of the contracts, topics and rows of their own.

An input is a `BatchProgressed`: `expense_id` is its key, `member` its number within the key, `state` tells a test
handler what to do. An output is a `ReviewRefused`: `action` is the number, `reason` what the handler saw.
"""

from dataclasses import replace
from datetime import UTC, datetime

from consumers.runtime.stage import Lane, Limits, Stage
from producers.opening import opening
from schemas.envelope import Event, caused
from schemas.events import BatchProgressed, ReviewRefused, TickElapsed
from schemas.identity import derive
from schemas.topics import Topic

__all__ = ["IN", "OUT", "SUBMITTED_AT", "answer", "inbound", "row", "tick", "told"]

SUBMITTED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _key(event: Event) -> str:
    return event.expense_id


IN = Topic("t.in", (BatchProgressed, TickElapsed), _key, "key")
OUT = Topic("t.out", (ReviewRefused,), _key, "key")


def inbound(key: str, number: int, command: str = "ok", *, submitted_at: datetime = SUBMITTED_AT) -> BatchProgressed:
    """Return the `number`-th input of a key."""
    begun = opening(
        BatchProgressed,
        key,
        str(number),
        command,
        tenant="tenant",
        expense_id=key,
        at=SUBMITTED_AT,
        stage="test",
        subject="person",
        status="submitted",
        member=str(number),
        state=command,
    )
    return replace(begun, submitted_at=submitted_at)


def tick(moment: datetime) -> TickElapsed:
    """Return the time as an event."""
    event = inbound("tick", 0)
    return caused(
        replace(event, event_id=derive("tick", moment.isoformat())),
        TickElapsed,
        stage="ticker",
        status="submitted",
        occurred_at=moment,
        submitted_at=moment,
    )


def answer(event: BatchProgressed, seen: str, *, stage: str = "test", part: str = "") -> ReviewRefused:
    """Return the output of an input."""
    return caused(event, ReviewRefused, stage=stage, status=event.status, part=part, action=event.member, reason=seen)


def told(event: Event) -> tuple[str, int, str]:
    """Return key, number and what the handler saw of an output."""
    assert isinstance(event, ReviewRefused)
    return event.expense_id, int(event.action), event.reason


def row(
    handler: str = "tests.runtime.handlers.echo",
    *,
    name: str = "test",
    lane: Lane = Lane.INLINE,
    stateful: bool = False,
    limits: Limits | None = None,
    audited: bool = True,
    halts: bool = False,
    tables: tuple[Topic, ...] = (),
    reads: Topic = IN,
    writes: tuple[Topic, ...] = (OUT,),
) -> Stage:
    """Return a row; see `consumers.stages` for real ones."""
    return Stage(
        name,
        reads=reads,
        writes=writes,
        handler=handler,
        lane=lane,
        stateful=stateful,
        tables=tables,
        limits=limits or Limits(),
        audited=audited,
        halts=halts,
    )
