"""The process lane with real worker processes: each takes along only its own record."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from consumers.runtime.lanes.lane import Answer, WorkerDied
from consumers.runtime.lanes.process import ProcessLane
from consumers.runtime.stage import Handler, Lane, Limits
from schemas.dead_letters import PREFIX
from tests.runtime.rig import Member, Rig
from tests.runtime.rows import inbound, row

# Each worker is a fresh interpreter: half a second and more apiece.
pytestmark = pytest.mark.slow

HOSTILE = "tests.runtime.handlers.hostile"


def nothing(handler: Handler) -> Callable[[Mapping[str, bytes]], Mapping[str, Any]]:
    """Give a worker no capabilities."""
    del handler
    return lambda _: {}


def _lane(limits: Limits) -> ProcessLane:
    return ProcessLane(HOSTILE, limits=limits, given="tests.runtime.test_process_lane:nothing")


@pytest.fixture
def lane() -> Iterator[ProcessLane]:
    """Return a lane of one worker with tight limits; its worker is ended with the test."""
    made = _lane(Limits(workers=1, seconds=20, memory_bytes=400 * 2**20))
    yield made
    made.close(0)


def _answer(lane: ProcessLane, command: str, *, seconds: float = 30) -> Answer:
    lane.submit(1, inbound("a", 1, command), {})
    return _next(lane, seconds)[0]


def _next(lane: ProcessLane, seconds: float = 30) -> Sequence[Answer]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers := lane.answers():
            return answers
        time.sleep(0.01)
    pytest.fail("the lane did not answer")


def test_every_kind_of_end_is_an_answer(lane: ProcessLane) -> None:
    """One worker goes on through errors of the handler; a dead one is replaced for the next record."""
    assert _answer(lane, "ok").outputs
    first = lane.pids
    poison = _answer(lane, "poison").error
    assert (type(poison).__name__, getattr(poison, "reason", "")) == ("Poisoned", "ENCRYPTED")
    transient = _answer(lane, "transient").error
    assert (type(transient).__name__, getattr(transient, "dependency", "")) == ("Transient", "object store")
    assert "Unsendable" in str(_answer(lane, "unsendable").error)
    assert isinstance(_answer(lane, "none").error, TypeError)
    assert lane.pids == first, "none of these costs the worker its life"
    for command in ("die", "exit"):
        assert isinstance(_answer(lane, command).error, WorkerDied)
        assert lane.free == 1
    assert _answer(lane, "ok").outputs
    assert lane.pids != first


def test_a_hanging_record_is_ended_at_its_limit_with_its_children() -> None:
    """The worker and what it started are gone, and the answer says why."""
    lane = _lane(Limits(workers=1, seconds=1.5))
    try:
        lane.submit(1, inbound("a", 1, "hang"), {})
        worker = psutil.Process(lane.pids[0])
        deadline = time.monotonic() + 20
        family: list[psutil.Process] = []
        while not family and time.monotonic() < deadline and worker.is_running():
            family = worker.children()
            time.sleep(0.02)
        (answer,) = _next(lane)
        assert (type(answer.error).__name__, str(answer.error)) == ("LimitExceeded", "not done within 1.5 s")
        assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in (worker, *family))
    finally:
        lane.close(0)


def test_a_memory_hog_is_ended() -> None:
    """A record that grows without end is stopped at its limit, long before the machine suffers."""
    lane = _lane(Limits(workers=1, seconds=60, memory_bytes=200 * 2**20))
    try:
        answer = _answer(lane, "hog")
        assert type(answer.error).__name__ == "LimitExceeded"
        assert "memory" in str(answer.error)
    finally:
        lane.close(0)


def test_workers_run_side_by_side() -> None:
    """Two records take two processes; a third waits its turn."""
    lane = _lane(Limits(workers=2, seconds=60))
    try:
        for task in (1, 2):
            lane.submit(task, inbound("a", task, "slow"), {})
        assert lane.free == 0
        assert len(set(lane.pids)) == 2
        ended = [*_next(lane)]
        while len(ended) < 2:
            ended.extend(_next(lane))
        assert {a.task for a in ended} == {1, 2}
        assert lane.free == 2
    finally:
        lane.close(0)


def _run_until(member: Member, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "it did not come about in time"
        member.runner.step(0)
        time.sleep(0.01)


def test_killed_workers_in_the_whole_runner(tmp_path: Path) -> None:
    """A record that kills its workers is buried after three of them; every other record ends well."""
    limits = Limits(workers=2, seconds=30)
    lane = _lane(limits)
    rig = Rig(row(HOSTILE, lane=Lane.PROCESS, limits=limits), tmp_path, lane=lambda: lane)
    rig.feed(inbound("bad", 1, "die"), inbound("bad", 2, "ok"), *(inbound(f"k{n}", n) for n in range(6)))
    member = rig.member()
    _run_until(member, lambda: rig.lag() == 0)
    assert [(key, number) for key, number, _ in rig.told()] == [("bad", 2), *((f"k{n}", n) for n in range(6))]
    (letter,) = rig.letters()
    assert dict(letter.headers)[f"{PREFIX}class"] == b"WORKER_DIED"
    assert member.telemetry.counters["workers_died"] == 2
    member.runner.drain(1)


def test_a_worker_that_cannot_start_blames_no_record(tmp_path: Path) -> None:
    """A wrong configuration halts the stage; it does not dead-letter document after document."""
    limits = Limits(workers=1, seconds=30)
    lane = ProcessLane(HOSTILE, limits=limits, given="tests.runtime.test_process_lane:no_such_function")
    rig = Rig(row(HOSTILE, lane=Lane.PROCESS, limits=limits), tmp_path, lane=lambda: lane)
    rig.feed(inbound("a", 1))
    member = rig.member()
    with pytest.raises(Exception, match="cannot start"):
        _run_until(member, lambda: rig.lag() == 0)
    assert rig.letters() == []
    member.runner.close()
