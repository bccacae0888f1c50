"""The rows of a table, by key, in portions: what lies behind the last key; nothing is read twice or passed over.

No cursor and no transaction stays open over there: each portion is a question of its own, answered from the key's
index. A key that is empty or stands twice would lose rows silently, so both are refused.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, and_, func, not_, or_, select
from sqlalchemy.types import Date, DateTime

from producers.card_feed import owner_of, settled
from producers.card_line import CardLine, Holder
from producers.edge import Edge
from producers.feed_map import REQUIRED, ColumnMap, find_columns
from producers.feed_rows import FeedRefused, Row
from producers.feeds.record import taken
from producers.feeds.table import Mapped, Notation, complete, mapped, transaction
from producers.feeds.workbook import cell_text
from producers.line_event import keyed
from producers.pull.database import Asked, asking, find_table, open_engine, table_name
from producers.pull.position import key_text, read_position, write_position
from producers.pull.source import PORTION, WHOLE, At, Portion, Pulled

__all__ = ["TableSource", "open_table"]

_FORMAT: Final = "sql"
_ISO: Final = "%Y-%m-%d"


@dataclass(slots=True)
class TableSource:
    """A table or view as a source. `portion` is the number of rows that go in together."""

    engine: Engine
    asked: Asked
    given: ColumnMap
    mapped: Mapped
    portion: int = PORTION
    _late: int = field(default=0, init=False)

    @property
    def where(self) -> str:
        """What messages call it."""
        return self.asked.where

    def portions(self, at: At, edge: Edge, holder: Holder, before: int) -> Iterator[Portion]:
        """Yield the rows behind the last key, as `Source.portions` says."""
        owner = owner_of(holder, self.given.currency)
        position = at(WHOLE)
        last = read_position(position) if position else None
        while rows := self._fetch(last):
            keys = [row[: len(self.asked.keys)] for row in rows]
            last = keys[-1]
            self._unique(keys)
            yield Portion(
                tuple(self._pulled(n, row, edge, owner) for n, row in enumerate(rows, before + 1)),
                write_position(last, self.where),
                WHOLE,
                self.where,
            )
            before += len(rows)
            if len(rows) < self.portion:
                break
        if last is not None:
            with asking(self.where), self.engine.connect() as connection:
                count = select(func.count()).select_from(self.asked.table).where(not_(self._behind(last)))
                self._late = max(0, int(connection.execute(count).scalar_one()) - before)

    def _fetch(self, last: tuple[Any, ...] | None) -> Sequence[tuple[Any, ...]]:
        keys, columns = self.asked.keys, self.asked.table.c
        wanted = [columns[name] for i, name in enumerate(self.mapped.columns.names) if self._read(i)]
        query = select(*(k.label(f"key_{n}") for n, k in enumerate(keys)), *wanted).order_by(*keys).limit(self.portion)
        with asking(self.where), self.engine.connect() as connection:
            if last is None:
                self._refuse_empty_keys(connection.execute)
            found = connection.execute(query if last is None else query.where(self._behind(last)))
            return [tuple(row) for row in found]

    def _read(self, place: int) -> bool:
        return place in self.mapped.columns.at.values()

    def _behind(self, last: tuple[Any, ...]) -> ColumnElement[bool]:
        """Return the condition of rows behind a key, in the order of its columns; every dialect has this form."""
        keys = self.asked.keys
        return or_(
            *(
                and_(*(k == v for k, v in zip(keys[:n], last, strict=False)), keys[n] > last[n])
                for n in range(len(keys))
            )
        )

    def _refuse_empty_keys(self, execute: Callable[[Any], Any]) -> None:
        keys = self.asked.keys
        if execute(select(keys[0]).where(or_(*(k.is_(None) for k in keys))).limit(1)).first() is not None:
            named = ", ".join(k.name for k in keys)
            raise FeedRefused(f"{self.where}: some rows have no {named} and would be passed over; name another --key")

    def _unique(self, keys: Sequence[tuple[Any, ...]]) -> None:
        """Refuse a key that two rows have: the second would be passed over, or taken for the first."""
        with asking(self.where), self.engine.connect() as connection:
            # The database itself is asked about the last one, since it decides what equal means.
            same = and_(*(k == v for k, v in zip(self.asked.keys, keys[-1], strict=True)))
            beyond = connection.execute(select(func.count()).select_from(self.asked.table).where(same)).scalar_one()
        if beyond > 1 or len(set(keys)) < len(keys):
            named = ", ".join(k.name for k in self.asked.keys)
            raise FeedRefused(
                f"{self.where}: several rows have the same {named}; name with --key what tells them apart"
            )

    def _pulled(self, number: int, row: tuple[Any, ...], edge: Edge, owner: Holder) -> Pulled:
        columns, values = self.mapped.columns, iter(row[len(self.asked.keys) :])
        key = key_text(row[: len(self.asked.keys)], self.where)
        mark = self.mapped.notation.decimal
        cells = tuple(_cell(next(values), mark) if self._read(i) else "" for i in range(columns.width))
        shown = {name: cell for i, (name, cell) in enumerate(zip(columns.names, cells, strict=True)) if self._read(i)}
        named = "/".join(k.name for k in self.asked.keys)
        raw = json.dumps({named: key, **shown}, ensure_ascii=False)
        record = taken(number, raw, lambda: transaction(Row(number, cells, raw), self.mapped))
        line = settled(record, owner, _FORMAT)
        if not isinstance(line, CardLine):
            return Pulled(record, line, None, key)
        # A key that is the reference itself gives the same expense as the same row in a file; any other is told apart
        # from the ordinals of rows without reference.
        reference = key if line.reference == key else f"{named}={key}"
        return Pulled(record, line, keyed(line, edge, owner, reference), key)

    def remarks(self) -> tuple[str, ...]:
        """Say what columns nothing reads, and whether rows came in behind the pull's back."""
        late = (
            f"{self.where}: {self._late} rows came in behind the last key pulled; pull with --again, the others "
            "are the same expenses"
        )
        return (*(f"{self.where}: {told}" for told in self.mapped.columns.drift), *((late,) if self._late else ()))

    def refused(self) -> tuple[str, ...]:
        """A table is read as a whole or not at all."""
        return ()


def _cell(value: object, mark: str) -> str:
    text = cell_text(value)
    return text.replace(".", mark) if isinstance(value, float | Decimal) else text


def open_table(
    url: str, name: str, given: ColumnMap, holder: Holder, *, keys: Sequence[str] = (), portion: int = PORTION
) -> TableSource:
    """Return a table or view as a source; columns are found as in a file, by the map or well-known names.

    Raises:
        FeedRefused: no database, table, column or key of that name; no currency or nobody named.
        SourceUnavailable: the database does not answer.

    """
    where = table_name(url, name)
    engine = open_engine(url)
    asked = find_table(engine, where, name, keys)
    header = [column.name for column in asked.table.c]
    columns = find_columns(where, header, given)
    if columns is None:
        raise FeedRefused(
            f"{where}: no columns for {', '.join(REQUIRED)}; it has {', '.join(map(repr, header))}. "
            f"Name them in a column map"
        )
    complete(where, columns, given, holder)
    typed = isinstance(asked.table.c[columns.name("date")].type, Date | DateTime)
    notation = Notation(_ISO if typed else given.date_format or _ISO, given.decimal or ".")
    return TableSource(engine, asked, given, mapped(columns, notation, given), portion)
