"""Attempts are written down before they begin, and suspects run alone."""

from pathlib import Path

from consumers.runtime.attempts import WaitingRoom
from consumers.runtime.partition import Partition, Task
from consumers.runtime.progress import Progress
from consumers.runtime.store import PartitionStore
from consumers.runtime.transport import Fetched


def _span(folder: Path) -> Partition:
    store = PartitionStore(folder / "0.sqlite", now_ms=0, max_age_ms=1)
    return Partition(0, 1, Progress(None), None, 5_000, store=store)


def _task(number: int, partition: Partition, *, deaths: int = 0) -> Task:
    return Task(number, Fetched("t", 0, number, b"%d" % number, b""), partition, 0, deaths=deaths)


def _started(room: WaitingRoom, running: dict[int, Task], free: int) -> list[int]:
    room.mark(running)
    room.committed()
    started = list(room.start(free))
    running |= {t.number: t for t in started}
    return [t.number for t in started]


def test_nothing_starts_before_its_mark_is_committed(tmp_path: Path) -> None:
    """A record starts only once the log knows that it began."""
    room, partition = WaitingRoom(2, marks=True), _span(tmp_path)
    task = _task(1, partition)
    room.enter(task)
    assert list(room.start(2)) == []
    room.mark({})
    assert partition.store
    assert partition.store.pending == {task.attempt_key: b"1"}
    assert list(room.start(2)) == []
    room.committed()
    assert list(room.start(2)) == [task]


def test_without_marks_records_start_at_once(tmp_path: Path) -> None:
    """A lane that harms nobody needs no marks."""
    room, partition = WaitingRoom(2, marks=False), _span(tmp_path)
    room.enter(_task(1, partition))
    assert _started(room, {}, 1) == [1]
    assert partition.store
    assert not partition.store.pending


def test_a_suspect_runs_alone_and_before_those_who_wait(tmp_path: Path) -> None:
    """A record that began before without ending gets the lane to itself, even behind a steady stream."""
    room, partition = WaitingRoom(2, marks=True), _span(tmp_path)
    running: dict[int, Task] = {}
    for number in (1, 2, 3):
        room.enter(_task(number, partition))
    assert _started(room, running, 2) == [1, 2]
    room.enter(_task(9, partition, deaths=1))
    assert _started(room, running, 0) == []
    running.clear()
    assert _started(room, running, 2) == [9]
    assert _started(room, running, 1) == []
    running.clear()
    assert _started(room, running, 2) == [3]


def test_an_attempt_cut_short_by_a_hand_over_is_taken_back(tmp_path: Path) -> None:
    """Handing a partition over while a record runs blames nobody."""
    room, partition = WaitingRoom(2, marks=True), _span(tmp_path)
    running: dict[int, Task] = {}
    room.enter(_task(1, partition))
    room.enter(_task(2, partition, deaths=0))
    assert _started(room, running, 1) == [1]
    room.pardon(running.values(), [0])
    assert partition.store
    assert partition.store.pending == {running[1].attempt_key: None, _task(2, partition).attempt_key: None}


def test_an_attempt_cut_short_by_a_lost_transaction_is_not_counted(tmp_path: Path) -> None:
    """The record comes again, its mark says 1, but this process knows that nothing died."""
    room, partition = WaitingRoom(1, marks=True), _span(tmp_path)
    running: dict[int, Task] = {}
    room.enter(_task(1, partition))
    assert _started(room, running, 1) == [1]
    room.drop(partition, running)
    again = _span(tmp_path / "again")
    assert again.store
    again.store.accept({running[1].attempt_key: b"1"})
    assert room.begun(_task(1, again)) == 0
    assert room.begun(_task(1, again)) == 1
