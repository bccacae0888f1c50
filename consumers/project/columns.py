"""Column types that hold money and moments exactly, in SQLite and PostgreSQL alike."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

__all__ = ["Moment", "Money", "written"]

_SQLITE = "sqlite"


class Money(TypeDecorator[Decimal]):
    """A decimal amount: NUMERIC in PostgreSQL; text in SQLite, whose numbers are floats. Compare it there as text."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return text for SQLite, NUMERIC of any precision elsewhere."""
        chosen: TypeEngine[Any] = Text() if dialect.name == _SQLITE else Numeric(asdecimal=True)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Decimal | str | None:
        """Refuse what is not a decimal, so that a float never gets in."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            msg = f"an amount is a Decimal, not {type(value).__name__}"
            raise TypeError(msg)
        return f"{value:f}" if dialect.name == _SQLITE else value

    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | None:
        """Return a decimal."""
        del dialect
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMPTZ in PostgreSQL; RFC 3339 text in SQLite, which sorts as it reads."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return text for SQLite, a timestamp with time zone elsewhere."""
        chosen: TypeEngine[Any] = Text() if dialect.name == _SQLITE else DateTime(timezone=True)
        return dialect.type_descriptor(chosen)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Refuse a moment without a zone: nobody could say when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone"
            raise ValueError(msg)
        return _text(value) if dialect.name == _SQLITE else value.astimezone(UTC)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        del dialect
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


@lru_cache(4_096)
def written(moment: str) -> str:
    """Return a moment in RFC 3339 as both databases take it, and as SQLite keeps it.

    The same moments come again and again: with every entry of an expense, with all that a transaction wrote.

    Raises:
        ValueError: it is no moment, or has no zone.

    """
    value = datetime.fromisoformat(moment)
    if value.tzinfo is None:
        msg = f"{moment!r} has no time zone"
        raise ValueError(msg)
    return _text(value)


def _text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
