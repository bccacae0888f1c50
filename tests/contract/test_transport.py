"""What the runner may rely on in a log, held to for the in-memory broker and for Kafka alike."""

from collections.abc import Sequence

import pytest

from consumers.runtime.transport import Fenced, Offset, Outgoing, Tail
from tests.contract.brokers import Log, Member, until


def _everything(tail: Tail) -> list[bytes | None]:
    found: list[bytes | None] = []
    while chunk := tail.catch_up():
        found.extend(record.value for record in chunk)
    return found


def _joined(log: Log, instance: str = "a", *, partitions: int = 2) -> Member:
    member = Member(log.transport(instance)).join(log.inbox)
    until(lambda: len(member.owned) == partitions, member)
    return member


def test_a_group_without_commits_starts_at_the_beginning(log: Log) -> None:
    """The first assignment says that nothing is committed, and reading begins with the first record."""
    for value in (b"1", b"2", b"3"):
        log.produce(log.inbox, value)
    member = _joined(log)
    assert member.owned == {0: None, 1: None}
    until(lambda: len(member.seen) == 3, member)
    assert [(r.partition, r.offset, r.key, r.value) for r in member.seen] == [
        (0, 0, b"key", b"1"),
        (0, 1, b"key", b"2"),
        (0, 2, b"key", b"3"),
    ]
    member.transport.close()


def test_poll_returns_at_most_what_was_asked_for(log: Log) -> None:
    """The count bounds what one poll brings into the process."""
    for number in range(10):
        log.produce(log.inbox, b"%d" % number)
    member = _joined(log)
    until(lambda: bool(member.seen), member)
    before = len(member.seen)
    assert len(member.transport.poll(3, 1.0)) <= 3
    assert before <= 10
    member.transport.close()


def test_position_is_none_before_the_first_record_and_passes_markers(log: Log) -> None:
    """After all is read the position equals the end of the log, transaction markers included."""
    member = _joined(log)
    assert member.transport.position(0) in (None, 0)
    member.transport.transact([Outgoing(log.inbox, b"key", b"1", (), 0)], {}, None)
    until(lambda: member.values == [b"1"], member)
    end = member.transport.bounds(log.inbox, 0)[1]
    until(lambda: member.transport.position(0) == end, member)
    member.transport.close()


def test_paused_partitions_bring_nothing(log: Log) -> None:
    """A paused partition is silent while others go on, and resumes where it stopped."""
    member = _joined(log)
    member.transport.pause([0])
    log.produce(log.inbox, b"zero", partition=0)
    log.produce(log.inbox, b"one", partition=1)
    until(lambda: b"one" in member.values, member)
    for _ in range(10):
        member.poll()
    assert member.values == [b"one"]
    member.transport.resume([0])
    until(lambda: member.values == [b"one", b"zero"], member)
    member.transport.close()


def test_a_transaction_carries_records_offsets_and_metadata(log: Log) -> None:
    """Outputs and offsets appear together, and the next owner gets offset and metadata back."""
    for number in range(5):
        log.produce(log.inbox, b"%d" % number)
    member = _joined(log)
    until(lambda: len(member.seen) == 5, member)
    written = member.transport.transact(
        [
            Outgoing(log.outbox, b"key", b"out", (("h", b"v"),)),
            Outgoing(log.changes, b"s", b"state", (), 1),
            Outgoing(log.changes, b"t", None, (), 1),
        ],
        {0: Offset(3, "1:Ag==")},
        log.changes,
    )
    assert written.next == {(log.changes, 1): 2}
    assert log.committed(log.outbox) == [b"out"]
    member.transport.close()
    successor = _joined(log, "b")
    assert successor.owned == {0: Offset(3, "1:Ag=="), 1: None}
    until(lambda: successor.values == [b"3", b"4"], successor)
    successor.transport.close()


def test_recover_goes_back_to_what_is_committed(log: Log) -> None:
    """After `recover` records come again from the committed offset, and the position does not remember more."""
    for number in range(5):
        log.produce(log.inbox, b"%d" % number)
    member = _joined(log)
    until(lambda: len(member.seen) == 5, member)
    member.transport.transact([], {0: Offset(2)}, None)
    member.seen.clear()
    assert member.transport.recover() == {0: Offset(2), 1: None}
    assert member.transport.position(0) in (None, 2)
    until(lambda: len(member.seen) == 3, member)
    assert member.values == [b"2", b"3", b"4"]
    member.transport.transact([Outgoing(log.outbox, b"key", b"after", ())], {0: Offset(5)}, None)
    assert log.committed(log.outbox) == [b"after"]
    member.transport.close()


