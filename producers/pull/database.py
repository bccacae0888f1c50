"""A table or view behind a SQLAlchemy URL: found, and its columns and key checked, before a row is read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Engine, MetaData, Table, create_engine, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    NoSuchModuleError,
    NoSuchTableError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.types import NullType

from producers.feed_rows import FeedRefused
from producers.pull.source import SourceUnavailable

__all__ = ["Asked", "asking", "find_table", "open_engine", "table_name"]

# The drivers that ship with the project; every other dialect brings its own.
_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_EXTRAS: Final = {"snowflake": "snowflake-sqlalchemy", "mysql": "pymysql", "mariadb": "pymysql", "mssql": "pyodbc"}
_NAMED: Final = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """A table with the columns that make its key, in order. `where` names it without user or password."""

    where: str
    table: Table
    keys: tuple[Column[Any], ...]


def open_engine(url: str) -> Engine:
    """Return an engine; nothing connects before it is used. Each statement is a transaction of its own.

    Raises:
        FeedRefused: no URL, or of a dialect or driver that is not installed.

    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise FeedRefused(
            "the source is no URL of a database; write dialect://user:password@host/database, for example postgresql://"
        ) from error
    name = parsed.get_backend_name()
    if parsed.drivername in _DRIVERS:
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    try:
        # Rows are bound parameters in none of the statements but the last key's; hidden, they stay out of errors.
        return create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except (NoSuchModuleError, ImportError) as error:
        remedy = f"install {_EXTRAS[name]} beside the project" if name in _EXTRAS else "install its SQLAlchemy dialect"
        raise FeedRefused(f"{_shown(parsed)}: cannot be opened ({error}); {remedy}") from error
    except (ArgumentError, ValueError, TypeError) as error:
        raise FeedRefused(f"{_shown(parsed)}: cannot be opened: {error}") from error


def _shown(url: URL) -> str:
    host = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    return f"{url.get_backend_name()}://{host}/{(url.database or '').removeprefix('/')}"


def table_name(url: str, table: str) -> str:
    """Return what messages call a table: its URL without user, password and options, and its name.

    Raises:
        FeedRefused: no URL.

    """
    return f"{_shown(open_engine(url).url)}, table {table}"


@contextmanager
def asking(where: str) -> Iterator[None]:
    """Turn what a database raises into what an operator can act on.

    Raises:
        SourceUnavailable: it does not answer; later it may.
        FeedRefused: it answers and refuses.

    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise SourceUnavailable(f"{where}: does not answer: {_first_line(error)}") from error
    except SQLAlchemyError as error:
        raise FeedRefused(f"{where}: {_first_line(error)}") from error


def _first_line(error: SQLAlchemyError) -> str:
    # Behind the first line stand the statement and its parameters.
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def find_table(engine: Engine, where: str, name: str, keys: Sequence[str]) -> Asked:
    """Return the table or view `name` (or `schema.name`) with the key that is named, or else its primary key.

    Raises:
        FeedRefused: no such table or column, or no key.
        SourceUnavailable: the database does not answer.

    """
    schema, _, bare = name.rpartition(".")
    with asking(where):
        inspector = inspect(engine)
        try:
            found = inspector.get_columns(bare, schema=schema or None)
        except NoSuchTableError:
            found = []
        if not found:
            known = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
            raise FeedRefused(f"{where}: there is no such table; there are {_listed(known)}")
        wanted = list(keys) or list(inspector.get_pk_constraint(bare, schema=schema or None)["constrained_columns"])
    # SQLite's types promise nothing about values; as they are stored they are read.
    raw = engine.dialect.name == "sqlite"
    columns: list[Column[Any]] = [Column(c["name"], NullType() if raw else c["type"]) for c in found]
    table = Table(bare, MetaData(), *columns, schema=schema or None)
    if not wanted:
        raise FeedRefused(f"{where}: has no primary key; name with --key the column or columns that tell rows apart")
    missing = [key for key in wanted if key not in table.c]
    if missing:
        raise FeedRefused(f"{where}: has no column {missing[0]!r}; it has {_listed([c.name for c in table.c])}")
    return Asked(where, table, tuple(table.c[key] for key in wanted))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(map(repr, sorted(names)[:_NAMED])) or "none") + more
