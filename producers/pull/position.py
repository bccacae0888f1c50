"""Where a table goes on: the values of its key, as JSON and back, so that the next run asks for what comes behind."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from producers.feed_rows import FeedRefused

__all__ = ["key_text", "read_position", "write_position"]

# In this order: a datetime is a date, too.
_KINDS: Final[tuple[tuple[str, type, Any], ...]] = (
    ("integer", int, int),
    ("decimal", Decimal, Decimal),
    ("text", str, str),
    ("instant", datetime, datetime.fromisoformat),
    ("date", date, date.fromisoformat),
    ("uuid", UUID, UUID),
)


def _told(value: object, where: str) -> tuple[str, str]:
    for name, kind, _ in _KINDS:
        if isinstance(value, kind) and not isinstance(value, bool):
            return name, value.isoformat() if isinstance(value, date) else str(value)
    raise FeedRefused(
        f"{where}: its key holds a value of type {type(value).__name__}, which has no exact order; name another --key"
    )


def write_position(values: Sequence[object], where: str) -> str:
    """Return the values of a key as JSON.

    Raises:
        FeedRefused: one is neither whole number, decimal, text, day, instant nor UUID; `where` begins the message.

    """
    return json.dumps([_told(value, where) for value in values])


def read_position(position: str) -> tuple[Any, ...]:
    """Return the values that `write_position` wrote."""
    made = {name: make for name, _, make in _KINDS}
    return tuple(made[name](text) for name, text in json.loads(position))


def key_text(values: Sequence[object], where: str) -> str:
    """Return a key as text: of one column its value, of several a JSON list.

    Raises:
        FeedRefused: as `write_position`.

    """
    texts = [_told(value, where)[1] for value in values]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)
