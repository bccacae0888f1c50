"""A commit that goes on behind the polling thread: what it carries, in which order, and how its end is told."""

from collections.abc import Sequence

import pytest

from consumers.runtime.transport import Fenced, Offset, Outgoing
from tests.contract.brokers import Log, Member, until


def _joined(log: Log, instance: str = "a") -> Member:
    member = Member(log.transport(instance)).join(log.inbox)
    until(lambda: len(member.owned) == 2, member)
    return member


def _record(log: Log, value: bytes) -> Outgoing:
    return Outgoing(log.outbox, b"key", value, (), 0)


def test_a_commit_behind_carries_records_and_offsets(log: Log) -> None:
    """Once settled both are there for everybody; settling again asks nothing."""
    log.produce(log.inbox, b"in")
    member = _joined(log)
    until(lambda: len(member.seen) == 1, member)
    member.transport.transact_behind([_record(log, b"out")], {0: Offset(1)})
    member.transport.settle()
    member.transport.settle()
    assert log.committed(log.outbox) == [b"out"]
    member.transport.close()
    successor = _joined(log, "b")
    assert successor.owned[0] == Offset(1)
    successor.transport.close()


def test_what_is_written_next_comes_after_it(log: Log) -> None:
    """Nothing gets into the transaction that is being committed, and nothing overtakes it."""
    member = _joined(log)
    member.transport.ahead([_record(log, b"1")])
    member.transport.transact_behind([_record(log, b"2")], {0: Offset(1)})
    member.transport.ahead([_record(log, b"3")])
    member.transport.transact_behind([_record(log, b"4")], {0: Offset(2)})
    member.transport.transact([_record(log, b"5")], {0: Offset(3)}, None)
    assert log.committed(log.outbox) == [b"1", b"2", b"3", b"4", b"5"]
    member.transport.close()


def test_a_commit_behind_that_was_fenced_says_so_when_it_is_settled(log: Log) -> None:
    """It leaves nothing of its own."""
    member = _joined(log)
    usurper = log.transport("a")

    def committed() -> None:
        member.transport.transact_behind([_record(log, b"zombie")], {0: Offset(1)})
        member.transport.settle()

    with pytest.raises(Fenced, match="transactional id"):
        committed()
    usurper.transact([_record(log, b"second")], {}, None)
    assert log.committed(log.outbox) == [b"second"]
    usurper.close()
    member.transport.close()


def test_recovery_knows_how_it_ended(log: Log) -> None:
    """Recovered in the middle of it, records and offsets are both there or both not, and never appear afterwards."""
    log.produce(log.inbox, b"in")
    member = _joined(log)
    until(lambda: len(member.seen) == 1, member)
    member.transport.transact_behind([_record(log, b"out")], {0: Offset(1)})
    recovered = member.transport.recover()[0]
    member.transport.transact([_record(log, b"next")], {}, None)
    assert log.committed(log.outbox) == ([b"out", b"next"] if recovered == Offset(1) else [b"next"])
    member.transport.close()


def test_a_partition_that_goes_away_in_the_middle_of_it_goes_with_its_offset(log: Log) -> None:
    """Settled while the partition can still be committed, it leaves the next owner to begin after it."""
    for number in range(2):
        log.produce(log.inbox, b"in", partition=number)
    member = _joined(log)
    until(lambda: len(member.seen) == 2, member)
    settled: list[int] = []

    def before_revoke(numbers: Sequence[int]) -> None:
        member.transport.settle()
        settled.extend(numbers)

    member.before_revoke = before_revoke
    successor = Member(log.transport("b"))
    member.transport.transact_behind([_record(log, b"out")], {0: Offset(1), 1: Offset(1)})
    successor.join(log.inbox)
    until(lambda: len(member.owned) == len(successor.owned) == 1, member, successor)
    assert list(successor.owned.items()) == [(settled[0], Offset(1))]
    assert log.committed(log.outbox) == [b"out"]
    for one in (member, successor):
        one.transport.close()
