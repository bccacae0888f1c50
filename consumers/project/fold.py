"""Folding audit entries into expenses, and these into rows."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, delete

from audit.entry import read
from audit.step import DEAD_LETTERED, READ_AFTER_ALL
from audit.story import sentence, tell
from consumers.project.database import converted, put, upsert
from consumers.project.gists import NOTHING, Gists
from consumers.project.hot import Hot
from consumers.project.rows import Row, dead_letter_rows, expense_row, line_rows, problem_rows, review_rows
from consumers.project.standing import KEPT, Said, Standing, stepped
from consumers.project.tables import (
    DEAD_LETTERS,
    ENTRIES,
    EXPENSES,
    LINES,
    NUMBERS,
    PROBLEMS,
    REPEATS,
    REVIEWS,
    SCHEMAS,
    numbered,
)
from consumers.project.told import Opening, Told, Unreadable, about
from schemas.codec import Codec, Undecodable
from schemas.envelope import Event
from schemas.events import KeyWrapped, SubmissionRepeated
from streams.record import Fetched

__all__ = ["Fold", "Reading"]

# Entries that are folded together: what they hold is let go of before the next, within one transaction.
_PIECE = 250
# SQLite takes 32,766 bound values in one statement; a few hundred a query is as fast.
_IDS_A_QUERY = 500
# Entries that say something no event does.
_ODD = frozenset({DEAD_LETTERED, READ_AFTER_ALL, KeyWrapped.__name__})


class Reading(NamedTuple):
    """What reads the log: records, and the events in them."""

    opening: Opening
    gists: Gists

    @classmethod
    def by(cls, codec: Codec) -> "Reading":
        """Return what reads what a codec decodes."""
        return cls(Opening(codec), Gists(codec))


class Fold:
    """One transaction's fold: the expenses it is about as they stand, and what was said of each before it."""

    def __init__(self, connection: Connection, topic: str, reading: Reading, hot: Hot) -> None:
        self._connection, self._topic, self._hot = connection, topic, hot
        self._opening, self._gists = reading
        self._after: dict[str, Standing] = {}
        self._seen: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._named: list[tuple[int, str]] = []
        self._before: dict[str, Said] = {}
        # In the order they moved in.
        self._moved: dict[str, None] = {}

    def fold(self, records: Iterable[Fetched]) -> tuple[int, dict[str, Standing]]:
        """Return how many entries there were, and every expense that one of them is about as it stands now.

        Entries of one expense are folded one after the other, in the order of their numbers, which is that of the log:
        what they have in common is then read once, and is still near the processor.
        """
        new = 0
        ordered = iter(sorted(records, key=_key))
        while piece := [(record, about(record)) for record in islice(ordered, _PIECE)]:
            self._meet({id_ for _, id_ in piece} - self._seen)
            rows: list[tuple[Any, ...]] = []
            repeats: list[dict[str, Any]] = []
            for record, id_ in piece:
                told = self._opening.open(record, id_)
                if told is None:
                    continue
                number = self._number(id_, record)
                event = self._take(told, number)
                rows.append(self._entry_row(told, number, event))
                if isinstance(event, SubmissionRepeated) and event.batch_id not in {None, event.first_batch_id}:
                    tenant_id = told.content["tenant_id"]
                    repeats.append({"tenant_id": tenant_id, "batch_id": event.batch_id, "expense_id": id_})
            put(self._connection, ENTRIES, rows)
            upsert(self._connection, REPEATS, repeats)
            new += len(rows)
        self._write()
        return new, self._after

    def _meet(self, ids: set[str]) -> None:
        """Find the expenses with these ids, as they stand, and the numbers there are."""
        found = self._hot.among(ids)
        for row in _load(self._connection, ids - found.keys()):
            number, id_, tenant_id, *_ = row
            self._numbers[id_] = number
            if tenant_id is not None:
                found[id_] = Standing.kept(row, self._gists)
        self._numbers |= {id_: standing.number for id_, standing in found.items()}
        self._after |= found
        self._seen |= ids

    def _number(self, id_: str, record: Fetched) -> int:
        """Return the number of an expense, which it gets with its first entry."""
        number = self._numbers.get(id_)
        if number is None:
            number = self._numbers[id_] = numbered(record.partition, record.offset)
            self._named.append((number, id_))
        return number

    def _take(self, t: Told, number: int) -> Event | None:
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
                raise Unreadable(t.record, error) from error
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
            standing = self._after[id_] = Standing.begun(number, content, known)
        elif id_ not in self._before:
            self._before[id_] = standing.said()._replace(says=standing.says.copy())
        standing.move(content, t.metadata, after, output, kind, event)
        self._moved[id_] = None
        return event

    def _entry_row(self, t: Told, number: int, event: Event | None) -> tuple[Any, ...]:
        content = t.content
        action = content["action"]
        usual = content["breach"] is None and action not in _ODD
        return (
            number,
            content["sequence"],
            action,
            content["stage"],
            content["status"],
            content["actor"],
            content["occurred_at"],
            content["recorded_at"],
            t.hash,
            f"{self._topic}/{t.record.partition}/{t.record.offset}",
            sentence(action, event) if usual else tell(read(t.metadata), event),
        )

    def _write(self) -> None:
        """Write every expense that moved, once, and what of the rows beside it is told otherwise than before."""
        put(self._connection, NUMBERS, self._named)
        moved = [self._after[id_] for id_ in self._moved]
        convert = partial(converted, self._connection, EXPENSES)
        put(self._connection, EXPENSES, [expense_row(standing, convert) for standing in moved])
        told = [self._told_anew(standing) for standing in moved]
        for table, make, names in _PARTS:
            touched = [standing for standing, anew in zip(moved, told, strict=True) if not names.isdisjoint(anew)]
            self._replace(table, make, touched)
        schemas = self._gists.schemas(self._hot.schemas)
        upsert(self._connection, SCHEMAS, [{"schema_id": id_, "text": text} for id_, text in schemas.items()])
        # Forgotten with everything else should the transaction fail.
        self._hot.schemas.update(schemas)

    def _told_anew(self, standing: Standing) -> Collection[str]:
        """Return the fields told anew: an entry leaves what it says nothing of as the object it was."""
        before = self._before.get(standing.expense_id)
        if before is None:
            return _EVERYTHING
        says = standing.says
        anew = [name for name, value in before.says.items() if says[name] is not value]
        return anew if before.beside is standing.beside else [*anew, "beside"]

    def _replace(self, table: Table, make: Callable[[Said], Iterator[Row]], touched: Iterable[Standing]) -> None:
        """Write an expense's rows anew where they differ from before; a correction can leave fewer of them."""
        gone: list[dict[str, int]] = []
        fresh: list[Row] = []
        for standing in touched:
            before = self._before.get(standing.expense_id)
            old = standing.rows.get(table.name)
            if old is None:
                old = [] if before is None else self._made(table, make(before))
            new = standing.rows[table.name] = self._made(table, make(standing.said()))
            if old != new:
                fresh += new
                if len(old) > len(new):
                    gone.append({"of": standing.number})
        if gone:
            self._connection.execute(delete(table).where(table.c.number == bindparam("of")), gone)
        put(self._connection, table, fresh)

    def _made(self, table: Table, rows: Iterable[Row]) -> list[Row]:
        return [converted(self._connection, table, row) for row in rows]


