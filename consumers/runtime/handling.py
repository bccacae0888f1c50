"""From a fetched record to what its handler answers, in the polling thread."""

from collections.abc import Mapping
from typing import Any, Final

from consumers.runtime.clock import instant
from consumers.runtime.errors import Poisoned
from consumers.runtime.partition import Task
from consumers.runtime.stage import Handler, Stage
from consumers.runtime.transport import Fetched
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.frozen import changed

__all__ = ["OWN", "Handling"]

# What the polling thread itself has for a handler that asks for it.
OWN: Final = frozenset({"codec"})


class Handling:
    """Decodes a stage's records and runs its inline handler on them. `given` are capabilities and tables by name."""

    def __init__(self, stage: Stage, handler: Handler, codec: Codec) -> None:
        self._handler, self._codec, self._kinds = handler, codec, frozenset(stage.reads.events)
        self._own = {"codec": codec} if "codec" in handler.capabilities else {}
        self.given: dict[str, Any] = {}

    def give(self, *given: Mapping[str, Any]) -> None:
        """Take what the handler gets with every event, by name, beside what the polling thread has itself."""
        self.given = dict(self._own)
        for some in given:
            self.given.update(some)

    def decode(self, record: Fetched) -> Event:
        """Return the record's event; one of the trail is told when it was recorded.

        Raises:
            Undecodable, RegistryUnavailable: see the codec.
            Poisoned: the event does not belong in the topic.

        """
        event = self._codec.decode(record.value)
        if type(event) not in self._kinds:
            reason = "FOREIGN_EVENT"
            msg = f"{type(event).__name__} does not belong in {record.topic}"
            raise Poisoned(reason, msg)
        return changed(event, recorded_at=instant(record.timestamp_ms)) if type(event) is AuditRecorded else event

    def expense(self, task: Task) -> str | None:
        """Return whose record a task is, None where it cannot be read; its attempt meets that again and judges it."""
        if task.event is None:
            try:
                task.event = self.decode(task.record)
            except Exception:  # noqa: BLE001 - judged where the task is attempted
                return None
        return task.event.expense_id

    def run(self, task: Task, event: Event) -> list[Event]:
        """Return what the inline handler answers; what it wrote to its state is in the task's journal then."""
        handler, partition = self._handler, task.partition
        outputs: Any
        if handler.state is None:
            outputs = handler.handle(event, **self.given)
        else:
            outputs = handler.handle(event, partition.state, **self.given)
        # A generator runs here, while what it writes to the state still counts as this record's.
        produced: list[Event] = list(outputs)
        if partition.view:
            task.journal = partition.view.take()
        return produced
