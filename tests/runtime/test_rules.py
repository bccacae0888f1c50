"""The ten rules of the runner. Every docstring says how the test fails when its rule is taken out.

`tests/mutations` takes each of them out and sees it fail.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from consumers.runtime import ownership
from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.errors import Halted, Poisoned, Transient
from consumers.runtime.kafka_settings import KafkaSettings
from consumers.runtime.stage import Handler, Lane, Limits, Store
from consumers.runtime.transport import Offset, Outgoing, Transport, Written
from schemas.contracts import EVENTS
from schemas.events import BatchProgressed
from schemas.topics import AUDIT_EVENTS, DEAD_LETTERS
from tests.runtime.rig import CODEC, ManualLane, Rig, SteppedClock
from tests.runtime.rows import answer, inbound, row


@dataclass
class Watched:
    """What a transport was asked for, noted while it is asked."""

    transport: Transport
    polls: int = 0
    transactions: list[tuple[list[Outgoing], dict[int, Offset]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        poll, transact = self.transport.poll, self.transport.transact

        def noted_poll(count: int, timeout: float) -> Any:
            self.polls += 1
            return poll(count, timeout)

        def noted_transact(out: Sequence[Outgoing], offsets: Mapping[int, Offset], follow: str | None) -> Written:
            self.transactions.append((list(out), dict(offsets)))
            return transact(out, offsets, follow)

        self.transport.poll = noted_poll  # type: ignore[method-assign] # a note beside the real thing
        self.transport.transact = noted_transact  # type: ignore[method-assign,assignment] # as above


def _count(event: BatchProgressed, state: Store) -> Any:
    if event.state == "poison":
        raise Poisoned("BAD", "bad")
    seen = int(state.get(event.expense_id) or b"0") + 1
    state.put(event.expense_id, b"%d" % seen)
    return (answer(event, str(seen)),)


COUNT = Handler(handle=_count, state=lambda store: store)


def _manual(tmp_path: Path, **limits: int) -> tuple[Rig, ManualLane]:
    lane = ManualLane()
    bounds = Limits(workers=100, **limits)
    handler = Handler(handle=lambda event: event)
    return Rig(row(lane=Lane.ASYNC, limits=bounds), tmp_path, handler=handler, lane=lambda: lane, partitions=1), lane


def _finish(lane: ManualLane, *events: BatchProgressed) -> None:
    for event in events:
        lane.finish(event, (answer(event, "ok"),))


def test_rule_01_one_thread_polls_and_pauses_instead_of_stopping(tmp_path: Path) -> None:
    """Without the pause more than 10 records are in flight; if polling stopped instead, polls would not go on."""
    rig, lane = _manual(tmp_path, in_flight=10)
    events = [inbound(f"k{n}", n) for n in range(40)]
    rig.feed(*events)
    member = rig.member()
    watched = Watched(member.transport)
    member.run(50)
    assert len(lane.running) == 10
    assert watched.polls == 50
    _finish(lane, *events[:5])
    member.run(5)
    assert len(lane.running) == 10
    assert watched.polls == 55


def test_rule_02_one_event_per_key_and_different_keys_side_by_side(tmp_path: Path) -> None:
    """Without lanes per key a2 runs beside a1; with one lane for all b1 waits for a1."""
    rig, lane = _manual(tmp_path)
    a1, a2, b1 = inbound("a", 1), inbound("a", 2), inbound("b", 1)
    rig.feed(a1, a2, b1)
    member = rig.member()
    member.run()
    assert list(lane.running.values()) == [a1, b1]
    _finish(lane, b1, a1)
    member.run()
    assert list(lane.running.values()) == [a2]


def test_rule_03_results_of_a_revoked_epoch_are_dropped(tmp_path: Path) -> None:
    """If the span did not end with the revocation, the first member's late results would be written a second time."""
    lanes: list[ManualLane] = []

    def lane() -> ManualLane:
        lanes.append(ManualLane())
        return lanes[-1]

    handler = Handler(handle=lambda event: event)
    rig = Rig(row(lane=Lane.ASYNC, limits=Limits(workers=100)), tmp_path, handler=handler, lane=lane, partitions=2)
    events = [inbound(f"k{n}", n) for n in range(20)]
    rig.feed(*events)
    first = rig.member("a")
    first.run()
    second = rig.member("b")
    second.run()
    for one in lanes:
        _finish(one, *[e for e in one.running.values() if isinstance(e, BatchProgressed)])
    first.run()
    second.run()
    assert Counter(key for key, _, _ in rig.told()) == Counter({f"k{n}": 1 for n in range(20)})


