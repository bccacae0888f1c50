"""Following the audit log."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from consumers.project.database import open_database
from consumers.project.queries import ReadModel
from consumers.project.tables import SCHEMA
from consumers.runtime.errors import Halted
from consumers.runtime.memory import MemoryBroker
from consumers.runtime.transport import Outgoing, TransactionLost
from schemas.topics import AUDIT_LOG
from tests.audit.trail import clean, resolved, sealed
from tests.project.log import append, follower, settle

ONE, TWO = sealed(clean("one")), sealed(resolved("two"))


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker whose audit log has an expense in each of two partitions."""
    made = MemoryBroker(partitions=2)
    append(made, ONE, 0)
    append(made, TWO, 1)
    return made


def lag(broker: MemoryBroker) -> int:
    """Records the group has not committed."""
    return sum(
        len(broker.log(AUDIT_LOG.name, p))
        - (o.next if (o := broker.offsets.get(("project", AUDIT_LOG.name, p))) else 0)
        for p in range(broker.partitions)
    )


def test_folds_all_and_shows_no_lag(broker: MemoryBroker, engine: Engine) -> None:
    """Everything in the log is folded once, and the group's lag reaches zero."""
    assert settle(follower(broker, engine)) == len(ONE) + len(TWO)
    assert ReadModel(engine).counts() == {"posted": 2}
    assert lag(broker) == 0


def test_restart_goes_on(broker: MemoryBroker, engine: Engine) -> None:
    """A new process goes on where the tables are."""
    first = follower(broker, engine)
    settle(first)
    first.drain(1.0)
    append(broker, sealed(clean("three")), 0)
    assert settle(follower(broker, engine)) == len(ONE)
    assert ReadModel(engine).counts() == {"posted": 3}


def test_lost_commit_folds_nothing_twice(broker: MemoryBroker, engine: Engine) -> None:
    """When the group's offsets cannot be committed the rows are kept, and what is read again is left out."""
    one = follower(broker, engine)
    broker.fail_next = 1
    with pytest.raises(TransactionLost):
        settle(one)
    assert ReadModel(engine).counts() == {"posted": 2}
    one.recover()
    assert settle(one) == 0
    assert lag(broker) == 0


def test_two_members_share(broker: MemoryBroker, engine: Engine) -> None:
    """Two members fold each entry once, also when one leaves in the middle."""
    a = follower(broker, engine, "a")
    b = follower(broker, engine, "b")
    total = a.step() + b.step()
    append(broker, sealed(clean("three")), 0)
    append(broker, sealed(clean("four")), 1)
    b.close()
    assert total + settle(a) == len(ONE) * 3 + len(TWO)
    assert ReadModel(engine).counts() == {"posted": 4}


def test_rebuild_reads_from_the_beginning(broker: MemoryBroker, engine: Engine) -> None:
    """Tables of another version are rebuilt from the log, though the group had read it, and then go on."""
    one = follower(broker, engine)
    settle(one)
    one.close()
    with engine.begin() as connection:
        connection.execute(update(SCHEMA).values(version=0))
    again = follower(broker, engine)
    append(broker, sealed(clean("three")), 0)
    assert settle(again) == len(ONE) * 2 + len(TWO)
    assert ReadModel(engine).counts() == {"posted": 3}
    assert lag(broker) == 0


def test_waits_for_the_database(broker: MemoryBroker, tmp_path: Path) -> None:
    """While the database does not answer, nothing is lost and readiness says what is missing."""
    folder = tmp_path / "not there yet"
    engine = open_database(f"sqlite:///{folder}/model.sqlite")
    one = follower(broker, engine)
    assert [one.step() for _ in range(3)] == [0, 0, 0]
    assert list(one.missing) == ["database"]
    assert lag(broker) == len(ONE) + len(TWO)
    folder.mkdir()
    assert settle(one) == len(ONE) + len(TWO)
    assert one.missing == {}
    append(broker, sealed(clean("three")), 0)
    assert settle(one) == len(ONE)


@pytest.mark.parametrize("value", [b"junk", b"\0\0\0\0\7junk"])
def test_foreign_bytes_halt(broker: MemoryBroker, engine: Engine, value: bytes) -> None:
    """What is no entry stops the stage and names its place; going on would leave a hole."""
    one = follower(broker, engine)
    settle(one)
    broker.produce(Outgoing(AUDIT_LOG.name, b"e/x/1", value, partition=1))
    with pytest.raises(Halted, match=rf"audit\.log/1/{len(TWO)}"):
        settle(one)


def test_tombstones_are_no_entries(broker: MemoryBroker, engine: Engine) -> None:
    """A tombstone is passed over."""
    broker.produce(Outgoing(AUDIT_LOG.name, b"e/x/1", None, partition=1))
    assert settle(follower(broker, engine)) == len(ONE) + len(TWO)
    assert lag(broker) == 0
