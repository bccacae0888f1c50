"""Folding audit entries into expenses, and these into rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete

from audit.entry import read
from audit.step import DEAD_LETTERED, READ_AFTER_ALL
from audit.story import sentence, tell
from consumers.project.database import converters, put, upsert
from consumers.project.gists import Gists
from consumers.project.hot import Hot
from consumers.project.rows import Row, dead_letter_rows, expense_row, line_rows, problem_rows, review_rows
from consumers.project.standing import KEPT, Said, Standing, stepped
from consumers.project.tables import (
    DEAD_LETTERS,
    ENTRIES,
    EXPENSES,
    LINES,
    PROBLEMS,
    REPEATS,
    REVIEWS,
    SCHEMAS,
)
from consumers.project.told import Told
from schemas.codec import Undecodable
from schemas.envelope import Event
from schemas.events import KeyWrapped, SubmissionRepeated

__all__ = ["Fold", "Unfoldable"]

# Entries that are folded together: what they hold is let go of before the next, within one transaction.
_PIECE = 500
# SQLite takes 32,766 bound values in one statement; a few hundred a query is as fast.
_IDS_A_QUERY = 500
# Entries that say something no event does.
_ODD = frozenset({DEAD_LETTERED, READ_AFTER_ALL, KeyWrapped.__name__})


class Unfoldable(Exception):
    """The event of an entry cannot be read; `told` is the entry."""

    def __init__(self, told: Told, error: Exception) -> None:
        super().__init__(str(error))
        self.told = told


class Fold:
    """One transaction's fold: the expenses it is about as they stand, and what was said of each before it."""

    def __init__(self, connection: Connection, topic: str, gists: Gists, hot: Hot) -> None:
        self._connection, self._topic, self._gists, self._hot = connection, topic, gists, hot
        self._after: dict[str, Standing] = {}
        self._seen: set[str] = set()
        self._before: dict[str, Said] = {}
        # In the order they moved in.
        self._moved: dict[str, None] = {}

    def fold(self, told: Iterator[Told]) -> tuple[int, dict[str, Standing]]:
        """Return how many entries there were, and every expense that one of them is about as it stands now."""
        new = 0
        while piece := list(islice(told, _PIECE)):
            self._meet({t.content["expense_id"] for t in piece} - self._seen)
            rows: list[tuple[Any, ...]] = []
            repeats: list[Row] = []
            for t in piece:
                event = self._take(t)
                rows.append(self._entry_row(t, event))
                if isinstance(event, SubmissionRepeated) and event.batch_id not in {None, event.first_batch_id}:
                    repeats.append(
                        {
                            "tenant_id": t.content["tenant_id"],
                            "batch_id": event.batch_id,
                            "expense_id": event.expense_id,
                        }
                    )
            put(self._connection, ENTRIES, rows)
            upsert(self._connection, REPEATS, repeats)
            new += len(piece)
        self._write()
        return new, self._after

    def _meet(self, ids: set[str]) -> None:
        """Find the expenses with these ids, as they stand."""
        found = self._hot.among(ids)
        found |= _load(self._connection, ids - found.keys(), self._gists)
        self._after |= found
        self._seen |= ids

    def _take(self, t: Told) -> Event | None:
        """Move the expense of an entry on, and return the event that was recorded, as far as it is looked at."""
        content, output = t.content, t.output
        id_ = content["expense_id"]
        standing = self._after.get(id_)
        known = {} if standing is None else standing.known
        kind, event = None, None
        if output is not None:
            try:
                kind = self._gists.kind(output)
                event = kind.read(output, known)
            except Undecodable as error:
                raise Unfoldable(t, error) from error
        if standing is not None and content["sequence"] <= standing.sequence:
            return event
        after = stepped(
            standing.state if standing else None,
            standing.revision if standing else 0,
            content["action"],
            content["status"],
            content["revision"],
        )
        if standing is None:
            if after.state is None:
                return event
            standing = self._after[id_] = Standing.begun(content, known)
        elif id_ not in self._before:
            self._before[id_] = standing.said()
        standing.move(content, t.metadata, after, output, kind, event)
        self._moved[id_] = None
        return event

    def _entry_row(self, t: Told, event: Event | None) -> tuple[Any, ...]:
        content = t.content
        action = content["action"]
        usual = content["breach"] is None and action not in _ODD
        return (
            content["expense_id"],
            content["sequence"],
            action,
            content["stage"],
            content["status"],
            content["actor"],
            content["occurred_at"],
            content["recorded_at"],
            t.hash,
            f"{self._topic}/{t.partition}/{t.offset}",
            sentence(action, event) if usual else tell(read(t.metadata.encode()), event),
        )

    def _write(self) -> None:
        """Write every expense that moved, once, and what of the rows beside it is told otherwise than before."""
        moved = [self._after[id_] for id_ in self._moved]
        pairs = [(self._before.get(standing.expense_id), standing.said()) for standing in moved]
        convert = converters(self._connection.dialect, EXPENSES)
        rows = [expense_row(standing, said, convert) for standing, (_, said) in zip(moved, pairs, strict=True)]
        put(self._connection, EXPENSES, rows)
        for table, make, names in _PARTS:
            _replace(self._connection, table, make, [pair for pair in pairs if _touched(*pair, names)])
        schemas = self._gists.schemas(self._hot.schemas)
        upsert(self._connection, SCHEMAS, [{"schema_id": id_, "text": text} for id_, text in schemas.items()])
        # Forgotten with everything else should the transaction fail.
        self._hot.schemas.update(schemas)


# The tables beside an expense's own row, and which of its fields their rows are made of.
_PARTS: tuple[tuple[Table, Callable[[Said], Iterator[Row]], tuple[str, ...]], ...] = (
    (LINES, line_rows, ("lines", "categories", "codings", "decisions", "conversion")),
    (PROBLEMS, problem_rows, ("problems",)),
    (REVIEWS, review_rows, ("beside", "problems")),
    (DEAD_LETTERS, dead_letter_rows, ("beside",)),
)


def _touched(before: Said | None, after: Said, names: Iterable[str]) -> bool:
    """Whether any of these fields was told anew: an entry leaves what it says nothing of as the object it was."""
    return before is None or any(
        before.beside is not after.beside if name == "beside" else before.says[name] is not after.says[name]
        for name in names
    )


def _load(connection: Connection, ids: Iterable[str], gists: Gists) -> dict[str, Standing]:
    wanted = sorted(ids)
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    found = {}
    for begin in range(0, len(wanted), _IDS_A_QUERY):
        some = wanted[begin : begin + _IDS_A_QUERY]
        # The driver's own values: most go back into the row as they are.
        query = f"{_SELECT} WHERE expense_id IN ({', '.join(mark for _ in some)})"
        for row in connection.exec_driver_sql(query, tuple(some)):
            found[row[0]] = Standing.kept(row, gists)
    return found


_SELECT = f"SELECT {', '.join(KEPT)} FROM {EXPENSES.name}"  # noqa: S608 - the table's own names


def _replace(
    connection: Connection,
    table: Table,
    rows: Callable[[Said], Iterator[Row]],
    changed: Sequence[tuple[Said | None, Said]],
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