def test_rule_04_one_transaction_carries_everything_and_the_offsets_beyond_the_frontier(tmp_path: Path) -> None:
    """Split up, a topic is missing from the transaction; without the bitset the restart does finished records again."""
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1)
    rig.feed(inbound("a", 1), inbound("b", 1, "poison"))
    member = rig.member()
    watched = Watched(member.transport)
    member.run(1)
    ((outgoing, offsets),) = watched.transactions
    assert Counter(o.topic for o in outgoing) == {
        "t.out": 1,
        AUDIT_EVENTS.name: 2,
        "changelog.test": 1,
        DEAD_LETTERS.name: 1,
    }
    assert offsets == {0: Offset(2)}
    rig, lane = _manual(tmp_path / "bitset")
    events = [inbound(f"k{n}", n) for n in range(5)]
    rig.feed(*events)
    member = rig.member()
    member.run()
    _finish(lane, *events[2:])
    member.run()
    assert rig.broker.offsets["test", "t.in", 0].next == 0
    lane.running.clear()
    rig.broker.members.clear()
    rig.member("b").run()
    assert list(lane.running.values()) == events[:2]


def test_rule_04_a_partition_rests_before_its_window_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind one slow record reading goes on only as far as the bitset reaches; then the partition rests."""
    monkeypatch.setattr(ownership, "WINDOW", 64)
    rig, lane = _manual(tmp_path, in_flight=8)
    slow, *quick = [inbound(f"k{n}", n) for n in range(100)]
    rig.feed(slow, *quick)
    member = rig.member()
    for _ in range(100):
        member.run(1)
        _finish(lane, *[e for e in lane.running.values() if isinstance(e, BatchProgressed) and e != slow])
    read = member.transport.position(0)
    assert read is not None
    assert 32 <= read < 64
    _finish(lane, slow)
    for _ in range(100):
        member.run(1)
        _finish(lane, *[e for e in lane.running.values() if isinstance(e, BatchProgressed)])
    assert rig.lag() == 0


def test_rule_05_an_open_transaction_holds_readers_back_ten_seconds_at_most() -> None:
    """With the client's default of a minute a killed stage would stop every reader behind it for as long."""
    assert (
        KafkaSettings("localhost:9092", group="g", transactional_id="t").producer()["transaction.timeout.ms"] == 10_000
    )


def test_rule_06_after_an_abort_work_starts_again_from_what_is_committed(tmp_path: Path) -> None:
    """Going on instead writes what was committed without an answer a second time, or counts an aborted tick's state."""
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1)
    rig.feed(inbound("a", 1))
    rig.broker.fail_next = 1
    member = rig.member()
    member.run()
    rig.feed(inbound("a", 2))
    rig.broker.lose_answers = 1
    member.run()
    assert rig.told() == [("a", 1, "1"), ("a", 2, "2")]
    rig.feed(inbound("a", 3))
    member.run(1)
    member.runner.drain(1)
    assert rig.told()[2:] == [("a", 3, "3")]
    assert rig.lag() == 0
    assert rig.broker.members["test"] == []


class _Creeping(SteppedClock):
    """Time that passes by a tenth of a second whenever it is asked for."""

    def monotonic(self) -> float:
        self.pass_(0.1)
        return super().monotonic()


