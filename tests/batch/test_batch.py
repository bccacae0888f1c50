"""Batch."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.batch import handler
from consumers.batch.tally import Tallies, Tally
from consumers.runtime.memory_store import MemoryStore
from consumers.stages import stage_named
from schemas.envelope import Event, caused
from schemas.events import BatchClosed, BatchCompleted, BatchProgressed, SubmissionRepeated, TickElapsed
from tests.audit.trail import submitted
from tests.harness import StageRun


@dataclass
class Batch:
    """A batch stage with one batch to talk about."""

    name: str = "batch-1"
    run: StageRun = field(default_factory=lambda: StageRun(stage_named("batch")))

    def closed(self, *members: str, part: int = 1, parts: int = 1, tenant: str = "acme") -> list[BatchCompleted]:
        """Close a part."""
        base = caused(
            submitted("x", self.name),
            BatchClosed,
            stage="upload",
            status="submitted",
            tenant_id=tenant,
            expense_ids=tuple(sorted(members)),
            manifest_sha256="",
            parts=parts,
        )
        return self._say(base, part=part)

    def progressed(self, member: str, state: str, tenant: str = "acme") -> list[BatchCompleted]:
        """A member reached a state."""
        event = caused(
            submitted(member, self.name),
            BatchProgressed,
            stage="seal",
            status=state,
            member=member,
            state=state,
            tenant_id=tenant,
        )
        return self._say(event)

    def repeated(self, member: str, first: str | None) -> list[BatchCompleted]:
        """A member had entered before."""
        event = caused(
            submitted(member, self.name),
            SubmissionRepeated,
            stage="ocr",
            status="submitted",
            first_batch_id=first,
            expense_id=member,
        )
        return self._say(event)

    def tick(self, at: datetime) -> list[BatchCompleted]:
        """A time has come."""
        return self._say(caused(submitted("tick", None), TickElapsed, stage="ticker", status="tick", occurred_at=at))

    def _say(self, event: Event, **changes: Any) -> list[BatchCompleted]:
        outputs = self.run(replace(event, **changes))
        assert all(isinstance(output, BatchCompleted) for output in outputs)
        return [output for output in outputs if isinstance(output, BatchCompleted)]


def manifest(states: dict[str, str]) -> str:
    """SHA-256 over the sorted lines."""
    return hashlib.sha256("".join(sorted(f"{m} {s}\n" for m, s in states.items())).encode()).hexdigest()


def test_complete_when_all_ended_or_wait() -> None:
    """Nothing is said before the last member ended or waits; then counts, manifest, and whether anyone waits."""
    batch = Batch()
    assert batch.closed("a", "b", "c") == []
    assert batch.progressed("a", "posted") == []
    assert batch.progressed("b", "in_review") == []
    (done,) = batch.progressed("c", "posted")
    assert (done.counts, done.members, done.final) == ({"in_review": 1, "posted": 2}, 3, False)
    assert done.manifest_sha256 == manifest({"a": "posted", "b": "in_review", "c": "posted"})
    (last,) = batch.progressed("b", "rejected")
    assert (last.counts, last.final) == ({"posted": 2, "rejected": 1}, True)
    assert last.event_id != done.event_id
    assert last.expense_id == done.expense_id


def test_progress_before_closing() -> None:
    """Members that ended before the batch was closed count when it is."""
    batch = Batch()
    assert batch.progressed("a", "posted") == []
    assert batch.progressed("b", "dead_lettered") == []
    (done,) = batch.closed("a", "b")
    assert done.counts == {"dead_lettered": 1, "posted": 1}


def test_strangers_do_not_count() -> None:
    """What does not belong to the batch never completes it."""
    batch = Batch()
    assert batch.progressed("stranger", "posted") == []
    assert batch.closed("a") == []
    (done,) = batch.progressed("a", "posted")
    assert (done.counts, done.members) == ({"posted": 1}, 1)


def test_parts() -> None:
    """A batch closed in parts is complete when every part has come, in any order, one of them twice."""
    batch = Batch()
    for member in "abc":
        batch.progressed(member, "posted")
    assert batch.closed("c", part=2, parts=2) == []
    assert batch.closed("c", part=2, parts=2) == []
    (done,) = batch.closed("a", "b", part=1, parts=2)
    assert (done.members, done.final) == (3, True)


class _Counted(MemoryStore):
    """Remembers how many keys each walk asked for at most."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int | None] = []

    def range(self, start: str, end: str, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Walk."""
        self.asked.append(limit)
        return super().range(start, end, limit)


def test_the_members_of_a_large_batch_are_looked_at_piece_by_piece() -> None:
    """Every member is told once and in order, and no more than a thousand are held at a time."""
    store = _Counted()
    tallies, tally = Tallies(store), Tally()
    names = [f"{n:05d}" for n in range(2_001)]
    for name in names:
        tally = tallies.enrol(tally, "b", name)
    assert [name for name, _ in tallies.members("b")] == names
    assert store.asked == [1_000] * 4


def test_repeated_members() -> None:
    """A document that came before with another batch counts as repeated; twice within one batch it is one member."""
    batch = Batch()
    batch.closed("a", "b")
    assert batch.repeated("a", "batch-1") == []
    assert batch.repeated("b", "batch-0") == []
    (done,) = batch.progressed("a", "posted")
    assert (done.counts, done.final) == ({"posted": 1, "repeated": 1}, True)


def test_nothing_new_is_not_said_again() -> None:
    """The same state told twice, or the same closing, says nothing again."""
    batch = Batch()
    batch.closed("a")
    assert len(batch.progressed("a", "in_review")) == 1
    assert batch.progressed("a", "in_review") == []
    assert batch.closed("a") == []


def test_empty() -> None:
    """A batch of nothing is complete at once."""
    (done,) = Batch().closed()
    assert (done.members, done.counts, done.final) == (0, {}, True)


def test_tenants_may_use_one_name() -> None:
    """Two tenants' batches of one name are two batches."""
    batch = Batch(name="march")
    batch.closed("a")
    assert batch.progressed("a", "posted", tenant="globex") == []
    assert len(batch.progressed("a", "posted")) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["in_review", "awaiting_receipt", "posted"])), max_size=30
    )
)
def test_last_word_is_the_truth(moves: list[tuple[str, str]]) -> None:
    """Whatever the order, the last BatchCompleted says what the members' last states are."""
    batch, last = Batch(), None
    batch.closed(*"abcde")
    states: dict[str, str] = {}
    for member, state in moves:
        states[member] = state
        for said in batch.progressed(member, state):
            last = said
    if len(states) < 5:
        assert last is None
    else:
        assert last is not None
        expected = {s: list(states.values()).count(s) for s in sorted(set(states.values()))}
        assert (last.counts, last.final) == (expected, set(states.values()) == {"posted"})


MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Batch:
    """A batch of four, of which two are many: it was told once, and two of it wait for a person."""
    monkeypatch.setattr(handler, "_MANY", 2)
    batch = Batch()
    batch.closed("a", "b", "c", "d")
    for member in "abc":
        assert batch.progressed(member, "in_review") == []
    (first,) = batch.progressed("d", "posted")
    assert first.counts == {"in_review": 3, "posted": 1}
    return batch


def test_a_large_batch_is_told_again_by_a_tick(large: Batch) -> None:
    """What people decide one after the other is told together, with the last states of all members, and once."""
    assert large.progressed("a", "posted") == []
    assert large.progressed("b", "rejected") == []
    (again,) = large.tick(MOMENT)
    assert (again.counts, again.members, again.final) == ({"in_review": 1, "posted": 2, "rejected": 1}, 4, False)
    states = {"a": "posted", "b": "rejected", "c": "in_review", "d": "posted"}
    assert again.manifest_sha256 == manifest(states)
    assert (again.batch_id, again.tenant_id, again.occurred_at) == (large.name, "acme", MOMENT)
    assert large.tick(MOMENT + timedelta(days=1)) == []


def test_a_large_batch_is_not_told_too_often(large: Batch) -> None:
    """It rests for as long as its size asks, two seconds here; then it is told, whatever came meanwhile."""
    large.progressed("a", "posted")
    assert large.tick(MOMENT)
    large.progressed("b", "posted")
    assert large.tick(MOMENT + timedelta(seconds=1)) == []
    large.progressed("c", "posted")
    (last,) = large.tick(MOMENT + timedelta(seconds=2))
    assert (last.counts, last.final) == ({"posted": 4}, True)
    assert large.tick(MOMENT + timedelta(hours=1)) == []
    assert list(large.run.store.range("later/", "later0")) == []


def test_a_large_batch_that_came_back_to_what_was_told_is_left_in_peace(large: Batch) -> None:
    """A change and its opposite before the tick are no news."""
    large.progressed("a", "posted")
    large.progressed("a", "in_review")
    assert large.tick(MOMENT) == []
    assert list(large.run.store.range("later/", "later0")) == []
