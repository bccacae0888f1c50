"""What per diem rules refer to must be there: tables, their division into meals, one id a table."""

from collections.abc import Iterator, Sequence

from policy.per_diem.models import Component, PerDiem, RateTable
from policy.per_diem.shipped import shipped_ids

__all__ = ["dangling_tables"]

_WHOLE = frozenset({Component.LODGING, Component.MEALS})


def dangling_tables(
    rules: Sequence[PerDiem], tables: Sequence[RateTable]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield path, message and remedy of every table named that is not there, or that a rule cannot be judged by."""
    known: dict[str, RateTable] = {}
    for index, table in enumerate(tables):
        if known.setdefault(table.id, table) is not table:
            yield ("per_diem_tables", index, "id"), f"{table.id!r} is given twice", "keep one"
    for index, rule in enumerate(rules):
        for at, name in enumerate(rule.tables):
            path = ("per_diem", index, "tables", at)
            found = known.get(name)
            if found is None:
                shipped = ", ".join(shipped_ids()) or "none"
                yield path, f"there is no table {name!r}", f"give it under per_diem_tables, or one of {shipped}"
            elif rule.component not in _WHOLE and not found.meal_tiers:
                message = f"{name!r} does not divide a day into meals, so it has no {rule.component}"
                yield path, message, "apply meals as a whole, or give the table meal_tiers"
