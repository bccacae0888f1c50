"""Folding a run of audit entries into the tables, in one transaction with the offsets they were read at."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from audit.entry import Entry
from audit.reconstruct import Expense, apply
from audit.story import tell
from consumers.project.database import upsert
from consumers.project.hot import Hot
from consumers.project.rows import (
    Row,
    dead_letter_rows,
    expense_row,
    from_row,
    line_rows,
    problem_rows,
    review_rows,
)
from consumers.project.tables import DEAD_LETTERS, ENTRIES, EXPENSES, LINES, OFFSETS, PROBLEMS, REPEATS, REVIEWS
from schemas.envelope import Event
from schemas.events import SubmissionRepeated

__all__ = ["Told", "next_offset", "write"]

# SQLite takes 32,766 bound values in one statement; a few hundred a query is as fast.
_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the audit log, opened: `event` is what it recorded, None for a dead letter."""

    partition: int
    offset: int
    hash: str
    entry: Entry
    event: Event | None


def next_offset(engine: Engine, topic: str, partition: int) -> int:
    """Return the first offset that is not in the tables yet."""
    query = select(OFFSETS.c.next).where(OFFSETS.c.topic == topic, OFFSETS.c.partition == partition)
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def write(
    engine: Engine, topic: str, told: Sequence[Told], positions: Mapping[int, int], hot: Hot | None = None
) -> int:
    """Fold the entries into the tables and return how many were new; `hot` spares reading what was folded last.

    `positions` is the next offset to read per partition of the entries. What is below the stored offset was folded
    before, by this process or by another that owned the partition, and is left out: each entry counts exactly once.

    Raises:
        OperationalError: the database does not answer; nothing was written.

    """
    hot = hot or Hot()
    try:
        with engine.begin() as connection:
            stored = {partition: _lock(connection, topic, partition) for partition in sorted(positions)}
            hot.agree(stored)
            fresh = [t for t in told if t.offset >= stored[t.partition]]
            after = _fold(connection, topic, fresh, hot) if fresh else {}
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
    return len(fresh)


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


def _fold(connection: Connection, topic: str, told: Sequence[Told], hot: Hot) -> dict[str, Expense]:
    ids = {t.entry.expense_id for t in told}
    before = hot.among(ids)
    before |= _load(connection, ids - before.keys())
    after = dict(before)
    for t in told:
        expense = apply(after.get(t.entry.expense_id), t.entry, t.event)
        if expense is not None:
            after[t.entry.expense_id] = expense
    changed = [(before.get(id_), expense) for id_, expense in after.items() if before.get(id_) != expense]
    upsert(connection, EXPENSES, [expense_row(expense) for _, expense in changed])
    for table, rows in (
        (LINES, line_rows),
        (PROBLEMS, problem_rows),
        (REVIEWS, review_rows),
        (DEAD_LETTERS, dead_letter_rows),
    ):
        _replace(connection, table, rows, changed)
    upsert(connection, ENTRIES, [_entry_row(topic, t) for t in told])
    upsert(connection, REPEATS, list(_repeats(told)))
    return after


def _load(connection: Connection, ids: Iterable[str]) -> dict[str, Expense]:
    wanted = sorted(ids)
    found = {}
    for begin in range(0, len(wanted), _IDS_A_QUERY):
        query = select(EXPENSES.c.expense_id, EXPENSES.c.body, EXPENSES.c.key_id, EXPENSES.c.ciphertext).where(
            EXPENSES.c.expense_id.in_(wanted[begin : begin + _IDS_A_QUERY])
        )
        for expense_id, body, key_id, ciphertext in connection.execute(query):
            found[expense_id] = from_row(body, key_id, ciphertext)
    return found


def _replace(
    connection: Connection,
    table: Table,
    rows: Callable[[Expense], Iterator[Row]],
    changed: Sequence[tuple[Expense | None, Expense]],
) -> None:
    """Write an expense's rows anew where they differ from before; a correction can leave fewer of them."""
    gone: list[Row] = []
    fresh: list[Row] = []
    for before, after in changed:
        old, new = list(rows(before)) if before else [], list(rows(after))
        if old != new:
            fresh += new
            if len(old) > len(new):
                gone.append({"id": after.expense_id})
    if gone:
        connection.execute(delete(table).where(table.c.expense_id == bindparam("id")), gone)
    upsert(connection, table, fresh)


def _entry_row(topic: str, told: Told) -> Row:
    entry = told.entry
    return {
        "expense_id": entry.expense_id,
        "sequence": entry.sequence,
        "action": entry.action,
        "stage": entry.stage,
        "status": entry.status,
        "actor": entry.actor,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "hash": told.hash,
        "position": f"{topic}/{told.partition}/{told.offset}",
        "sentence": tell(entry, told.event),
    }


def _repeats(told: Sequence[Told]) -> Iterator[Row]:
    for t in told:
        if isinstance(t.event, SubmissionRepeated) and t.event.batch_id not in {None, t.event.first_batch_id}:
            yield {"tenant_id": t.entry.tenant_id, "batch_id": t.event.batch_id, "expense_id": t.entry.expense_id}
