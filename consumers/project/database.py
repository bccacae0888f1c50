"""Opening the read model's database: SQLite when embedded, PostgreSQL by URL."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError

from consumers.project.tables import FIXED, METADATA, SCHEMA, VERSION

__all__ = ["UNAVAILABLE", "converted", "open_database", "prepare", "put", "upsert"]

UNAVAILABLE = (OperationalError, InterfaceError)
"""What the database raises while it does not answer, or while another writer holds it too long: try again."""

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_BUSY_MS = 30_000
_CACHE_KIB = 16_384
_LOG_PAGES = 16_000
# Any number will do, as long as nothing else in the database locks it.
_REBUILD_LOCK = 7_204_551


def open_database(url: str) -> Engine:
    """Return an engine for `sqlite:///file` or `postgresql://user@host/name`. Nothing connects before it is used.

    Raises:
        ValueError: the URL is neither.

    """
    try:
        parsed = make_url(url)
        driver = _DRIVERS[parsed.get_backend_name()]
    except (ArgumentError, NoSuchModuleError, KeyError) as error:
        msg = f"database URL {url.partition('://')[0]}://... is not understood; use sqlite:///file or postgresql://..."
        raise ValueError(msg) from error
    # Every value the queries are given is a bound parameter; hiding them keeps rows out of errors and logs.
    engine = create_engine(parsed.set(drivername=driver), hide_parameters=True, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
    return engine


def prepare(engine: Engine) -> None:
    """Make the tables, or make them anew when they are of another version; then the log is folded from its beginning.

    Raises:
        OperationalError: the database does not answer.

    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two replicas that start together must not both rebuild.
            connection.execute(select(func.pg_advisory_xact_lock(_REBUILD_LOCK)))
        METADATA.create_all(connection, tables=[SCHEMA])
        if connection.scalars(select(SCHEMA.c.version)).all() != [VERSION]:
            METADATA.drop_all(connection)
            METADATA.create_all(connection)
            connection.execute(SCHEMA.insert().values(version=VERSION))


def upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert the rows, replacing those whose primary key is there but for fixed columns. Each gives every column.

    The statement is put into SQL once per table and given to the driver with values that its column types have
    converted: SQLAlchemy's own way looks at every parameter of every row again, which cost as much as the database.
    """
    names = _known(connection.dialect, table).names
    put(connection, table, [converted(connection, table, [row[name] for name in names]) for row in rows])


def put(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as `upsert` does, each the driver's own values in the order of the table's columns."""
    if rows:
        statement = _known(connection.dialect, table)
        given = rows if statement.positional else [dict(zip(statement.names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(statement.text, given)


def converted(connection: Connection, table: Table, row: Iterable[Any]) -> tuple[Any, ...]:
    """Return a row with the driver's own values, given what the columns take, in their order."""
    values = list(row)
    for number, convert in _known(connection.dialect, table).converts:
        if values[number] is not None:
            values[number] = convert(values[number])
    return tuple(values)


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement in the driver's SQL, and how a row becomes its parameters."""

    text: str
    positional: bool
    names: tuple[str, ...]
    converts: tuple[tuple[int, Callable[[Any], Any]], ...]


def _known(dialect: Dialect, table: Table) -> _Statement:
    key = (dialect.name, table.name)
    if key not in _STATEMENTS:
        _STATEMENTS[key] = _statement(dialect, table)
    return _STATEMENTS[key]


_STATEMENTS: dict[tuple[str, str], _Statement] = {}


def _statement(dialect: Dialect, table: Table) -> _Statement:
    insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    fixed = {column.name for column in table.columns if FIXED in column.info}.union(keys)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in fixed}
    whole = insert.on_conflict_do_update(index_elements=keys, set_=rest) if rest else insert.on_conflict_do_nothing()
    compiled = whole.compile(dialect=dialect)
    names = tuple(column.name for column in table.columns)
    if compiled.positional and tuple(compiled.positiontup or ()) != names:
        msg = f"the values of {table.name} are not asked for in the order of its columns"
        raise ValueError(msg)
    return _Statement(
        str(compiled),
        compiled.positional,
        names,
        tuple((number, convert) for number, name in enumerate(names) if (convert := _converter(dialect, table, name))),
    )


def _converter(dialect: Dialect, table: Table, name: str) -> Callable[[Any], Any] | None:
    return table.c[name].type.dialect_impl(dialect).bind_processor(dialect)


def _tune_sqlite(connection: Any, record: Any) -> None:
    del record
    cursor = connection.cursor()
    # Readers go on while the projector writes; NORMAL loses at most the last commits at power failure, and they are
    # folded again from the log, since their offsets are lost with them.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    # A transaction touches some thousand pages. With room for them few are read or written twice, and with a longer
    # log a page that several transactions wrote goes into the file once.
    cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
    cursor.close()
