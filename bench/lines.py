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
_FIRST_DAY: Final = date(2026, 9, 1)
_DAYS: Final = 50


def write_feed(path: Path, lines: int, *, seed: int) -> None:
    """Write a CSV card feed of `lines` lunches, each its own expense, of 500 people at 200 merchants.

    The same seed writes the same bytes; two seeds have no line in common. People and merchants do not grow with the
    number of lines, so what a stage holds of either does not either.
    """
    numbers = Random(seed)  # noqa: S311 - the same feed again, no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        rows.writeheader()
        for number in range(lines):
            person, merchant = numbers.randrange(_PEOPLE), numbers.randrange(_MERCHANTS)
            minor = numbers.randint(800, 6_000)
            rows.writerow(
                {
                    "card_account": f"************{person:04}",
                    "employee_id": f"E{person:04}",
                    "transaction_date": (_FIRST_DAY + timedelta(days=numbers.randrange(_DAYS))).isoformat(),
                    "amount": f"{minor // 100}.{minor % 100:02}",
                    "currency": "USD",
                    "merchant": f"LUNCH COUNTER {merchant:03}",
                    "mcc": "5814",
                    "reference": f"R{seed}-{number}",
                    "department": "operations",
                    "category": "meals",
                }
            )
