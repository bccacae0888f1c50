"""Card lines in any number, ordinary enough to be posted: what a long run is fed with."""

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from samples.card.line import COLUMNS

__all__ = ["write_feed"]

_PEOPLE: Final = 500
_MERCHANTS: Final = 200
_DEPARTMENT: Final = 20
_CARDS: Final = 10_000
_FIRST_DAY: Final = date(2026, 9, 1)
_DAYS: Final = 50


def write_feed(path: Path, lines: int, *, seed: int) -> None:
    """Write a CSV card feed of `lines` lunches, each its own expense, at 200 merchants over 50 days.

    500 people have them, or as many more as it takes for no more than one lunch a person and day, in departments of
    twenty: a day with twenty lunches or a department past its budget would be flagged line by line, and such a feed
    says nothing of what comes after judging. The same seed writes the same bytes; two seeds have no line in common.
    """
    people = max(_PEOPLE, lines // _DAYS)
    numbers = Random(seed)  # noqa: S311 - the same feed again, no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        rows.writeheader()
        for number in range(lines):
            person, merchant = numbers.randrange(people), numbers.randrange(_MERCHANTS)
            minor = numbers.randint(800, 6_000)
            rows.writerow(
                {
                    "card_account": f"************{person % _CARDS:04}",
                    "employee_id": f"E{person:04}",
                    "transaction_date": (_FIRST_DAY + timedelta(days=numbers.randrange(_DAYS))).isoformat(),
                    "amount": f"{minor // 100}.{minor % 100:02}",
                    "currency": "USD",
                    "merchant": f"LUNCH COUNTER {merchant:03}",
                    "mcc": "5814",
                    "reference": f"R{seed}-{number}",
                    "department": f"department {person // _DEPARTMENT}",
                    "category": "meals",
                }
            )
