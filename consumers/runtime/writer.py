"""From a handler's events to records: checked against the row, traced, and with their audit events beside them."""

import hashlib
from collections.abc import Mapping, Sequence

from audit.step import DEAD_LETTERED, READ_AFTER_ALL
from config.residency import Residency, WrongRegion
from consumers.runtime.clock import instant
from consumers.runtime.errors import Poisoned
from consumers.runtime.stage import Stage
from consumers.runtime.transport import Fetched, Outgoing
from schemas.codec import Codec
from schemas.dead_letters import REPLAY_ORIGIN
from schemas.envelope import Event, stamped
from schemas.events import AuditRecorded, ReviewResolved, TickElapsed
from schemas.identity import derive, trace_id
from schemas.lifecycle import State, check
from schemas.recorded import recorded
from schemas.topics import AUDIT_EVENTS
from schemas.trace import traceparent

__all__ = ["RECORD_OVERHEAD", "Writer"]

# Kafka counts key, headers and batch framing too; 16 KiB is more than ours ever are.
RECORD_OVERHEAD = 16 * 1024
_WRONG_REGION = "WRONG_REGION"


class Writer:
    """Turns outputs into records for one stage.

    `stages` are the names of all stages: an event written by none of them came from a producer, and an entry stage
    records it in the trail on the producer's behalf.
    """

    def __init__(self, stage: Stage, codec: Codec, stages: frozenset[str], residency: Residency | None = None) -> None:
        self._stage, self._codec, self._stages = stage, codec, stages
        # What writes the trail itself also tells of what was refused: only stages that can dead-letter hold to regions.
        self._residency = residency if stage.audited else None
        self._allowed = {kind: topic for topic in stage.writes for kind in topic.events}

    def hold(self, event: Event) -> None:
        """Refuse an event of a tenant whose data may not be in this region, before anything is done about it.

        Raises:
            Poisoned: it may not; the dead letter keeps it whole.

        """
        if self._residency is None or isinstance(event, TickElapsed):
            return
        context = getattr(event, "context", None)
        try:
            self._residency.hold(event.tenant_id, context.region if context else None)
        except WrongRegion as error:
            raise Poisoned(_WRONG_REGION, str(error)) from error

    def write(
        self, source: Fetched, cause: Event, outputs: Sequence[Event], versions: Mapping[str, str]
    ) -> list[Outgoing]:
        """Return the records of a handled event, and the trail's word where it settles a dead letter that none knew.

        Raises:
            IllegalTransition: an output's status is no legal step from the cause's.
            ContractViolated: an output does not fit its schema.
            Poisoned: an output is of a type the row does not write, or larger than its topic takes.
            RegistryUnavailable: a schema could not be registered.

        """
        records = self._written(source, cause, outputs, versions)
        if self._stage.audited and source.headers and source.header(REPLAY_ORIGIN) is not None:
            records.append(self._read_after_all(source, cause))
        return records

    def _written(
        self, source: Fetched, cause: Event, outputs: Sequence[Event], versions: Mapping[str, str]
    ) -> list[Outgoing]:
        records = []
        if self._stage.entry and cause.stage not in self._stages and not isinstance(cause, TickElapsed):
            records.append(self._audit(source, cause, cause, source.topic, source.value or b""))
        for output in outputs:
            if self._residency is not None:
                self.hold(output)
            topic = self._allowed.get(type(output))
            if topic is None:
                reason = "UNDECLARED_OUTPUT"
                msg = f"{type(output).__name__} is not in the writes of stage {self._stage.name}"
                raise Poisoned(reason, msg)
            # What is written about another expense (a budget that was freed) is no step of this one.
            if output.expense_id == cause.expense_id:
                check(cause.status, output.status)
            event = stamped(output, dict(versions)) if versions else output
            value = self._codec.encode(event)
            if len(value) > topic.max_message_bytes - RECORD_OVERHEAD:
                reason = "RECORD_TOO_LARGE"
                msg = f"{type(output).__name__} has {len(value)} bytes; {topic.name} takes {topic.max_message_bytes}"
                raise Poisoned(reason, msg)
            partition = source.partition if topic.same_partition else None
            records.append(Outgoing(topic.name, topic.key(event).encode(), value, _headers(event), partition))
            if self._stage.audited:
                records.append(self._audit(source, cause, event, topic.name, value))
        return records

    def ended(self, records: Sequence[Outgoing]) -> int:
        """Return how many of the records are the stage's own outputs, not its audit events."""
        return sum(r.topic != AUDIT_EVENTS.name for r in records)

    def _audit(self, source: Fetched, cause: Event, event: Event, topic: str, value: bytes) -> Outgoing:
        resolved = event if isinstance(event, ReviewResolved) else cause if isinstance(cause, ReviewResolved) else None
        event_id = derive(event.event_id, "audit")
        data = recorded(
            self._codec,
            event,
            event_id=event_id,
            cause_id=cause.event_id,
            source=_place(source),
            topic=topic,
            output=value,
            output_sha256=hashlib.sha256(value).hexdigest(),
            by=(resolved.actor, resolved.reason) if resolved else None,
        )
        return Outgoing(
            AUDIT_EVENTS.name,
            AUDIT_EVENTS.key(event).encode(),
            data,
            (("traceparent", traceparent(event.trace_id, event_id)),),
        )

    def buried(
        self, source: Fetched, cause: Event | None, reason: str, answered: Sequence[Event], versions: Mapping[str, str]
    ) -> list[Outgoing]:
        """Return the trail's record of a dead letter, and what the handler answers in its place.

        `answered` keeps the expense alive (a join goes on without this track), so its state does not change then.
        """
        records: list[Outgoing] = []
        if reason == _WRONG_REGION:
            # An answer in its place would be about that tenant too.
            answered = ()
        if cause is not None:
            records = self._written(source, cause, answered, versions)
        if self._stage.audited:
            records.append(self._dead(source, cause, reason, alive=bool(answered)))
        return records

    def _dead(self, source: Fetched, cause: Event | None, reason: str, *, alive: bool) -> Outgoing:
        known = _Unknown(source) if cause is None else cause
        status = known.status if alive else State.DEAD_LETTERED
        return self._beside(source, known, status, DEAD_LETTERED, reason)

    def _read_after_all(self, source: Fetched, cause: Event) -> Outgoing:
        """Say of what could not be read which expense it is, so that nobody looks for another one."""
        return self._beside(source, _Unknown(source), State.MERGED, READ_AFTER_ALL, cause.expense_id)

    def _beside(self, source: Fetched, known: "Event | _Unknown", status: str, action: str, reason: str) -> Outgoing:
        place = _place(source)
        event = AuditRecorded(
            event_id=derive(known.event_id, self._stage.name, action, place),
            tenant_id=known.tenant_id,
            ledger=known.ledger,
            expense_id=known.expense_id,
            revision=known.revision,
            subject=known.subject,
            batch_id=known.batch_id,
            correlation_id=known.correlation_id,
            trace_id=known.trace_id,
            stage=self._stage.name,
            status=status,
            occurred_at=known.occurred_at,
            submitted_at=known.submitted_at,
            problems=(),
            asserted=(),
            tables={},
            personal=None,
            action=action,
            cause_id=known.event_id,
            source=place,
            topic=None,
            output=None,
            output_sha256=None,
            reason=reason,
        )
        return Outgoing(AUDIT_EVENTS.name, AUDIT_EVENTS.key(event).encode(), self._codec.encode(event), _headers(event))


def _place(source: Fetched) -> str:
    return f"{source.topic}/{source.partition}/{source.offset}"


def _headers(event: Event) -> tuple[tuple[str, bytes], ...]:
    return (("traceparent", traceparent(event.trace_id, event.event_id)),)


class _Unknown:
    """Stands for the cause of a record that could not be decoded: its place in the log is all that is known of it.

    A replay lies elsewhere and names the place where the record lay first.
    """

    def __init__(self, source: Fetched) -> None:
        origin = source.header(REPLAY_ORIGIN)
        place = _place(source) if origin is None else origin.decode(errors="replace")
        self.event_id = derive("record", place)
        self.expense_id = self.correlation_id = derive("undecodable", place)
        self.trace_id = trace_id(self.correlation_id)
        self.tenant_id = self.ledger = self.subject = "unknown"
        self.status = str(State.SUBMITTED)
        self.revision = 1
        self.batch_id: str | None = None
        self.occurred_at = self.submitted_at = instant(source.timestamp_ms)
