"""The baseline's card transaction as a stage of this project: its event, its codec, its row, with no envelope around.

The schema is the baseline's thirteen fields and nothing else, so that both sides read and write the same bytes. What
the envelope would carry is told from them where the trail asks for it.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, cast

import fastavro

from bench.baseline import HEAD, MCC, SCHEMA, encode
from consumers.runtime.stage import Handler, Limits, Stage
from consumers.runtime.transport import Fetched, Outgoing
from consumers.runtime.writer import Writer
from schemas.codec import Codec, Undecodable, registry_at
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.topics import Topic

__all__ = ["HANDLER", "BareWriter", "BaselineCodec", "CardTransaction", "row"]


class CardTransaction:
    """A card transaction as the decoder gives it, in the place of an event; nothing of it is ever changed."""

    __slots__ = ("values",)
    ledger = "main"
    revision = 1
    batch_id = None
    stage = "handover"
    status = "submitted"
    tables: Mapping[str, str] = MappingProxyType({})

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    @property
    def event_id(self) -> str:
        """The transaction's id; it stands for expense, correlation and trace too."""
        return self.values["event_id"]  # type: ignore[no-any-return] # a string by its schema

    expense_id = correlation_id = trace_id = event_id

    @property
    def tenant_id(self) -> str:
        """The tenant."""
        return self.values["tenant_id"]  # type: ignore[no-any-return] # as above

    @property
    def subject(self) -> str:
        """The employee."""
        return self.values["employee_id"]  # type: ignore[no-any-return] # as above

    @property
    def occurred_at(self) -> datetime:
        """When it was posted."""
        return self.values["posted_at"]  # type: ignore[no-any-return] # as above

    submitted_at = occurred_at


class BaselineCodec(Codec):
    """Reads and writes the baseline's bytes; the trail's own events as everywhere else."""

    def __init__(self) -> None:
        super().__init__(registry_at("mock://handover"))

    def decode(self, data: bytes | None) -> Event:
        """Return the transaction in the bytes.

        Raises:
            Undecodable: they are none of the baseline's.

        """
        if data is None or data[: len(HEAD)] != HEAD:
            msg = "no card transaction: it begins with a magic byte 0 and schema id 1"
            raise Undecodable(msg)
        try:
            values: Any = fastavro.schemaless_reader(io.BytesIO(data[len(HEAD) :]), SCHEMA, None)
        except Exception as error:
            msg = f"bytes do not fit the card transaction: {type(error).__name__}"
            raise Undecodable(msg) from error
        return cast("Event", CardTransaction(values))

    def encode(self, event: Event) -> bytes:
        """Return the bytes of a transaction or of an event of the trail."""
        if isinstance(event, AuditRecorded):
            return super().encode(event)
        return encode(cast("CardTransaction", event).values)


class BareWriter(Writer):
    """Writes outputs as they are: no headers, no audit event."""

    def write(
        self, source: Fetched, cause: Event, outputs: Sequence[Event], versions: Mapping[str, str]
    ) -> list[Outgoing]:
        """Return one record per output, under its input's key."""
        del cause, versions
        return [Outgoing(self._stage.writes[0].name, source.key, self._codec.encode(o)) for o in outputs]


def change(event: CardTransaction) -> Sequence[CardTransaction]:
    """Give the transaction another merchant category: the step every loop does."""
    return (CardTransaction({**event.values, "mcc": MCC}),)


HANDLER: Final = Handler(handle=cast("Any", change))


def _employee(event: Event) -> str:
    return event.subject


def topic(name: str) -> Topic:
    """Return a topic of card transactions, keyed by employee."""
    return Topic(name, (cast("type[Event]", CardTransaction),), _employee, "employee")


def row(source: str, sink: str, run: str, batch: int) -> Stage:
    """Return the stage's row; `run` names its consumer group, `batch` is the most that one transaction ends."""
    return Stage(run, topic(source), (topic(sink),), handler=__name__, limits=Limits(in_flight=batch))
