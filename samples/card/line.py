"""One line of the card feed with the outcome expected of it, and the feed written as CSV."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO

from samples.sample import Expectation


@dataclass(frozen=True, slots=True)
class FeedLine:
    """A posted card transaction. `amount` is in `currency`, negative for a refund; the card number is masked."""

    card_account: str
    employee_id: str
    transaction_date: date
    posting_date: date
    amount: Decimal
    currency: str
    merchant: str
    mcc: str
    reference: str
    department: str
    project: str
    category: str
    expectation: Expectation


COLUMNS = (
    "card_account",
    "employee_id",
    "transaction_date",
    "posting_date",
    "amount",
    "currency",
    "merchant",
    "mcc",
    "reference",
    "department",
    "project",
    "category",
)


def write(lines: tuple[FeedLine, ...]) -> bytes:
    """Write the feed as UTF-8 CSV with a header; dates in ISO 8601, amounts in the currency's own decimals."""
    stream = StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([getattr(each, column) for column in COLUMNS] for each in lines)
    return stream.getvalue().encode()
