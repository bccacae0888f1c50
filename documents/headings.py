"""Heading rows of tables of items: which column is which, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from documents.labels import column_labels

if TYPE_CHECKING:
    from documents.survey import Survey

NUMERIC_COLUMNS: Final = frozenset({"quantity", "unit_price", "discount", "tax_rate", "tax", "net", "amount", "paid"})

_MOST_ROWS: Final = 3
"""Rows a heading goes on for under its first; more of them are a table of words."""


@dataclass(frozen=True, slots=True)
class Head:
    """A table's heading row: where each column stands."""

    row: int
    last_row: int
    columns: tuple[tuple[str, float, float], ...]  # role, x0, x1, left to right

    def span(self, role: str) -> tuple[float, float] | None:
        """Left and right edge of a column's heading."""
        return next(((x0, x1) for each, x0, x1 in self.columns if each == role), None)

    def column_of(self, x0: float, x1: float) -> str:
        """The column a number belongs to: most overlap with the heading, else the nearest by centre or right edge."""

        def distance(column: tuple[str, float, float]) -> float:
            _, left, right = column
            shared = min(x1, right) - max(x0, left)
            nearest = min(abs((x0 + x1) - (left + right)) / 2, abs(x1 - right), abs(x0 - left))
            return nearest - max(0.0, shared)

        return min(self.columns, key=distance)[0]


def find_headings(survey: Survey) -> list[Head]:
    """Heading rows; one over several rows is taken together."""
    found: list[Head] = []
    for index in range(len(survey.sheet.rows)):
        if found and index <= found[-1].last_row:
            continue
        columns = columns_on(survey, index)
        if len(columns) < 2 and not _starts_heading(survey, index, columns):  # noqa: PLR2004 - a table has two columns
            continue
        last = index
        while last - index < _MOST_ROWS and (more := _continued(survey, last)):
            columns, last = columns + [each for each in more if each[0] not in {c[0] for c in columns}], last + 1
        roles = {role for role, _, _ in columns}
        items = {"description", "quantity"} <= {role for role, _, _ in columns_on(survey, index)}
        if _is_summary(survey, index) or (last > index and not items and _is_summary(survey, last)):
            continue
        if len(roles & NUMERIC_COLUMNS) >= 1 and len(roles) >= 2 and not _has_money(survey, index):  # noqa: PLR2004
            found.append(Head(index, last, tuple(sorted(columns, key=lambda column: column[1]))))
    return _itemfind_headings(found)


def _continued(survey: Survey, index: int) -> list[tuple[str, float, float]]:
    """The further headings on the row close under one of a table's head, empty where the head ends."""
    if index + 1 >= len(survey.sheet.rows) or _has_money(survey, index + 1):
        return []
    row, under = survey.sheet.rows[index], survey.sheet.rows[index + 1]
    more = columns_on(survey, index + 1)
    close = row.page == under.page and under.top - row.bottom < row.height
    return more if close and _all_headings(survey, index + 1, len(more)) else []


def _starts_heading(survey: Survey, index: int, columns: list[tuple[str, float, float]]) -> bool:
    """Whether a row with one heading is the upper part of the heading row close under it."""
    if not columns or _has_money(survey, index):
        return False
    under = [role for role, _, _ in _continued(survey, index)]
    return len(under) > 1 and (columns[0][0] in NUMERIC_COLUMNS or columns[0][0] == "description" not in under)


def _itemfind_headings(found: list[Head]) -> list[Head]:
    """Only tables of items: those that say what, or how many at which price; a tax summary does neither."""
    return [
        head
        for head in found
        if (roles := {role for role, _, _ in head.columns})
        and ("description" in roles or {"quantity", "unit_price"} <= roles or {"code", "quantity"} <= roles)
    ]


def columns_on(survey: Survey, row: int) -> list[tuple[str, float, float]]:
    """Column headings on a row; one that can mean two columns takes the one still free."""
    columns: dict[tuple[int, int], list[str]] = {}
    for hit in survey.sheet.find_in(row, column_labels(), parted=not survey.scanned):
        columns.setdefault((hit.first, hit.last), []).append(hit.label.role)
    words = survey.sheet.rows[row].words
    covered = sum(last - first + 1 for first, last in columns)
    if covered * 2 < len(words):  # running text that happens to hold a column's name
        return []
    taken: set[str] = set()
    found: list[tuple[str, float, float]] = []
    for (first, last), roles in sorted(columns.items()):
        role = next((each for each in roles if each not in taken or each == "code"), None)
        if role is None:
            role = "amount" if roles[0] == "amount" else None
            found = [each for each in found if each[0] != role]
        if role:
            taken.add(role)
            found.append((role, words[first].x0, words[last].x1))
    return found


def _is_summary(survey: Survey, row: int) -> bool:
    """Whether a row opens with a tax or a count: it heads a table of rates, or is a count itself."""
    return any(hit.label.role in {"tax", "tax_id", "count"} and hit.first <= 1 for hit in survey.hits_on(row))


def _all_headings(survey: Survey, row: int, columns: int) -> bool:
    return columns * 2 >= len(survey.sheet.rows[row].phrases())


def _has_money(survey: Survey, row: int) -> bool:
    return any(amount.decimals == 2 for amount in survey.amounts[row])  # noqa: PLR2004 - cents
