"""Lanes beside the polling thread: order, bounds, ownership. The lane is a hand-driven one."""

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from consumers.runtime.errors import Transient
from consumers.runtime.lanes.lane import WorkerDied
from consumers.runtime.runner import Runner
from consumers.runtime.stage import Handler, Lane, Limits, Store
from schemas.dead_letters import PREFIX
from schemas.envelope import Event
from schemas.events import BatchProgressed
from tests.runtime.rig import ManualLane, Member, Rig
from tests.runtime.rows import answer, inbound, row


def _never(event: BatchProgressed) -> Any:
    raise AssertionError(event)


@dataclass
class Bench:
    """A rig whose lanes the test drives; `durable` ones mark attempts as the process lane does."""

    folder: Path
    durable: bool = True
    limits: Limits = field(default_factory=lambda: Limits(workers=100))
    partitions: int = 1
    handler: Handler = field(default_factory=lambda: Handler(handle=_never))

    def __post_init__(self) -> None:
        self.lanes: list[ManualLane] = []
        lane = Lane.PROCESS if self.durable else Lane.ASYNC
        stateful = self.handler.state is not None
        self.rig = Rig(
            row(lane=lane, limits=self.limits, stateful=stateful),
            self.folder,
            handler=self.handler,
            lane=self._lane,
            partitions=self.partitions,
        )

    def _lane(self) -> ManualLane:
        self.lanes.append(ManualLane(self.limits.workers))
        return self.lanes[-1]

    def finish(self, event: BatchProgressed, *, lane: int = -1, error: BaseException | None = None) -> None:
        """End the task of an event well, or with an error."""
        self.lanes[lane].finish(event, () if error else (answer(event, "ok"),), error)

    def started(self, lane: int = -1) -> list[tuple[str, int]]:
        """Return key and number of what was started."""
        return [(e.expense_id, int(e.member)) for e in self.lanes[lane].started if isinstance(e, BatchProgressed)]


def test_records_of_one_key_run_in_order_whatever_ends_first(tmp_path: Path) -> None:
    """Keys overtake each other, records of one key never do."""
    bench = Bench(tmp_path)
    a1, a2, b1 = inbound("a", 1), inbound("a", 2), inbound("b", 1)
    bench.rig.feed(a1, a2, b1)
    member = bench.rig.member()
    member.run()
    assert sorted(bench.started()) == [("a", 1), ("b", 1)]
    bench.finish(b1)
    member.run()
    assert bench.rig.told() == [("b", 1, "ok")]
    assert bench.started()[2:] == []
    bench.finish(a1)
    member.run()
    assert bench.started()[2:] == [("a", 2)]
    bench.finish(a2)
    member.run()
    assert [(e.expense_id) for e in bench.rig.outputs()] == ["b", "a", "a"]
    assert bench.rig.lag() == 0


def test_what_is_done_out_of_order_is_skipped_after_a_restart(tmp_path: Path) -> None:
    """The next owner does only what was not committed as done."""
    bench = Bench(tmp_path, durable=False)
    events = [inbound(f"k{n}", n) for n in range(6)]
    bench.rig.feed(*events)
    member = bench.rig.member()
    member.run()
    for n in (1, 3, 4):
        bench.finish(events[n])
    member.run()
    bench.rig.broker.members.clear()
    successor = bench.rig.member("b")
    successor.run()
    assert sorted(bench.started()) == [("k0", 0), ("k2", 2), ("k5", 5)]
    assert successor.telemetry.counters["skipped"] == 3
    for n in (0, 2, 5):
        bench.finish(events[n])
    successor.run()
    assert bench.rig.told() == [(f"k{n}", n, "ok") for n in range(6)]
    assert bench.rig.lag() == 0


def test_results_of_a_partition_that_was_taken_away_are_dropped(tmp_path: Path) -> None:
    """A second member takes half; what the first still computes of it does not count, what it ended before does."""
    bench = Bench(tmp_path, durable=False, partitions=2)
    events = [inbound(f"k{n}", n) for n in range(20)]
    bench.rig.feed(*events)
    first = bench.rig.member("a")
    first.run()
    bench.finish(events[0])
    second = bench.rig.member("b")
    for event in events[1:]:
        bench.finish(event, lane=0)
    first.run()
    mine = {e.expense_id for e in bench.rig.outputs()}
    assert first.telemetry.counters["stale_results"] > 0
    second.run()
    again = [e for e in bench.lanes[1].started if isinstance(e, BatchProgressed)]
    assert mine.isdisjoint(e.expense_id for e in again)
    for event in again:
        bench.finish(event, lane=1)
    second.run()
    assert bench.rig.told() == sorted((f"k{n}", n, "ok") for n in range(20))
    assert bench.rig.lag() == 0


