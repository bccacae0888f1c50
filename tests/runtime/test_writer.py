"""From a handler's events to records."""

from dataclasses import replace

import pytest

from consumers.runtime.clock import milliseconds
from consumers.runtime.errors import Poisoned
from consumers.runtime.transport import Fetched
from consumers.runtime.writer import Writer
from schemas.envelope import Event
from schemas.events import AuditRecorded
from schemas.lifecycle import IllegalTransition
from schemas.topics import AUDIT_EVENTS
from schemas.trace import traceparent
from tests.runtime.rig import CODEC
from tests.runtime.rows import IN, OUT, SUBMITTED_AT, answer, inbound, row

CAUSE = inbound("key", 1)
SOURCE = Fetched("t.in", 2, 7, b"key", CODEC.encode(CAUSE), (), milliseconds(SUBMITTED_AT))


def _writer(**changes: bool) -> Writer:
    return Writer(replace(row(), **changes), CODEC, frozenset({"test"}))  # type: ignore[arg-type] # only flags are varied


def _audit(value: bytes | None) -> AuditRecorded:
    event = CODEC.decode(value)
    assert isinstance(event, AuditRecorded)
    return event


def test_an_output_goes_to_its_topic_with_its_audit_event() -> None:
    """Both records carry the trace; the audit event holds the output's bytes and where the input was."""
    output, audit = _writer().write(SOURCE, CAUSE, [answer(CAUSE, "x")], {"policies": "v1"})
    event = CODEC.decode(output.value)
    assert (output.topic, output.key, audit.topic, audit.key) == ("t.out", b"key", AUDIT_EVENTS.name, b"key")
    assert event.tables == {"policies": "v1"}
    assert dict(output.headers) == {"traceparent": traceparent(event.trace_id, event.event_id)}
    recorded = _audit(audit.value)
    assert recorded.output == output.value
    assert (recorded.action, recorded.source, recorded.cause_id) == ("ReviewRefused", "t.in/2/7", CAUSE.event_id)


def test_the_same_input_gives_the_same_bytes() -> None:
    """A record handled twice is written twice alike, so that whoever keeps the last keeps the same."""
    assert _writer().write(SOURCE, CAUSE, [answer(CAUSE, "x")], {}) == _writer().write(
        SOURCE, CAUSE, [answer(CAUSE, "x")], {}
    )


def test_an_entry_stage_records_what_a_producer_wrote() -> None:
    """What enters is in the trail too; what another stage wrote was recorded by that stage."""
    entered = _writer(entry=True).write(SOURCE, replace(CAUSE, stage="upload"), [], {})
    assert [_audit(r.value).action for r in entered] == ["BatchProgressed"]
    assert _writer(entry=True).write(SOURCE, CAUSE, [], {}) == []


def test_stages_that_are_the_trail_write_no_audit_event() -> None:
    """Recording the recording would never end."""
    assert [r.topic for r in _writer(audited=False).write(SOURCE, CAUSE, [answer(CAUSE, "x")], {})] == ["t.out"]


def test_an_output_outside_the_row_is_refused() -> None:
    """A stage writes only what its row says."""
    with pytest.raises(Poisoned, match="not in the writes") as raised:
        _writer().write(SOURCE, CAUSE, [inbound("key", 2)], {})
    assert raised.value.reason == "UNDECLARED_OUTPUT"


def test_an_output_larger_than_its_topic_takes_is_refused() -> None:
    """Written, it would make the transaction fail for ever."""
    with pytest.raises(Poisoned) as raised:
        _writer().write(SOURCE, CAUSE, [answer(CAUSE, "x" * OUT.max_message_bytes)], {})
    assert raised.value.reason == "RECORD_TOO_LARGE"


def test_an_illegal_step_is_no_fault_of_the_record() -> None:
    """A step outside the lifecycle table is told apart from poison."""
    output: Event = replace(answer(CAUSE, "x"), status="posted")
    with pytest.raises(IllegalTransition, match="posted"):
        _writer().write(SOURCE, CAUSE, [output], {})


def test_a_topic_that_keeps_partitions_gets_its_causes_partition() -> None:
    """Where one reader must see all of an expense in order, outputs stay on the partition they came from."""
    out = replace(OUT, same_partition=True)
    writer = Writer(replace(row(), writes=(out,)), CODEC, frozenset())
    assert [r.partition for r in writer.write(SOURCE, CAUSE, [answer(CAUSE, "x")], {})] == [2, None]


def test_a_dead_letter_is_in_the_trail() -> None:
    """The expense ends as dead-lettered, or lives on where the stage answers in its place."""
    (dead,) = _writer().buried(SOURCE, CAUSE, "BAD", (), {})
    assert (_audit(dead.value).action, _audit(dead.value).status) == ("DeadLettered", "dead_lettered")
    answered, *_, dead = _writer().buried(SOURCE, CAUSE, "BAD", [answer(CAUSE, "failed")], {})
    assert answered.topic == "t.out"
    assert (_audit(dead.value).status, _audit(dead.value).reason) == ("submitted", "BAD")


def test_an_undecodable_record_is_in_the_trail_by_its_place() -> None:
    """Nothing but its place in the log is known of it."""
    (dead,) = _writer().buried(SOURCE, None, "UNDECODABLE", (), {})
    assert (_audit(dead.value).source, _audit(dead.value).tenant_id) == (f"{IN.name}/2/7", "unknown")
