"""Seal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.chain import Head
from audit.entry import read
from audit.verify import Located, verify
from consumers.runtime.memory_store import MemoryStore
from consumers.seal.chains import Chains
from consumers.seal.handler import seal_record
from consumers.stages import stage_named
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import AlertRaised, AuditRecorded, AuditSealed, BatchProgressed
from schemas.frozen import changed
from tests.audit.trail import begun, clean, coded, decided, held, rejected, resolved, sealed
from tests.harness import StageRun

REGISTRY = registry_at("mock://seal")


def run(records: list[AuditRecorded]) -> list[Event]:
    """What seal answers to the records."""
    stage = StageRun(stage_named("seal"))
    return [output for record in records for output in stage(record)]


def entries(outputs: list[Event]) -> list[AuditSealed]:
    """The sealed entries among the outputs."""
    return [output for output in outputs if isinstance(output, AuditSealed)]


def progress(outputs: list[Event]) -> list[tuple[str | None, str, str]]:
    """The batch progress among the outputs."""
    return [(o.batch_id, o.member, o.state) for o in outputs if isinstance(o, BatchProgressed)]


def test_chains_every_record() -> None:
    """Each record becomes the next entry of its expense's chain, with the event as written."""
    made = entries(run(clean().records))
    assert made == sealed(clean())
    assert [m.output for m in made] == [r.output for r in clean().records]


@given(st.lists(st.sampled_from(["one", "two", "three"]), max_size=60), st.lists(st.integers(0, 60), max_size=10))
def test_interleaved_and_repeated(picks: list[str], again: list[int]) -> None:
    """However records interleave, and whichever come a second time, each chain verifies and holds each record once."""
    trails = {"one": clean("one"), "two": resolved("two"), "three": rejected(held(decided(coded(begun("three")))))}
    queues = {name: list(trail.records) for name, trail in trails.items()}
    mixed = [queues[pick].pop(0) for pick in picks if queues[pick]]
    mixed += [record for queue in queues.values() for record in queue]
    for position in again:
        if position < len(mixed):
            mixed.insert(position + 1, mixed[position])
    made = entries(run(mixed))
    heads = {e.expense_id: Head(e.sequence, e.hash) for trail in trails.values() for e in sealed(trail)}
    assert list(verify([Located(str(n), e) for n, e in enumerate(made)], heads)) == []
    assert len(made) == sum(len(trail.records) for trail in trails.values())


def test_tells_the_batch_once_per_state() -> None:
    """The batch hears when a member waits and when it ends, once each; a document without a batch tells nobody."""
    expense_id = resolved().event.expense_id
    assert progress(run(resolved().records)) == [
        ("batch-1", expense_id, "in_review"),
        ("batch-1", expense_id, "posted"),
    ]
    assert progress(run(clean("x", None).records)) == []


def test_person_without_the_batch() -> None:
    """What a person's resolution causes is told to the batch the expense came with, though it names none."""
    records = resolved().records
    opened = next(n for n, record in enumerate(records) if record.action == "ReviewOpened")
    told = progress(run(records[: opened + 1] + [replace(r, batch_id=None) for r in records[opened + 1 :]]))
    assert [(batch, state) for batch, _, state in told] == [("batch-1", "in_review"), ("batch-1", "posted")]


def test_breach_is_sealed_and_named() -> None:
    """A step the lifecycle forbids is in the log with its name, and what ended stays ended."""
    trail = clean()
    rejected(trail)
    outputs = run(trail.records)
    assert read(entries(outputs)[-1].metadata.encode()).breach == "posted -> rejected"
    assert [state for _, _, state in progress(outputs)] == ["posted"]


def alerts(outputs: list[Event]) -> list[tuple[str, str, str, int]]:
    """The alerts among the outputs: kind, step, who took it, and the entry's number."""
    return [(o.kind, o.breach, o.taken_by, o.sequence) for o in outputs if isinstance(o, AlertRaised)]


def test_forbidden_step_raises_an_alert() -> None:
    """Each step the lifecycle forbids raises one alert that names step, stage and entry, however often it comes."""
    trail = clean()
    rejected(trail)
    records = trail.records
    found = alerts(run(records))
    told = ("illegal_step", "posted -> rejected", "approval")
    assert found == [(*told, len(records) - 2), (*told, len(records))]
    assert alerts(run([*records, records[-1]])) == found


def test_missing_records_raise_an_alert() -> None:
    """A trail that begins in the middle, one with a hole, and one that skips a revision raise one alert each."""
    records = clean().records
    approved = next(n for n, record in enumerate(records) if record.action == "ExpenseApproved")
    read = next(n for n, record in enumerate(records) if record.action == "ExpenseRead")
    first = records[approved].stage
    assert alerts(run(records[approved:])) == [("gap", "nothing -> approved", first, 1)]
    holed = alerts(run(records[:read] + records[read + 1 :]))
    assert [(kind, step) for kind, step, _, _ in holed] == [("illegal_step", "submitted -> parsed")]
    later = [replace(r, revision=3, event_id=f"{r.event_id}-3") for r in records if r.action == "ExpenseParsed"]
    to_read = records[: read + 1]
    assert [(kind, step) for kind, step, _, _ in alerts(run(to_read + later))] == [("gap", "revision 1 -> 3")]


def test_what_goes_right_raises_none() -> None:
    """Trails through a review, to a rejection and straight to the ledger raise no alert."""
    rejection = rejected(held(decided(coded(begun("three")))))
    for trail in (clean(), resolved(), rejection):
        assert alerts(run(trail.records)) == []


def test_dead_letter_is_an_end() -> None:
    """A dead letter is sealed without an event, and the batch hears of it."""
    trail = begun()
    trail.dead_letter("ocr", "LIMIT_EXCEEDED")
    outputs = run(trail.records)
    assert entries(outputs)[-1].output is None
    assert [state for _, _, state in progress(outputs)] == ["dead_lettered"]


@pytest.mark.parametrize("names", [("one",), ("one", "two"), ('a"b', "caf\xe9")], ids=str)
def test_from_bytes_as_from_events(names: tuple[str, ...]) -> None:
    """With the codec that read them, records become the same entries in the same bytes, and leave the same state."""
    codec, plain, direct = Codec(REGISTRY), MemoryStore(), MemoryStore()
    for record in (r for name in names for r in rejected(resolved(name, f"batch of {name}")).records):
        data = codec.encode(replace(record, recorded_at=None))
        seen = changed(codec.decode(data), recorded_at=record.recorded_at)
        assert isinstance(seen, AuditRecorded)
        by_hand = seal_record(seen, Chains(plain))
        expected = [Codec(REGISTRY).encode(output) for output in by_hand]
        again = changed(codec.decode(data), recorded_at=record.recorded_at)
        assert isinstance(again, AuditRecorded)
        outputs = seal_record(again, Chains(direct), codec=codec)
        assert outputs == by_hand
        assert [codec.encode(output) for output in outputs] == expected
    assert list(direct.range("", "~")) == list(plain.range("", "~"))
