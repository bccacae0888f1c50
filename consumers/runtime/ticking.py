"""A tick is handled a bounded piece at a time: one may bring up everything that has waited through an outage."""

from consumers.runtime.clock import Clock
from consumers.runtime.ownership import Ownership
from consumers.runtime.partition import Task
from consumers.runtime.pending import Journal
from consumers.runtime.stage import Handler, Stage
from consumers.runtime.transport import Outgoing
from consumers.runtime.writer import Writer
from schemas.events import TickElapsed

__all__ = ["Ticking"]


class Ticking:
    """Runs a stage's `on_tick` within the row's `tick_seconds` and `tick_bytes`.

    Unbounded, its outputs would outlast the time limit of their transaction or overfill the client, and the tick, which
    is what frees the partition of them, would never be done.
    """

    def __init__(self, stage: Stage, handler: Handler, writer: Writer, ownership: Ownership, clock: Clock) -> None:
        self._limits, self._handler, self._writer = stage.limits, handler, writer
        self._own, self._clock = ownership, clock

    def advance(
        self, task: Task, tick: TickElapsed, given: dict[str, object]
    ) -> tuple[bool, int, list[Outgoing], Journal]:
        """Go on with a tick: whether that ends it, how many events it brought, what is to be written, what it changed.

        Raises:
            Poisoned: the state of one key is too large.

        """
        records: list[Outgoing] = []
        view, ended, events = task.partition.view, True, 0
        began, size = self._clock.monotonic(), 0
        groups = self._handler.on_tick(tick, task.partition.state, **given) if self._handler.on_tick else ()
        for group in groups:
            written = self._writer.write(task.record, tick, group, task.versions)
            records.extend(written)
            events += len(group)
            size += sum(len(r.value or b"") for r in written)
            if size >= self._limits.tick_bytes or self._clock.monotonic() - began >= self._limits.tick_seconds:
                ended = False
                break
        journal = view.take() if view else {}
        self._own.hold_to_size(journal)
        return ended, events, records, journal
