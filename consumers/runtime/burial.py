"""What is written in place of a record that cannot be handled: its dead letter, the trail's record, the answer."""

from collections.abc import Mapping

import structlog

from consumers.runtime.clock import Clock, milliseconds
from consumers.runtime.dead_letter import DeadLetterLimit, dead_letter, reason_of
from consumers.runtime.errors import Halted
from consumers.runtime.faults import STOPS, transient_of
from consumers.runtime.stage import Handler, Stage
from consumers.runtime.transport import Fetched, Outgoing
from consumers.runtime.writer import Writer
from schemas.envelope import Event

__all__ = ["Burial"]

_log = structlog.get_logger(__name__)


class Burial:
    """Buries the records of one stage. Its outgoing records belong into the transaction that passes the record."""

    def __init__(self, stage: Stage, handler: Handler, writer: Writer, clock: Clock, limit: DeadLetterLimit) -> None:
        self._stage, self._handler, self._writer, self._clock, self._limit = stage, handler, writer, clock, limit

    def bury(
        self, record: Fetched, event: Event | None, error: BaseException, versions: Mapping[str, str]
    ) -> list[Outgoing]:
        """Return the dead letter and what goes beside it.

        Raises:
            Halted: the stage stops where others dead-letter, or too many records died.
            RegistryUnavailable: a schema could not be registered; try again.

        """
        name = self._stage.name
        if self._stage.halts:
            msg = f"{name} cannot handle {record.topic}/{record.partition}/{record.offset}: {error}"
            raise Halted(msg) from error
        beside = self._beside(record, event, reason_of(error), versions)
        # By the clock that only rises: after the other was set back, letters of long ago would count as of just now.
        self._limit.note(int(self._clock.monotonic() * 1000))
        now_ms = milliseconds(self._clock.now())
        return [dead_letter(record, error, group=name, stage=name, timestamp_ms=now_ms), *beside]

    def _beside(self, record: Fetched, event: Event | None, reason: str, versions: Mapping[str, str]) -> list[Outgoing]:
        answer = self._handler.on_dead_letter
        if answer is None or event is None:
            return self._writer.buried(record, event, reason, (), versions)
        try:
            return self._writer.buried(record, event, reason, answer(event, reason), versions)
        except STOPS:
            raise
        except Exception as error:
            if transient_of(error):
                raise
            # Whoever waits for the answer has a time limit of his own; the partition must not stand still for it.
            # Its text may quote the document, so the log names only its type.
            name = type(error).__name__
            _log.error("no answer beside the dead letter", expense_id=event.expense_id, reason=reason, exception=name)
            return self._writer.buried(record, event, reason, (), versions)
