"""Folding a run of audit entries into the tables, in one transaction with the offsets they were read at."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

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

# Entries that are opened and folded together: what they hold is let go of before the next, within one transaction.
_PIECE = 500
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
    engine: Engine, topic: str, told: Iterable[Told], positions: Mapping[int, int], hot: Hot | None = None
) -> int:
    """Fold the entries into the tables and return how many were new; `hot` spares reading what was folded last.

    An expense is written once, as its last entry leaves it. `told` is gone through once, inside the transaction.

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
            fresh = (t for t in told if t.offset >= stored[t.partition])
            new, after = _fold(connection, topic, fresh, hot)
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


def _fold(connection: Connection, topic: str, told: Iterator[Told], hot: Hot) -> tuple[int, dict[str, Expense]]:
    """Return how many entries there were, and every expense that one of them is about as it stands now."""
    before: dict[str, Expense] = {}
    after: dict[str, Expense] = {}
    seen: set[str] = set()
    new = 0
    while piece := list(islice(told, _PIECE)):
        ids = {t.entry.expense_id for t in piece} - seen
        found = hot.among(ids)
        found |= _load(connection, ids - found.keys())
        before |= found
        after |= found
        seen |= ids
        for t in piece:
            expense = apply(after.get(t.entry.expense_id), t.entry, t.event)
            if expense is not None:
                after[t.entry.expense_id] = expense
        upsert(connection, ENTRIES, [_entry_row(topic, t) for t in piece])
        upsert(connection, REPEATS, _repeats(piece))
        new += len(piece)
    changed = [(before.get(id_), expense) for id_, expense in after.items() if before.get(id_) is not expense]
    upsert(connection, EXPENSES, [expense_row(expense) for _, expense in changed])
    for table, rows, told_by in _PARTS:
        _replace(connection, table, rows, [pair for pair in changed if _touched(*pair, told_by)])
    return new, after


# The tables beside an expense's own row, and which of its fields their rows are made of.
_PARTS: tuple[tuple[Table, Callable[[Expense], Iterator[Row]], tuple[str, ...]], ...] = (
    (LINES, line_rows, ("lines", "categories", "codings", "decisions", "conversion")),
    (PROBLEMS, problem_rows, ("problems",)),
    (REVIEWS, review_rows, ("review", "problems")),
    (DEAD_LETTERS, dead_letter_rows, ("dead_letters",)),
)


def _touched(before: Expense | None, after: Expense, told_by: Iterable[str]) -> bool:
    """Whether any of these fields was told anew: an entry leaves what it says nothing of as the object it was."""
    return before is None or any(getattr(before, name) is not getattr(after, name) for name in told_by)


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
