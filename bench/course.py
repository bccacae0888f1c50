"""Two small stages for benches of failure: one without state, one that counts; real rows for the real stage process.

An input is a `BatchProgressed`: `expense_id` is its key, `member` its number within the key. The first stage hands it
on as it is; the second answers with a `ReviewRefused` whose `action` is the number and whose `reason` is how many of
the key it has counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from consumers.runtime.stage import Handler, Limits, Stage, Store
from producers.opening import opening
from schemas.envelope import Event, caused
from schemas.events import BatchProgressed, ReviewRefused
from schemas.identity import derive
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS, Topic

__all__ = ["COUNT", "OUTPUT", "RELAY", "STAGES", "TOPICS", "inbound"]

_MOMENT: Final = datetime(2026, 11, 1, tzinfo=UTC)


def _key(event: Event) -> str:
    return event.expense_id


_INPUT: Final = Topic("bench.in", (BatchProgressed,), _key, "key")
_BETWEEN: Final = Topic("bench.relayed", (BatchProgressed,), _key, "key")
# Stamped on arrival, so that the longest time without an output can be told from the log alone.
OUTPUT: Final = Topic("bench.counted", (ReviewRefused,), _key, "key", append_time=True)
RELAY: Final = Stage("bench-relay", _INPUT, (_BETWEEN,), "bench.relay", limits=Limits(in_flight=500))
COUNT: Final = Stage("bench-count", _BETWEEN, (OUTPUT,), "bench.count", stateful=True, limits=Limits(in_flight=500))
STAGES: Final = (RELAY, COUNT)
TOPICS: Final = (_INPUT, _BETWEEN, OUTPUT, AUDIT_EVENTS, DEAD_LETTERS, *(s.changelog for s in STAGES if s.changelog))


def inbound(key: str, number: int) -> BatchProgressed:
    """Return the `number`-th input of a key."""
    return opening(
        BatchProgressed,
        key,
        str(number),
        tenant="bench",
        expense_id=key,
        at=_MOMENT,
        stage="bench",
        status="submitted",
        member=str(number),
        state="submitted",
    )


def _relay(event: BatchProgressed) -> Sequence[BatchProgressed]:
    return (replace(event, event_id=derive(event.event_id, RELAY.name), stage=RELAY.name),)


def _count(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
    seen = int(state.get(event.expense_id) or b"0") + 1
    state.put(event.expense_id, b"%d" % seen)
    return (caused(event, ReviewRefused, stage=COUNT.name, status=event.status, action=event.member, reason=str(seen)),)


HANDLERS: Final = {RELAY.name: Handler(_relay), COUNT.name: Handler(_count, state=lambda store: store)}
