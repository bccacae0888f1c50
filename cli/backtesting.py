"""What a policy would change, added up over expenses judged anew: kept in a file, so that memory stays the same."""

import heapq
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Final, Self

from policy.backtest import FLAGGED, Rejudged

__all__ = ["Comparison", "Outcome", "Outcomes", "Shift", "Week"]

_WEEK_S: Final = 7 * 24 * 3600
# 1970 began on a Thursday; weeks here begin on Monday.
_FIRST_MONDAY_S: Final = 4 * 24 * 3600
_CACHE_KIB: Final = 8 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One expense that changes sides. `amount` is its total in `currency`, None where it is not known."""

    expense_id: str
    submitted_at: datetime
    before: str
    after: str
    codes: tuple[str, ...]
    why: str
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Expenses that change sides: how many, their money by currency, why by code, and some of them."""

    number: int
    money: Mapping[str, Decimal]
    codes: Mapping[str, int]
    examples: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Expenses submitted in the week of this Monday (UTC) that wait for a person, under both policies."""

    monday: date
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both policies side by side. Loads are expenses a week that wait for a person, over the weeks judged."""

    judged: int
    flagged_before: int
    flagged_after: int
    load_before: float
    load_after: float
    weeks: tuple[Week, ...]
    newly_flagged: Shift
    newly_cleared: Shift


class Outcomes:
    """Expenses judged anew; the last revision of each counts, however often and in whatever order they come.

    They are in a temporary file that goes with the object: half a million take no more memory than a thousand.
    """

    def __init__(self) -> None:
        # No name: a file that SQLite makes and takes away itself.
        self._db = sqlite3.connect("")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(
            "CREATE TABLE taken (expense, revision, submitted, before, after, amount, currency, codes, why)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, rows: Iterable[Rejudged]) -> None:
        """Take in expenses."""
        self._db.executemany("INSERT INTO taken VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def compare(self, *, examples: int) -> Comparison:
        """Add up; of each side at most `examples`, the largest amounts first."""
        flagged = ", ".join(f"'{outcome}'" for outcome in sorted(FLAGGED))
        self._db.execute("DROP TABLE IF EXISTS last")
        # SQLite gives the other columns of the row that max() found.
        self._db.execute(
            f"CREATE TABLE last AS SELECT expense, max(revision), submitted, before IN ({flagged}) AS was, "  # noqa: S608 -- outcomes of our own
            f"after IN ({flagged}) AS becomes, before, after, amount, currency, codes, why FROM taken GROUP BY expense"
        )
        totals = "SELECT count(*), coalesce(sum(was), 0), coalesce(sum(becomes), 0), max(submitted) - min(submitted)"
        judged, before, after, seconds = self._db.execute(f"{totals} FROM last").fetchone()
        weeks = max((seconds or 0) / _WEEK_S, 1.0)
        return Comparison(
            judged=judged,
            flagged_before=before,
            flagged_after=after,
            load_before=round(before / weeks, 1),
            load_after=round(after / weeks, 1),
            weeks=tuple(self._weeks()),
            newly_flagged=self._shift("becomes AND NOT was", examples),
            newly_cleared=self._shift("was AND NOT becomes", examples),
        )

    def _weeks(self) -> Iterator[Week]:
        rows = self._db.execute(
            "SELECT (submitted - ?) / ? AS week, sum(was), sum(becomes) FROM last GROUP BY week ORDER BY week",
            (_FIRST_MONDAY_S, _WEEK_S),
        )
        for week, before, after in rows:
            monday = datetime.fromtimestamp(week * _WEEK_S + _FIRST_MONDAY_S, UTC).date()
            yield Week(monday=monday, before=before, after=after)

    def _shift(self, which: str, examples: int) -> Shift:
        money: dict[str, Decimal] = defaultdict(Decimal)
        codes: Counter[str] = Counter()
        number = 0
        # Of equal amounts the lower id comes first; a heap holds no more than what is shown.
        largest: list[tuple[Decimal, tuple[int, ...], Outcome]] = []
        for row in self._db.execute(
            f"SELECT expense, submitted, before, after, amount, currency, codes, why FROM last WHERE {which}"  # noqa: S608 -- two conditions of our own
        ):
            found = _outcome(*row)
            number += 1
            codes.update(found.codes)
            if found.amount is not None:
                money[found.currency] += found.amount
            place = (abs(found.amount or Decimal(0)), tuple(-ord(c) for c in found.expense_id), found)
            if len(largest) < examples:
                heapq.heappush(largest, place)
            elif examples:
                heapq.heappushpop(largest, place)
        return Shift(
            number=number,
            money=dict(sorted(money.items())),
            codes=dict(sorted(codes.items(), key=lambda counted: (-counted[1], counted[0]))),
            examples=tuple(found for _, _, found in sorted(largest, reverse=True)),
        )


def _outcome(
    expense: str, submitted: int, before: str, after: str, amount: str | None, currency: str, codes: str, why: str
) -> Outcome:
    return Outcome(
        expense_id=expense,
        submitted_at=datetime.fromtimestamp(submitted, UTC),
        before=before,
        after=after,
        codes=tuple(codes.split()),
        why=why,
        amount=None if amount is None else Decimal(amount),
        currency=currency,
    )
