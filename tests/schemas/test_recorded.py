"""The audit record put together from its parts is the one that the schema's writer writes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, ContractViolated, registry_at
from schemas.envelope import Event
from schemas.events import AuditRecorded, BatchProgressed
from schemas.recorded import recorded
from tests.depth import examples
from tests.runtime.rows import SUBMITTED_AT, inbound
from tests.schemas.events import events

CODEC = Codec(registry_at("mock://recorded"))
_SHA256 = "0" * 64
_QUICK = settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))


def _parts(record: Callable[..., bytes], event: Event, **changes: str | bytes) -> bytes:
    parts = {"event_id": "id", "cause_id": "cause", "source": "t.in/0/1", "topic": "t.out", "output": b"bytes"}
    return record(CODEC, event, **{**parts, "output_sha256": _SHA256, **changes})


def _whole(codec: Codec, event: Event, **parts: str | bytes) -> bytes:
    """Write the same record by the schema, field by field."""
    shared = {name: getattr(event, name) for name in Event.__dataclass_fields__}
    told = {**shared, "problems": (), "asserted": (), "personal": None, "action": type(event).__name__, **parts}
    return codec.encode(AuditRecorded(**told))


@_QUICK
@given(
    events(BatchProgressed),
    st.text(st.characters(codec="ascii"), max_size=80) | st.text(st.characters(codec="utf-8"), max_size=4),
    st.binary(max_size=200),
)
def test_any_event_is_recorded_in_the_same_bytes(event: Event, text: str, output: bytes) -> None:
    """Letters of every alphabet, long texts, numbers and moments of any size, tables or none."""
    for part in ("event_id", "cause_id", "source", "topic"):
        changes: dict[str, str | bytes] = {part: text, "output": output}
        assert _parts(recorded, event, **changes) == _parts(_whole, event, **changes)


@_QUICK
@given(
    st.builds(
        replace,
        st.just(inbound("k", 1)),
        tenant_id=st.text(st.characters(codec="ascii"), max_size=70),
        batch_id=st.none() | st.text(st.characters(codec="ascii"), max_size=70),
        revision=st.integers(-2, 70),
        tables=st.dictionaries(st.text(max_size=70), st.text(min_size=60, max_size=70), max_size=3),
        occurred_at=st.datetimes(timezones=st.timezones()),
    )
)
def test_values_at_the_edge_of_the_short_form_are_the_same(event: Event) -> None:
    """Sixty-four letters, a revision of 64 or below 0, moments before 1970 and in other zones."""
    assert _parts(recorded, event) == _parts(_whole, event)


@pytest.mark.parametrize("broken", [{"tenant_id": b"bytes"}, {"tenant_id": None}, {"revision": "1"}, {"stage": 7}])
def test_what_does_not_fit_the_schema_is_refused(broken: dict[str, object]) -> None:
    """The short form takes nothing that the schema's writer would not."""
    with pytest.raises(ContractViolated, match="AuditRecorded"):
        _parts(recorded, replace(inbound("k", 1), **broken))  # type: ignore[arg-type] # that is the point


def test_a_moment_without_a_zone_goes_by_the_schema() -> None:
    """What it means is for the schema's writer to say, not for the short form."""
    event = replace(inbound("k", 1), occurred_at=datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point
    assert _parts(recorded, event) == _parts(_whole, event)


def test_a_person_and_their_reason_are_recorded() -> None:
    """Whoever decided stays in the trail."""
    parts = {"event_id": "id", "cause_id": "cause", "source": "t.in/0/1", "topic": "t.out"}
    data = recorded(CODEC, inbound("k", 1), **parts, output=b"", output_sha256=_SHA256, by=("person", "because"))
    event = CODEC.decode(data)
    assert isinstance(event, AuditRecorded)
    assert (event.actor, event.reason, event.submitted_at) == ("person", "because", SUBMITTED_AT)
