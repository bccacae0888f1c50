"""Which record may run when."""

from consumers.runtime.partition import Partition, Task
from consumers.runtime.progress import Progress
from consumers.runtime.schedule import Schedule, backoff
from consumers.runtime.transport import Fetched


def task(number: int, key: bytes | None, partition: Partition) -> Task:
    """Return a task whose offset is its number."""
    return Task(number, Fetched("t", partition.number, number, key, b""), partition, 0)


def span(number: int = 0) -> Partition:
    """Return a span of ownership."""
    return Partition(number, 1, Progress(None), None, 5_000)


def test_one_record_per_key_runs_and_the_rest_wait_in_order() -> None:
    """While a key is held its next records wait, and come out one by one."""
    schedule, partition = Schedule(), span()
    first, second, third, other = (task(n, k, partition) for n, k in enumerate((b"a", b"a", b"a", b"b")))
    assert schedule.admit(first)
    schedule.hold(first)
    assert not schedule.admit(second)
    assert not schedule.admit(third)
    assert schedule.admit(other)
    assert schedule.release(first) == [second]
    assert schedule.release(second) == [third]
    assert schedule.release(third) == []
    assert schedule.admit(task(9, b"a", partition))


def test_records_without_a_key_never_wait_for_each_other() -> None:
    """A missing key is no key: such records have no order to keep."""
    schedule, partition = Schedule(), span()
    first, second = task(1, None, partition), task(2, None, partition)
    schedule.hold(first)
    assert schedule.admit(second)


def test_the_same_key_on_two_partitions_is_two_keys() -> None:
    """Order is kept within a partition, as in the log."""
    schedule = Schedule()
    schedule.hold(task(1, b"a", span(0)))
    assert schedule.admit(task(2, b"a", span(1)))


def test_postponed_records_come_back_when_due_and_block_their_key() -> None:
    """Until its time the record stays away and its key stays blocked."""
    schedule, partition = Schedule(), span()
    waiting = task(1, b"a", partition)
    schedule.postpone(waiting, 10.0)
    assert schedule.next_due() == 10.0
    assert list(schedule.due(9.9)) == []
    assert not schedule.admit(task(2, b"a", partition))
    assert list(schedule.due(10.0)) == [waiting]
    assert schedule.next_due() is None


def test_a_dropped_partition_takes_its_records_along() -> None:
    """After a revocation nothing of the partition is scheduled, and its keys are free for the next span."""
    schedule, gone, kept = Schedule(), span(0), span(1)
    schedule.postpone(task(1, b"a", gone), 1.0)
    schedule.postpone(task(2, b"b", kept), 2.0)
    gone.alive = False
    schedule.drop(gone)
    assert [t.number for t in schedule.due(5.0)] == [2]
    assert schedule.admit(task(3, b"a", span(0)))


def test_back_off_doubles_up_to_its_bound() -> None:
    """A dependency that is gone is asked ever more rarely, at least every 15 s."""
    waits = [backoff(attempt) for attempt in range(1, 12)]
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits == sorted(waits)
    assert waits[-1] == 15


def _own(task: Task) -> str | None:
    """Each record is of an expense of its own."""
    return str(task.number)


def _begun(schedule: Schedule, tasks: list[Task]) -> list[Task]:
    """Return those that may begin, having begun them."""
    begun = []
    for each in tasks:
        if schedule.admit(each):
            schedule.hold(each)
            begun.append(each)
    return begun


def test_several_of_one_key_begin_in_order_where_the_stage_takes_them_together() -> None:
    """No more than so many at once; each that ends lets the next one of its key begin."""
    schedule, partition = Schedule(2, _own), span()
    tasks = [task(n, b"a", partition) for n in range(4)]
    begun = _begun(schedule, tasks)
    assert begun == tasks[:2]
    assert schedule.release(tasks[1]) == [tasks[2]]
    assert schedule.release(tasks[0]) == [tasks[3]]
    assert schedule.release(tasks[2]) == schedule.release(tasks[3]) == []
    assert schedule.admit(task(9, b"a", partition))


def test_none_begins_behind_one_that_waits_for_its_time() -> None:
    """While one of a key is postponed the key is blocked; then as many begin as may."""
    schedule, partition = Schedule(3, _own), span()
    tasks = [task(n, b"a", partition) for n in range(5)]
    for each in tasks[:2]:
        assert schedule.admit(each)
        schedule.hold(each)
    schedule.postpone(tasks[0], 10.0)
    assert not any(schedule.admit(each) for each in tasks[2:])
    assert schedule.release(tasks[1]) == []
    assert list(schedule.due(10.0)) == [tasks[0]]
    schedule.hold(tasks[0])
    assert schedule.release(tasks[0]) == tasks[2:]


def test_records_of_one_expense_are_never_in_work_together() -> None:
    """The second waits, and so does what is behind it, since the key's records begin in order."""
    of = dict(enumerate(("x", "y", "x", "z")))
    schedule, partition = Schedule(9, lambda task: of[task.number]), span()
    tasks = [task(n, b"a", partition) for n in range(4)]
    begun = _begun(schedule, tasks)
    assert begun == tasks[:2]
    assert schedule.release(tasks[1]) == []
    assert schedule.release(tasks[0]) == tasks[2:]


def test_a_record_whose_expense_is_not_known_is_in_work_alone() -> None:
    """It may be of any of the others."""
    known = {0: "x", 1: None, 2: "z"}
    schedule, partition = Schedule(9, lambda task: known[task.number]), span()
    tasks = [task(n, b"a", partition) for n in range(3)]
    begun = _begun(schedule, tasks)
    assert begun == tasks[:1]
    assert schedule.release(tasks[0]) == tasks[1:2]
    assert schedule.release(tasks[1]) == tasks[2:]