def test_a_partition_that_comes_back_is_a_new_span(tmp_path: Path) -> None:
    """A result of the former span is dropped even though the partition is owned again."""
    bench = Bench(tmp_path, durable=False)
    event = inbound("a", 1)
    bench.rig.feed(event)
    member = bench.rig.member()
    member.run()
    member.runner.recover()
    member.run()
    lane = bench.lanes[0]
    assert bench.started() == [("a", 1), ("a", 1)]
    stale, fresh = sorted(lane.running)
    lane.running.pop(stale)
    lane._ended.append(_answer(stale, event))
    member.run()
    assert bench.rig.told() == []
    assert member.telemetry.counters["stale_results"] == 1
    lane.running.pop(fresh)
    lane._ended.append(_answer(fresh, event))
    member.run()
    assert bench.rig.told() == [("a", 1, "ok")]


def _answer(task: int, event: BatchProgressed) -> Any:
    lane = ManualLane()
    lane.submit(task, event, {})
    lane.finish(event, (answer(event, "ok"),))
    return lane.answers()[0]


def test_fetching_pauses_by_count_and_resumes_below_half(tmp_path: Path) -> None:
    """Memory stays bounded however slow the handler is; polling never stops."""
    bench = Bench(tmp_path, durable=False, limits=Limits(in_flight=10, workers=100))
    events = [inbound(f"k{n}", n) for n in range(30)]
    bench.rig.feed(*events)
    member = bench.rig.member()
    member.run(20)
    assert len(bench.started()) == 10
    assert member.telemetry.counters["pauses"] == 1
    for event in events[:4]:
        bench.finish(event)
    member.run(20)
    assert len(bench.started()) == 10
    bench.finish(events[4])
    member.run(20)
    assert len(bench.started()) == 15
    _finish_all(bench, member)
    assert len(bench.rig.told()) == 30
    assert (member.telemetry.gauges["in_flight"], member.telemetry.gauges["in_flight_bytes"]) == (0, 0)


def _finish_all(bench: Bench, member: Member) -> None:
    for _ in range(100):
        for event in list(bench.lanes[-1].running.values()):
            assert isinstance(event, BatchProgressed)
            bench.finish(event)
        member.run(2)


def test_fetching_pauses_by_bytes(tmp_path: Path) -> None:
    """Few large records count like many small ones."""
    bench = Bench(tmp_path, durable=False, limits=Limits(in_flight=100, in_flight_bytes=250_000, workers=100))
    events = [inbound(f"k{n}", n, "x" * 100_000) for n in range(6)]
    member = bench.rig.member()
    for event in events:
        bench.rig.feed(event)
        member.run(1)
    assert len(bench.started()) == 3
    assert member.telemetry.gauges["in_flight_bytes"] > 250_000
    _finish_all(bench, member)
    assert len(bench.rig.told()) == 6


def test_a_dead_worker_costs_only_its_record_and_only_three_attempts(tmp_path: Path) -> None:
    """The record is tried again, alone, and is buried when its third worker died."""
    bench = Bench(tmp_path)
    bad, good = inbound("bad", 1), inbound("good", 1)
    bench.rig.feed(bad, good)
    member = bench.rig.member()
    member.run()
    bench.finish(bad, error=WorkerDied("killed"))
    member.run()
    assert bench.started().count(("bad", 1)) == 1, "a suspect waits until it has the lane to itself"
    bench.finish(good)
    for attempt in (2, 3):
        member.run()
        assert bench.started().count(("bad", 1)) == attempt
        bench.finish(bad, error=WorkerDied("killed"))
    member.run()
    assert bench.rig.told() == [("good", 1, "ok")]
    assert dict(bench.rig.letters()[0].headers)[f"{PREFIX}class"] == b"WORKER_DIED"
    assert bench.rig.state() == {}
    assert bench.rig.lag() == 0


def test_a_record_that_kills_the_whole_container_is_buried_at_its_third_start(tmp_path: Path) -> None:
    """Attempts are in the log, so a process that died with them has left their number behind."""
    bench = Bench(tmp_path)
    bench.rig.feed(inbound("bad", 1))
    for container in range(3):
        member = bench.rig.member(f"c{container}")
        member.run()
        assert bench.started() == [("bad", 1)]
        assert list(bench.rig.state().values()) == [b"%d" % (container + 1)]
        bench.rig.broker.members.clear()
    bench.rig.member("last").run()
    assert bench.started() == []
    assert dict(bench.rig.letters()[0].headers)[f"{PREFIX}class"] == b"WORKER_DIED"
    assert bench.rig.state() == {}


def test_restarts_and_lost_transactions_blame_nobody(tmp_path: Path) -> None:
    """A slow record survives any number of drains, rebalances and lost transactions."""
    bench = Bench(tmp_path)
    slow = inbound("slow", 1)
    bench.rig.feed(slow)
    for restart in range(4):
        member = bench.rig.member(f"m{restart}")
        member.run()
        member.runner.recover()
        member.run()
        assert bench.started()[-1] == ("slow", 1)
        _drain_at_once(bench, member.runner)
    member = bench.rig.member("last")
    member.run()
    bench.finish(slow)
    member.run()
    assert bench.rig.told() == [("slow", 1, "ok")]
    assert bench.rig.letters() == []


