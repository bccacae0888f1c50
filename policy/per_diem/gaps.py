"""What tables leave open: days no table is for, tables that are over, places without a rate."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from policy.per_diem.models import Place, RateTable

__all__ = ["gaps_between", "is_over", "rateless"]

_DAY = timedelta(days=1)


def is_over(table: RateTable, begins: date, tables: Sequence[RateTable]) -> bool:
    """Tell whether a table ends before a policy begins to judge, and none of its publisher goes on from it.

    A table of last year beside this year's is no fault: what was spent then is claimed late.
    """
    own = (other.until for other in tables if other.publisher == table.publisher)
    return table.until < begins and table.until == max(own)


def gaps_between(tables: Sequence[RateTable]) -> Iterator[tuple[RateTable, RateTable, date, date]]:
    """Yield two tables of one publisher, with the first and last day between them that none of its tables is for."""
    by_publisher: dict[str, list[RateTable]] = {}
    for table in tables:
        by_publisher.setdefault(table.publisher, []).append(table)
    for own in by_publisher.values():
        before, *others = sorted(own, key=lambda table: (table.since, table.until))
        for table in others:
            if table.since > before.until + _DAY:
                yield before, table, before.until + _DAY, table.since - _DAY
            before = max(before, table, key=lambda found: found.until)


def rateless(table: RateTable) -> tuple[Place, ...]:
    """Return the places a table lists without a rate on any day."""
    return tuple(place for place in table.places if not place.rates)
