"""Markdown from values: tables, code spans, and the line that says a page is derived."""

from collections.abc import Iterable, Sequence

__all__ = ["DERIVED", "code", "joined", "page", "table"]

DERIVED = "Derived from the code by `python -m docs.generate`; do not edit."


def page(title: str, *parts: str) -> str:
    """Return a page: its title, the note that it is derived, and the parts, one blank line between."""
    return "\n\n".join((f"# {title}", DERIVED, *(part.strip("\n") for part in parts))) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a bar or line break inside a cell is made harmless."""
    lines = [_row(columns), _row(["---"] * len(columns))]
    return "\n".join((*lines, *(_row(row) for row in rows)))


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def code(value: object) -> str:
    """Return a code span, nothing for an empty value."""
    return f"`{value}`" if str(value) else ""


def joined(values: Iterable[object], *, none: str = "-") -> str:
    """Return code spans with commas between, `none` where there is nothing."""
    return ", ".join(code(value) for value in values) or none
