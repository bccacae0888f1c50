"""What every feed gives, whatever its format: records, each a transaction or the fault that keeps it from being one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused

__all__ = ["BadRow", "Reader", "Record", "Tell", "Transaction", "differs", "quoted", "taken"]


# Numeric currencies in VCF 4 have five digits.
_LONGEST_CODE = 5


class BadRow(ValueError):
    """A record cannot become an expense. `column` is the field concerned; the message quotes nothing personal."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One card transaction, as its feed states it. What the feed does not state is empty.

    `amount` is positive for money spent, in `currency` (ISO 4217), exact to its minor unit. `account`, `employee` and
    `cardholder` are personal. `names` tells what the feed itself calls a field, for messages.
    """

    day: date
    amount: Decimal
    currency: str = ""
    merchant: str = ""
    account: str = ""
    employee: str = ""
    cardholder: str = ""
    reference: str = ""
    mcc: str = ""
    description: str = ""
    category: str = ""
    department: str = ""
    project: str = ""
    country: str = ""
    locality: str = ""
    trip: str = ""
    original_amount: Decimal | None = None
    original_currency: str = ""
    names: Mapping[FeedField, str] = field(default_factory=dict)

    def name(self, wanted: FeedField) -> str:
        """Return what the feed calls a field, or the field's own name."""
        return self.names.get(wanted, wanted)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line it begins on, counted from 1; its text as it stands in the feed; what it says."""

    line: int
    raw: str
    found: Transaction | BadRow


# Says what the operator should know of a feed that is taken all the same.
Tell = Callable[[str], object]
# A feed opened: every call reads it from its beginning. Raises FeedRefused where the feed is not whole.
Reader = Callable[[Tell], Iterator[Record]]


def quoted(code: str) -> str:
    """Return a code as a message quotes it. What is longer than any code may be personal, and is not quoted."""
    return repr(code) if len(code) <= _LONGEST_CODE else "what stands there"


def taken(line: int, raw: str, read: Callable[[], Transaction]) -> Record:
    """Return the record that `read` makes of a piece of a feed, its fault where it raises BadRow."""
    try:
        return Record(line, raw, read())
    except BadRow as fault:
        return Record(line, raw, fault)


def differs(path: Path, line: int, what: str, expected: object, found: object) -> FeedRefused:
    """Return the refusal of a feed whose trailer tells of something else than it holds."""
    return FeedRefused(
        f"{path}, line {line}: {what} is {expected} by the feed's own total, and {found} were found. It may be cut "
        f"short or changed; have it delivered again"
    )