def test_a_second_owner_of_a_transactional_id_fences_the_first(log: Log) -> None:
    """The older producer's transaction is refused as fenced and leaves nothing behind."""
    member = _joined(log)
    member.transport.transact([Outgoing(log.outbox, b"key", b"first", ())], {}, None)
    usurper = log.transport("a")
    with pytest.raises(Fenced, match="transactional id"):
        member.transport.transact([Outgoing(log.outbox, b"key", b"zombie", ())], {0: Offset(1)}, None)
    usurper.transact([Outgoing(log.outbox, b"key", b"second", ())], {}, None)
    assert log.committed(log.outbox) == [b"first", b"second"]
    usurper.close()
    member.transport.close()


def test_a_tail_reads_all_partitions_and_follows(log: Log) -> None:
    """A tail of a topic has everything that was there when it was asked, then only what is new."""
    log.produce(log.changes, b"1", partition=0)
    log.produce(log.changes, b"2", partition=1)
    member = log.transport()
    tail = member.tail(log.changes)
    assert sorted(v or b"" for v in _everything(tail)) == [b"1", b"2"]
    assert tail.remaining == 0
    assert _everything(tail) == []
    log.produce(log.changes, b"3", partition=1)
    assert _everything(tail) == [b"3"]
    tail.close()
    member.close()


def test_a_tail_of_one_partition_starts_where_it_is_told(log: Log) -> None:
    """A tail from an offset leaves out what lies before it, and the other partitions."""
    for number in range(4):
        log.produce(log.changes, b"%d" % number, partition=1)
    log.produce(log.changes, b"other", partition=0)
    transport = log.transport()
    tail = transport.tail(log.changes, 1, 2)
    assert _everything(tail) == [b"2", b"3"]
    tail.close()
    empty = transport.tail(log.outbox, 0, 0)
    assert _everything(empty) == []
    empty.close()
    transport.close()


def test_bounds_are_first_and_next_offset(log: Log) -> None:
    """An empty partition has equal bounds; each record raises the upper one."""
    transport = log.transport()
    assert transport.bounds(log.changes, 0) == (0, 0)
    log.produce(log.changes, b"1")
    assert transport.bounds(log.changes, 0) == (0, 1)
    transport.close()


def test_partitions_are_handed_over_between_members(log: Log) -> None:
    """A second member gets half; what the first commits while giving up is where the second begins."""
    for partition in (0, 1):
        for number in range(4):
            log.produce(log.inbox, b"%d-%d" % (partition, number), partition=partition)
    first = _joined(log)
    until(lambda: len(first.seen) == 8, first)

    def commit(numbers: Sequence[int]) -> None:
        first.transport.transact([], {n: Offset(3, "1:AQ==") for n in numbers}, None)

    first.before_revoke = commit
    second = Member(log.transport("b")).join(log.inbox)
    until(lambda: len(first.owned) == len(second.owned) == 1, first, second)
    assert set(second.owned.values()) == {Offset(3, "1:AQ==")}
    taken = next(iter(second.owned))
    until(lambda: second.values == [b"%d-3" % taken], first, second)
    first.transport.close()
    until(lambda: len(second.owned) == 2, second)
    second.transport.close()


def test_what_was_aborted_is_never_seen(log: Log) -> None:
    """Records of a producer that was replaced before its commit are invisible to groups and tails."""
    member = _joined(log)
    member.transport.transact([Outgoing(log.inbox, b"key", b"kept", (), 0)], {}, None)
    usurper = log.transport("a")
    with pytest.raises(Fenced):
        member.transport.transact([Outgoing(log.inbox, b"key", b"aborted", (), 0)], {}, None)
    usurper.transact([Outgoing(log.inbox, b"key", b"next", (), 0)], {}, None)
    until(lambda: len(member.seen) == 2, member)
    assert member.values == [b"kept", b"next"]
    tail = usurper.tail(log.inbox)
    assert _everything(tail) == [b"kept", b"next"]
    tail.close()
    usurper.close()
    member.transport.close()
