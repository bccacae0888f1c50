"""The baseline's card transaction as a stage of this project: its event, its codec, its row, with no envelope around.

The schema is the baseline's thirteen fields and nothing else, so that both sides read and write the same bytes. What
the envelope would carry is told from them where the trail asks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, cast

from bench.baseline import HEAD, MCC
from consumers.runtime.stage import Handler, Limits, Stage
from consumers.runtime.transport import Fetched, Outgoing
from consumers.runtime.writer import Writer
from schemas.codec import Codec, Undecodable, registry_at
from schemas.compiled import UNUSUAL, quick
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.fields import Doc, Instant, Logical
from schemas.topics import Topic

__all__ = ["HANDLER", "BareWriter", "BaselineCodec", "CardTransaction", "row"]


# The baseline's decimals: 18 digits, four of them after the point.
_Amount = Annotated[Decimal, Logical("bytes", "decimal", 18, 4)]


@dataclass(frozen=True, slots=True)
class CardTransaction:
    """A card transaction in the place of an event: the baseline's fields, in the order of its schema."""

    event_id: Annotated[str, Doc("Its id; it stands for expense, correlation and trace too.")]
    tenant_id: Annotated[str, Doc("Tenant.")]
    employee_id: Annotated[str, Doc("Employee.")]
    card_last4: Annotated[str, Doc("Last digits of the card.")]
    posted_at: Annotated[Instant, Doc("When it was posted.")]
    merchant: Annotated[str, Doc("Merchant as the feed names it.")]
    mcc: Annotated[str | None, Doc("Merchant category code.")]
    amount: Annotated[_Amount, Doc("Amount.")]
    currency: Annotated[str, Doc("ISO 4217 currency.")]
    country: Annotated[str | None, Doc("ISO 3166-1 country.")]
    department: Annotated[str, Doc("Department.")]
    role: Annotated[str, Doc("Role.")]
    project: Annotated[str | None, Doc("Project.")]

    ledger = "main"
    revision = 1
    batch_id = None
    stage = "handover"
    status = "submitted"
    tables: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @property
    def expense_id(self) -> str:
        """The transaction's id."""
        return self.event_id

    correlation_id = trace_id = expense_id

    @property
    def subject(self) -> str:
        """The employee."""
        return self.employee_id

    @property
    def occurred_at(self) -> datetime:
        """When it was posted."""
        return self.posted_at

    submitted_at = occurred_at


class BaselineCodec(Codec):
    """Reads and writes the baseline's bytes as the project's codec does its own; the trail's events as everywhere."""

    def __init__(self) -> None:
        super().__init__(registry_at("mock://handover"))
        self._quick = quick(cast("type[Event]", CardTransaction))

    def decode(self, data: bytes | None) -> Event:
        """Return the transaction in the bytes.

        Raises:
            Undecodable: they are none of the baseline's.

        """
        if data is None or data[: len(HEAD)] != HEAD:
            msg = "no card transaction: it begins with a magic byte 0 and schema id 1"
            raise Undecodable(msg)
        try:
            event, end = self._quick.read(data, len(HEAD), {})
        except UNUSUAL as error:
            msg = f"bytes do not fit the card transaction: {type(error).__name__}"
            raise Undecodable(msg) from error
        if end != len(data):
            msg = f"a card transaction ends at byte {end} of {len(data)}"
            raise Undecodable(msg)
        return event

    def encode(self, event: Event) -> bytes:
        """Return the bytes of a transaction or of an event of the trail."""
        if isinstance(event, AuditRecorded):
            return super().encode(event)
        pieces = [HEAD]
        self._quick.write(event, pieces.append, {})
        return b"".join(pieces)


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
    return (replace(event, mcc=MCC),)


HANDLER: Final = Handler(handle=cast("Any", change))


def _employee(event: Event) -> str:
    return event.subject


def topic(name: str) -> Topic:
    """Return a topic of card transactions, keyed by employee."""
    return Topic(name, (cast("type[Event]", CardTransaction),), _employee, "employee")


def row(source: str, sink: str, run: str, batch: int) -> Stage:
    """Return the stage's row; `run` names its consumer group, `batch` is the most that one transaction ends."""
    return Stage(run, topic(source), (topic(sink),), handler=__name__, limits=Limits(in_flight=batch))