def test_an_outage_of_any_length_blames_nobody(tmp_path: Path) -> None:
    """A worker that answers has not died: a record waits out what is away, however often, and runs in the end."""
    bench = Bench(tmp_path)
    patient = inbound("patient", 1)
    bench.rig.feed(patient)
    member = bench.rig.member()
    for attempt in range(1, 9):
        member.run()
        assert bench.started().count(("patient", 1)) == attempt
        bench.finish(patient, error=Transient("object store", "gone"))
        member.run()
        assert bench.rig.state() == {}, "the attempt has ended"
        bench.rig.clock.pass_(60)
    member.run()
    bench.finish(patient)
    member.run()
    assert bench.rig.told() == [("patient", 1, "ok")]
    assert bench.rig.letters() == []


def test_an_outage_does_not_hide_earlier_deaths(tmp_path: Path) -> None:
    """What killed two workers and then met an outage is buried at its third death."""
    bench = Bench(tmp_path)
    bad = inbound("bad", 1)
    bench.rig.feed(bad)
    member = bench.rig.member()
    for error in (WorkerDied("killed"), WorkerDied("killed"), Transient("object store", "gone"), WorkerDied("killed")):
        member.run()
        bench.finish(bad, error=error)
        member.run()
        bench.rig.clock.pass_(60)
    member.run()
    assert dict(bench.rig.letters()[0].headers)[f"{PREFIX}class"] == b"WORKER_DIED"
    assert bench.rig.state() == {}


def _drain_at_once(bench: Bench, runner: Runner) -> None:
    bench.lanes[-1].running.clear()
    runner.drain(0)


def test_draining_finishes_what_runs(tmp_path: Path) -> None:
    """What ends while draining is committed; nothing is lost, nothing done again."""
    bench = Bench(tmp_path, durable=False)
    events = [inbound(f"k{n}", n) for n in range(3)]
    bench.rig.feed(*events)
    member = bench.rig.member()
    member.run()
    for event in events[:2]:
        bench.finish(event)
    bench.rig.clock.pass_(0)
    member.runner.drain(0)
    successor = bench.rig.member("b")
    successor.run()
    outstanding = {e.expense_id for e in bench.lanes[-1].running.values()}
    assert outstanding | {e.expense_id for e in bench.rig.outputs()} == {"k0", "k1", "k2"}
    for event in [e for e in bench.lanes[-1].running.values() if isinstance(e, BatchProgressed)]:
        bench.finish(event)
    successor.run()
    assert bench.rig.told() == [(f"k{n}", n, "ok") for n in range(3)]


def test_a_partition_that_arrives_while_draining_loses_nothing(tmp_path: Path) -> None:
    """A record read while draining is either done or left; it is never passed unread."""
    bench = Bench(tmp_path, durable=False, partitions=2)
    first, second = bench.rig.member("a"), bench.rig.member("b")
    slow = next(e for e in (inbound(f"s{n}", n) for n in range(50)) if _goes_to(bench, e, 0))
    bench.rig.feed(slow)
    first.run()
    events = [inbound(f"k{n}", n) for n in range(10)]
    lane = bench.lanes[0]

    class Ending:
        """A clock that lets a neighbour leave in the middle of the drain."""

        turns = 0

        def monotonic(self) -> float:
            Ending.turns += 1
            if Ending.turns == 3:
                second.runner.close()
                bench.rig.feed(*events)
            if Ending.turns == 8:
                lane.finish(slow, (answer(slow, "ok"),))
            return 0.0

    first.runner._p = _with_clock(first.runner._p, Ending())
    first.runner.drain(1)
    third = bench.rig.member("c")
    third.run()
    _finish_all(bench, third)
    expected = sorted([(slow.expense_id, int(slow.member), "ok"), *((f"k{n}", n, "ok") for n in range(10))])
    assert bench.rig.told() == expected


def _with_clock(parts: Any, clock: Any) -> Any:
    now = parts.clock.now
    clock.now = now
    return replace(parts, clock=clock)


def _goes_to(bench: Bench, event: Event, partition: int) -> bool:
    return zlib.crc32(event.expense_id.encode()) % bench.partitions == partition


def test_the_guard_ends_what_was_seen_and_its_state_goes_with_the_record(tmp_path: Path) -> None:
    """A guard answers repeated records in the polling thread; what it notes is kept only when the record ends well."""

    def guard(event: BatchProgressed, state: Store) -> Any:
        if state.get(f"seen/{event.member}"):
            return (answer(event, "repeated"),)
        state.put(f"seen/{event.member}", b"1")
        return None

    bench = Bench(tmp_path, handler=Handler(handle=_never, state=lambda store: store, guard=guard))
    first, second, poison = inbound("a", 1), inbound("a", 1, "again"), inbound("b", 2)
    bench.rig.feed(first, second, poison)
    member = bench.rig.member()
    member.run()
    assert sorted(bench.started()) == [("a", 1), ("b", 2)]
    bench.finish(first)
    bench.finish(poison, error=ValueError())
    member.run()
    assert bench.rig.told() == [("a", 1, "ok"), ("a", 1, "repeated")]
    assert bench.rig.state() == {"seen/1": b"1"}
