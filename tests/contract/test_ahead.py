"""What is written ahead of its transaction: part of it, in order, and gone with it."""

from consumers.runtime.transport import Outgoing
from tests.contract.brokers import Log, Member, until


def _joined(log: Log) -> Member:
    member = Member(log.transport("a")).join(log.inbox)
    until(lambda: len(member.owned) == 2, member)
    return member


def _record(log: Log, value: bytes) -> Outgoing:
    return Outgoing(log.inbox, b"key", value, (), 0)


def test_what_was_written_ahead_appears_with_the_transaction(log: Log) -> None:
    """Not before it, once, and in front of what the transaction brings itself."""
    member = _joined(log)
    member.transport.ahead([_record(log, b"1")])
    member.transport.ahead([_record(log, b"2")])
    for _ in range(5):
        member.poll()
    assert member.values == []
    member.transport.transact([_record(log, b"3")], {}, None)
    member.transport.transact([_record(log, b"4")], {}, None)
    until(lambda: len(member.values) >= 4, member)
    assert member.values == [b"1", b"2", b"3", b"4"]
    member.transport.close()


def test_what_was_written_ahead_goes_with_recovery(log: Log) -> None:
    """After the way back nothing of it is ever seen; what comes later is."""
    member = _joined(log)
    member.transport.ahead([_record(log, b"lost")])
    member.transport.recover()
    member.transport.transact([_record(log, b"kept")], {}, None)
    until(lambda: bool(member.values), member)
    assert member.values == [b"kept"]
    member.transport.close()
