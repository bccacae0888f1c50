"""How verbs answer: a table for a person, or JSON for a program."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from schemas.plain import to_plain

# Columns whose cells are copied into the next command, or read at a glance.
_WHOLE = frozenset({"Expense", "State", "Stage", "When (UTC)"})

__all__ = ["as_json", "as_line", "console", "errors", "pairs", "say_json", "table"]

# Where the output goes to a file or pipe there is no width to fit; 140 columns keep ids and sentences whole.
_WIDTH = None if sys.stdout.isatty() else 140

console = Console(width=_WIDTH)
errors = Console(stderr=True, soft_wrap=True)


def as_json(value: Any) -> str:
    """Return one JSON object on one line: amounts as text, dates as ISO 8601."""
    return orjson.dumps(to_plain(value)).decode()


def as_line(value: Any) -> bytes:
    """Return what `as_json` does of a dataclass without events in it, in a tenth of the time, for millions of them."""
    return orjson.dumps(value, default=to_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def say_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    print(as_json(value))  # noqa: T201 - a program reads this


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """Print a table; columns named in `right` are aligned right."""
    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        drawn.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in right or column in _WHOLE,
        )
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(drawn)


def pairs(values: Mapping[str, Any]) -> None:
    """Print names and values, one a line."""
    width = max(map(len, values), default=0)
    for name, value in values.items():
        console.print(f"[dim]{name:<{width}}[/dim]  {'' if value is None else value}", highlight=False)
