"""Rows of a table: every one once, exactly as it is stored, and no table read wrongly."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from producers.card_line import CardLine, Holder
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds.record import BadRow
from producers.pull.source import Portion
from producers.pull.table import TableSource, open_table
from tests.producers.feeds.offline import offline

JONES = Holder(tenant="acme", employee_id="E-9", currency="GBP")
COLUMNS = "id INTEGER PRIMARY KEY, date TEXT, amount TEXT, merchant TEXT, reference TEXT, secret TEXT"
ROWS = [(n, "2026-03-04", f"{n}.50", "SHOP", None, "x") for n in range(1, 8)]


def _database(folder: Path, columns: str = COLUMNS, rows: Sequence[tuple[object, ...]] = ROWS) -> str:
    file = folder / "erp.sqlite"
    connection = sqlite3.connect(file)
    connection.execute(f"CREATE TABLE lines ({columns})")
    if rows:
        connection.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - marks only
    connection.commit()
    connection.close()
    return f"sqlite:///{file}"


def _portions(source: TableSource, folder: Path, position: str | None = None, before: int = 0) -> list[Portion]:
    edge, _ = offline(folder)
    return list(source.portions({"": position}.get, edge, JONES, before))


def _ids(portions: list[Portion]) -> list[str | None]:
    return [pulled.key for portion in portions for pulled in portion.rows]


def test_portions_hold_every_row_once_in_the_order_of_the_key(tmp_path: Path) -> None:
    """However the rows are cut, each comes once; from any position on the rest comes, once."""
    url, (edge, _) = _database(tmp_path), offline(tmp_path)
    for size in (3, 7):
        source = open_table(url, "lines", ColumnMap(), JONES, portion=size)
        portions = list(source.portions(lambda _: None, edge, JONES, 0))
        assert _ids(portions) == [str(n) for n in range(1, 8)]
        assert all(len(portion.rows) <= size for portion in portions)
    source = open_table(url, "lines", ColumnMap(), JONES, portion=3)
    rest = list(source.portions({"": '[["integer", "5"]]'}.get, edge, JONES, 5))
    assert (_ids(rest), [p.record.line for p in rest[0].rows], source.remarks()) == (
        ["6", "7"],
        [6, 7],
        (f"{source.where}: nothing is read from 'id', 'secret'",),
    )


def test_a_key_of_several_columns_cuts_between_them(tmp_path: Path) -> None:
    """The second column of a key starts anew under the next first one; no row is passed over."""
    rows = [(y, n, "2026-03-04", "1.00", "SHOP") for y in (2025, 2026) for n in (2, 1, 3)]
    url = _database(tmp_path, "year INTEGER, number INTEGER, date TEXT, amount TEXT, merchant TEXT", rows)
    source = open_table(url, "lines", ColumnMap(), JONES, keys=("year", "number"), portion=2)
    assert _ids(_portions(source, tmp_path)) == [f'["{y}", "{n}"]' for y in (2025, 2026) for n in (1, 2, 3)]


def test_what_a_row_says_is_exact_and_what_is_wrong_with_it_is_told(tmp_path: Path) -> None:
    """Amounts come as they are stored, text or binary; a bad one is a fault of its row with the key in its text."""
    rows = [
        (1, "2026-03-04T23:59:00", "1234.5000", "SHOP", "R-1", ""),
        (2, "2026-03-04", 12.34, "SHOP", "2", ""),
        (3, "04.03.2026", "1.00", "SHOP", "", ""),
        (4, "2026-03-04", 0.1 + 0.2, "SHOP", "", ""),
        (5, "2026-03-04", None, "SHOP", "", ""),
    ]
    source = open_table(_database(tmp_path, rows=rows), "lines", ColumnMap(), JONES)
    (portion,) = _portions(source, tmp_path)
    found = [p.line.amount if isinstance(p.line, CardLine) else f"{p.line.column} {p.line}" for p in portion.rows]
    assert found == [
        Decimal("1234.5"),
        Decimal("12.34"),
        "date is no date written as %Y-%m-%d; correct it",
        Decimal("0.3"),
        "amount is no amount with '.' before decimals; correct it",
    ]
    assert [p.identity.reference for p in portion.rows if p.identity] == ["id=1", "2", "id=4"]
    assert portion.rows[2].record.raw.startswith('{"id": "3", "date": "04.03.2026"')


def test_rows_that_come_in_behind_the_last_key_are_told(tmp_path: Path) -> None:
    """A number given out early and committed late is counted, not passed over in silence."""
    url = _database(tmp_path)
    source = open_table(url, "lines", ColumnMap(), JONES)
    assert _ids(_portions(source, tmp_path, '[["integer", "6"]]', before=5)) == ["7"]
    assert "1 rows came in behind the last key pulled; pull with --again" in source.remarks()[-1]


@pytest.mark.parametrize(
    ("url", "table", "told"),
    [
        ("rubbish", "lines", "the source is no URL of a database"),
        ("frog://u:secret@h/d", "lines", "frog://h/d: cannot be opened .*install its SQLAlchemy dialect"),
        ("mysql+frog://u:secret@h/d", "lines", "mysql://h/d: cannot be opened .*install pymysql beside the project"),
        (None, "rows", "table rows: there is no such table; there are 'lines'"),
    ],
)
def test_a_source_that_is_not_there_is_named_without_its_password(
    tmp_path: Path, url: str | None, table: str, told: str
) -> None:
    """The refusal names what is wrong and the remedy, and shows no password."""
    with pytest.raises(FeedRefused, match=told) as refused:
        open_table(url or _database(tmp_path), table, ColumnMap(), JONES)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("columns", "rows", "keys", "told"),
    [
        ("a TEXT, b TEXT", [], (), "has no primary key; name with --key"),
        ("a INTEGER PRIMARY KEY, b TEXT", [], (), "no columns for date, amount, merchant; it has 'a', 'b'"),
        (
            "id INTEGER PRIMARY KEY, date TEXT, amount TEXT",
            [],
            (),
            r"no column .*'merchant'.*\(merchant\).*it has 'id'",
        ),
        (COLUMNS, ROWS, ("nr",), "has no column 'nr'; it has 'amount'"),
        (COLUMNS, ROWS, ("reference",), "some rows have no reference and would be passed over"),
        (COLUMNS, ROWS, ("merchant",), "several rows have the same merchant"),
    ],
)
def test_a_table_that_would_be_read_wrongly_is_refused(
    tmp_path: Path, columns: str, rows: list[tuple[object, ...]], keys: tuple[str, ...], told: str
) -> None:
    """Without columns or a key that tells every row apart nothing is pulled."""
    with pytest.raises(FeedRefused, match=told):
        _portions(open_table(_database(tmp_path, columns, rows), "lines", ColumnMap(), JONES, keys=keys), tmp_path)


def test_a_column_map_is_held_to_the_table(tmp_path: Path) -> None:
    """A map that names a column the table lacks stops before a row is read."""
    given = ColumnMap.model_validate({"columns": {"amount": "betrag"}})
    with pytest.raises(FeedRefused, match=r"no column 'betrag' \(amount\)"):
        open_table(_database(tmp_path), "lines", given, JONES)


def test_a_bad_row_is_known_by_its_key(tmp_path: Path) -> None:
    """The fault names the field; nothing of the row is quoted."""
    source = open_table(_database(tmp_path, rows=[(9, "x", "y", "SHOP", "", "")]), "lines", ColumnMap(), JONES)
    ((pulled,),) = [portion.rows for portion in _portions(source, tmp_path)]
    assert isinstance(pulled.line, BadRow)
    assert (pulled.key, pulled.identity) == ("9", None)