def _key(record: Fetched) -> bytes:
    return record.key or b""


_EVERYTHING = frozenset({"beside", *NOTHING})
# The tables beside an expense's own row, and which of its fields their rows are made of.
_PARTS: tuple[tuple[Table, Callable[[Said], Iterator[Row]], frozenset[str]], ...] = (
    (LINES, line_rows, frozenset({"lines", "categories", "codings", "decisions", "conversion"})),
    (PROBLEMS, problem_rows, frozenset({"problems"})),
    (REVIEWS, review_rows, frozenset({"beside", "problems"})),
    (DEAD_LETTERS, dead_letter_rows, frozenset({"beside"})),
)


def _load(connection: Connection, ids: Iterable[str]) -> Iterator[Row]:
    """Yield the columns `KEPT` of those ids that have a number; all but number and id are None without an expense."""
    wanted = sorted(ids)
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    for begin in range(0, len(wanted), _IDS_A_QUERY):
        some = wanted[begin : begin + _IDS_A_QUERY]
        # The driver's own values: most go back into the row as they are.
        query = f"{_SELECT} WHERE n.expense_id IN ({', '.join(mark for _ in some)})"
        for row in connection.exec_driver_sql(query, tuple(some)):
            yield tuple(row)


_SELECT = (
    f"SELECT n.number, n.expense_id, {', '.join(f'e.{name}' for name in KEPT[2:])} "  # noqa: S608 - the tables' own names
    f"FROM {NUMBERS.name} n LEFT JOIN {EXPENSES.name} e ON e.number = n.number"
)
