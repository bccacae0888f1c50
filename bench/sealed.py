"""What the logs say of a run: which lines were decided, sealed and ended, how often, and when."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from consumers.runtime.transport import Fetched
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import AuditSealed, ExpenseDecided, ExpensePosted
from schemas.lifecycle import ENDS, WAITING, State
from streams.client import client_settings
from streams.tail import KafkaTail

__all__ = ["Tally", "differing", "records", "tally"]

_TIMEOUT_S: Final = 60.0
# What the screen stage leaves an expense in.
_DECIDED: Final = frozenset({State.DECIDED, State.AWAITING_RECEIPT, State.MERGED})


@dataclass(slots=True)
class Tally:
    """What became of a run's lines. Moments are milliseconds since 1970 as the topics have them, 0 for none.

    `entries` is how many were sealed, those of batches with them.
    """

    decided: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    decided_at_ms: int = 0
    ended_at_ms: int = 0
    duplicates: int = 0
    entries: int = 0

    def lost(self, lines: int) -> int:
        """Return how many of the lines were not decided and sealed, or never came to an end."""
        return lines - len(self.decided & self.ended)


def records(bootstrap: str, topic: str) -> Iterator[Fetched]:
    """Yield every committed record of a topic, a chunk in memory at a time.

    Raises:
        TransportLost: the brokers do not answer.

    """
    with closing(KafkaTail(client_settings(bootstrap, {}), topic, None, None, _TIMEOUT_S)) as tail:
        while chunk := tail.catch_up():
            yield from chunk


def tally(sealed: Iterable[tuple[int, Event]], handed_over: Iterable[Event]) -> Tally:
    """Return what entries of the audit log say, each with its moment, and what was handed over twice.

    `handed_over` are the decisions and postings as their topics have them: the audit log holds each only once,
    whatever came. A line is sealed as decided and as ended once; the last such entry is the end of the run.
    """
    found = Tally()
    for at_ms, entry in sealed:
        if not isinstance(entry, AuditSealed):
            continue
        found.entries += 1
        if entry.status in _DECIDED:
            found.decided.add(entry.expense_id)
            found.decided_at_ms = max(found.decided_at_ms, at_ms)
        if entry.status in ENDS | WAITING:
            found.ended.add(entry.expense_id)
            found.ended_at_ms = max(found.ended_at_ms, at_ms)
    seen: set[str] = set()
    posted: set[str] = set()
    for event in handed_over:
        again = event.event_id in seen or (isinstance(event, ExpensePosted) and event.expense_id in posted)
        found.duplicates += again and isinstance(event, ExpenseDecided | ExpensePosted)
        seen.add(event.event_id)
        if isinstance(event, ExpensePosted):
            posted.add(event.expense_id)
    return found


def differing(first: Iterable[Fetched], second: Iterable[Fetched], codec: Codec) -> int:
    """Return how many decisions were not made again to the last byte, or were made that were not before."""
    before = dict(_decisions(first, codec))
    differs = 0
    for event_id, value in _decisions(second, codec):
        differs += before.pop(event_id, None) != value
    return differs + len(before)


def _decisions(found: Iterable[Fetched], codec: Codec) -> Iterator[tuple[str, int]]:
    for record in found:
        event = codec.decode(record.value)
        # `approval` writes decisions too, and persons their resolutions; only what `screen` decided is made again.
        if isinstance(event, ExpenseDecided) and event.stage == "screen":
            yield event.event_id, hash(record.value)