def test_rule_06_draining_commits_what_ends_in_time_and_leaves_the_rest(tmp_path: Path) -> None:
    """Without the last commit what ended while draining is lost with the process and done again by the next owner."""
    lane = ManualLane()
    stage = row(lane=Lane.ASYNC, limits=Limits(workers=100))
    handler = Handler(handle=lambda event: event)
    rig = Rig(stage, tmp_path, handler=handler, lane=lambda: lane, partitions=1, clock=_Creeping())
    events = [inbound(f"k{n}", n) for n in range(3)]
    rig.feed(*events)
    member = rig.member()
    member.run()
    _finish(lane, *events[:2])
    member.runner.drain(1)
    assert rig.told() == [("k0", 0, "ok"), ("k1", 1, "ok")]
    lane.running.clear()
    rig.member("b").run()
    assert list(lane.running.values()) == events[2:]


def test_rule_07_a_transaction_is_shared_by_many_records(tmp_path: Path) -> None:
    """With a transaction per record, or per small batch, 5,000 records cost more than one."""
    rig = Rig(row(), tmp_path, partitions=1)
    rig.feed(*(inbound(f"k{n % 50}", n) for n in range(5_000)))
    member = rig.member()
    member.run(2)
    assert member.telemetry.counters["transactions"] == 1
    assert member.telemetry.counters["records_done"] == 5_000


def test_rule_07_events_are_frozen_and_slotted_and_nothing_validates_them_again() -> None:
    """Built straight from the decoder: no dictionary per event, and no model that would check what Avro has held."""
    for kind in EVENTS:
        assert is_dataclass(kind)
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined] # not in the stubs
        assert not any("__dict__" in vars(base) for base in kind.__mro__)
    assert "__dict__" not in dir(CODEC.decode(CODEC.encode(inbound("a", 1))))


def test_rule_08_the_state_file_is_written_after_the_commit_and_knows_its_place(tmp_path: Path) -> None:
    """Written before, the file has the count of an aborted tick; without its offset it is read from the beginning."""
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1)
    rig.feed(inbound("a", 1))
    member = rig.member()
    rig.broker.fail_next = 1
    seen: list[list[tuple[str, bytes]]] = []

    def look() -> None:
        with closing(sqlite3.connect(f"file:{tmp_path / 'a' / '0.sqlite'}?mode=ro", uri=True)) as beside:
            seen.append(beside.execute("SELECT key, value FROM state").fetchall())

    member.run(1)
    look()
    member.run(2)
    look()
    assert seen == [[], [("a", b"1")]]
    member.runner.drain(0)
    assert rig.member().telemetry.counters["restored"] == 0


def test_rule_09_dead_letters_travel_with_their_offset_and_transient_errors_never_die(tmp_path: Path) -> None:
    """Sent apart, a dead letter survives the abort and comes twice; a transient error taken for poison comes at all."""

    def handle(event: BatchProgressed) -> Any:
        if event.state == "poison":
            raise Poisoned("BAD", "bad")
        raise Transient("ERP", "away")

    rig = Rig(row(), tmp_path, handler=Handler(handle=handle), partitions=1, limit=DeadLetterLimit(3))
    rig.feed(inbound("a", 1, "poison"), inbound("b", 1, "transient"))
    rig.broker.fail_next = 1
    member = rig.member()
    member.run()
    assert [letter.key for letter in rig.letters()] == [b"a"]
    for _ in range(20):
        rig.clock.pass_(20)
        member.run(1)
    assert [letter.key for letter in rig.letters()] == [b"a"]
    rig.feed(*(inbound(f"k{n}", n, "poison") for n in range(5)))
    with pytest.raises(Halted):
        member.run()


def test_rule_10_there_is_one_rebalance_protocol() -> None:
    """With the classic protocol the settings say so, or set a session time-out, which KIP-848 leaves to the broker."""
    settings = KafkaSettings("localhost:9092", group="g", transactional_id="t").consumer()
    assert settings["group.protocol"] == "consumer"
    assert not {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"} & set(settings)
