"""Dead letters: the record as it came, and why it could not be handled.

Written in the same transaction as the offset that passes the record: either both happen or neither. Past a rate the
stage halts, because then the fault is the stage's, and dead-lettering everything would only hide it.
"""

import traceback
from collections import deque
from dataclasses import dataclass

from consumers.runtime.errors import Halted, Poisoned
from consumers.runtime.lanes.lane import WorkerDied
from consumers.runtime.transport import Fetched, Outgoing
from schemas.codec import Codec, ContractViolated, Undecodable
from schemas.dead_letters import REPLAY_COUNT, REPLAY_ORIGIN, marked
from schemas.topics import DEAD_LETTERS

__all__ = ["WORKER_DIED", "DeadLetterLimit", "dead_letter", "reason_of", "replays"]

WORKER_DIED = "WORKER_DIED"
_MESSAGE_BYTES = 2_000


def reason_of(error: BaseException) -> str:
    """Return the short upper-case code of an error."""
    if isinstance(error, Poisoned):
        return error.reason
    if isinstance(error, Undecodable):
        return "UNDECODABLE"
    if isinstance(error, ContractViolated):
        return "CONTRACT_VIOLATED"
    if isinstance(error, WorkerDied):
        return WORKER_DIED
    return "HANDLER_FAILED"


def replays(record: Fetched) -> int:
    """Return how often the record came back from the dead letters."""
    count = record.header(REPLAY_COUNT)
    return int(count) if count and count.isdigit() else 0


def dead_letter(record: Fetched, error: BaseException, *, group: str, stage: str, timestamp_ms: int) -> Outgoing:
    """Return the record for `expense.dlq`: original key, value and headers, and the `__dlq.errors.*` headers.

    An error's message may quote the record, so only messages of our own exceptions are kept; of others the type
    and the place in the code tell enough.
    """
    ours = isinstance(error, (Poisoned, Undecodable, ContractViolated, WorkerDied))
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno}" if frames else "an unknown place"
    message = str(error) if ours else f"{type(error).__name__} at {place}"
    schema_id = Codec.schema_id(record.value)
    told: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "group": group,
        "message": message.encode()[:_MESSAGE_BYTES].decode(errors="ignore"),
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "stage": stage,
        "timestamp": timestamp_ms,
        "class": reason_of(error),
        "schema.id": "" if schema_id is None else schema_id,
        "replay.count": replays(record),
    }
    origin = record.header(REPLAY_ORIGIN)
    if origin is not None:
        told["origin"] = origin.decode(errors="replace")
    return Outgoing(DEAD_LETTERS.name, record.key, record.value, marked(record.headers, told))


@dataclass(frozen=True, slots=True)
class _Rate:
    count: int
    window_ms: int


class DeadLetterLimit:
    """Halts the stage when more than `count` records die within `window_ms`."""

    def __init__(self, count: int = 200, window_ms: int = 60_000) -> None:
        self._rate = _Rate(count, window_ms)
        self._times: deque[int] = deque()

    def note(self, now_ms: int) -> None:
        """Count one dead letter.

        Raises:
            Halted: the rate is over the limit.

        """
        self._times.append(now_ms)
        while self._times[0] <= now_ms - self._rate.window_ms:
            self._times.popleft()
        if len(self._times) > self._rate.count:
            msg = (
                f"more than {self._rate.count} dead letters within {self._rate.window_ms / 1000:.0f} s: "
                "the stage itself is at fault, or its input is; see `spendtrail dlq list`"
            )
            raise Halted(msg)
