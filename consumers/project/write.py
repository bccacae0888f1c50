"""Writing a run of audit entries into the tables, in one transaction with the offsets they were read at."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects import postgresql, sqlite

from consumers.project.fold import Fold, Reading
from consumers.project.hot import Hot
from consumers.project.tables import OFFSETS
from streams.record import Fetched

__all__ = ["next_offset", "write"]


def next_offset(engine: Engine, topic: str, partition: int) -> int:
    """Return the first offset that is not in the tables yet."""
    query = select(OFFSETS.c.next).where(OFFSETS.c.topic == topic, OFFSETS.c.partition == partition)
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def write(
    engine: Engine,
    topic: str,
    records: Iterable[Fetched],
    positions: Mapping[int, int],
    reading: Reading,
    hot: Hot | None = None,
) -> int:
    """Fold the entries into the tables and return how many were new; `hot` spares reading what was folded last.

    An expense is written once, as its last entry leaves it. `records` are gone through once, inside the transaction.

    `positions` is the next offset to read per partition of the entries. What is below the stored offset was folded
    before, by this process or by another that owned the partition, and is left out: each entry counts exactly once.

    Raises:
        OperationalError: the database does not answer; nothing was written.
        RegistryUnavailable: the registry does not answer; nothing was written.
        Unreadable: a record is no entry, or its event cannot be read; nothing was written.

    """
    hot = hot or Hot()
    try:
        with engine.begin() as connection:
            stored = {partition: _lock(connection, topic, partition) for partition in sorted(positions)}
            hot.agree(stored)
            fresh = (record for record in records if record.offset >= stored[record.partition])
            new, after = Fold(connection, topic, reading, hot).fold(fresh)
            for partition, position in positions.items():
                if position > stored[partition]:
                    connection.execute(
                        update(OFFSETS)
                        .where(OFFSETS.c.topic == topic, OFFSETS.c.partition == partition)
                        .values(next=position)
                    )
    except BaseException:
        hot.forget()
        raise
    hot.keep(after, {partition: max(position, stored[partition]) for partition, position in positions.items()})
    return new


def _lock(connection: Connection, topic: str, partition: int) -> int:
    """Return the stored offset, and hold its row: a second writer of the partition waits here, then sees ours."""
    insert = postgresql.insert(OFFSETS) if connection.dialect.name == "postgresql" else sqlite.insert(OFFSETS)
    statement = (
        insert.values(topic=topic, partition=partition, next=0)
        .on_conflict_do_update(index_elements=["topic", "partition"], set_={"next": OFFSETS.c.next})
        .returning(OFFSETS.c.next)
    )
    stored: int = connection.execute(statement).scalar_one()
    return stored
