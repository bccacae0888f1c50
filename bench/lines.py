"""Card lines in any number, ordinary enough to be posted: what a long run is fed with."""

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

__all__ = ["write_feed"]

_PEOPLE: Final = 500
_MERCHANTS: Final = 200
_FIRST_DAY: Final = date(2026, 9, 1)
_DAYS: Final = 50
_COLUMNS: Final = (
    "card_account",
    "employee_id",
    "transaction_date",
    "amount",
    "currency",
    "merchant",
    "mcc",
    "reference",
    "department",
    "category",
)


def write_feed(path: Path, lines: int, *, seed: int) -> None:
    """Write a CSV card feed of `lines` lunches, each its own expense, of 500 people at 200 merchants.

    The same seed writes the same bytes; two seeds have no line in common. People and merchants do not grow with the
    number of lines, so what a stage holds of either does not either.
    """
    numbers = Random(seed)  # noqa: S311 - the same feed again, no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for number in range(lines):
            person, merchant = numbers.randrange(_PEOPLE), numbers.randrange(_MERCHANTS)
            day = _FIRST_DAY + timedelta(days=numbers.randrange(_DAYS))
            minor = numbers.randint(800, 6_000)
            amount = f"{minor // 100}.{minor % 100:02}"
            reference = f"R{seed}-{number}"
            rows.writerow(
                (
                    f"************{person:04}",
                    f"E{person:04}",
                    day.isoformat(),
                    amount,
                    "USD",
                    f"LUNCH COUNTER {merchant:03}",
                    "5814",
                    reference,
                    "operations",
                    "meals",
                )
            )
