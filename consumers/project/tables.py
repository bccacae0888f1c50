"""The read model's tables. All of it derives from the audit log, so a new shape is a new version and a rebuild.

Tables know an expense by a number that grows as the log does, since its id is random: what is told of the expenses of
one moment then lies side by side, and a transaction writes few pages however many expenses there are.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, MetaData, Table, Text

from consumers.project.columns import Moment, Money

__all__ = [
    "DEAD_LETTERS",
    "ENTRIES",
    "EXPENSES",
    "FIXED",
    "LINES",
    "METADATA",
    "NUMBERS",
    "OFFSETS",
    "PROBLEMS",
    "REPEATS",
    "REVIEWS",
    "SCHEMA",
    "SCHEMAS",
    "VERSION",
    "numbered",
]

VERSION = 4
"""Raise it with every change of shape or of what is folded into it: the next start empties and rebuilds the tables."""

METADATA = MetaData()

FIXED: Final = "fixed"
"""Of a column's `info`: what a row has there at first it keeps, so that writing it again touches no index of it."""

# SQLite keeps rows in the order of an INTEGER key, and of no other.
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
_PARTITION_BITS: Final = 16


def numbered(partition: int, offset: int) -> int:
    """Return the number of an expense whose first entry is there in the log.

    Raises:
        ValueError: the partition is not below 65,536.

    """
    if partition >> _PARTITION_BITS:
        msg = (
            f"partition {partition} of the audit log is beyond the {1 << _PARTITION_BITS} that expenses are numbered in"
        )
        raise ValueError(msg)
    return offset << _PARTITION_BITS | partition


def _number() -> Column[int]:
    return Column("number", _NUMBER, primary_key=True, autoincrement=False)


def _fixed(name: str, kind: Any, *, nullable: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=nullable, info={FIXED: True})


SCHEMA = Table("read_model", METADATA, Column("version", Integer, primary_key=True))

# The next offset to read per partition, in the transaction of the rows: a record is folded exactly once.
OFFSETS = Table(
    "log_offsets",
    METADATA,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", Integer, nullable=False),
)

# The schemas that the events in `words` were written with, by id: the model is read where no registry is asked.
SCHEMAS = Table(
    "event_schemas",
    METADATA,
    Column("schema_id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)

# Which expense has which number. There is one for every id that an entry names, also where no expense has begun.
NUMBERS = Table(
    "expense_numbers",
    METADATA,
    _number(),
    Column("expense_id", Text, nullable=False, unique=True),
)

# One row per expense. `words` are the events that have the last word in some field, as they were written: what is
# personal stays sealed in them. `beside` is what no event says: breaches, dead letters and the last review, as JSON.
EXPENSES = Table(
    "expenses",
    METADATA,
    _number(),
    _fixed("expense_id", Text),
    _fixed("tenant_id", Text),
    _fixed("ledger", Text),
    _fixed("subject", Text),
    _fixed("batch_id", Text, nullable=True),
    _fixed("correlation_id", Text),
    _fixed("trace_id", Text),
    Column("revision", Integer, nullable=False),
    Column("state", Text),
    Column("stage", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    _fixed("submitted_at", Moment),
    Column("occurred_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("kind", Text),
    Column("vendor", Text),
    Column("invoice_number", Text),
    Column("invoice_date", Date),
    Column("currency", Text),
    Column("total", Money),
    Column("reporting_currency", Text),
    Column("reporting_total", Money),
    Column("outcome", Text),
    Column("why", Text),
    Column("beside", Text),
    Column("words", LargeBinary, nullable=False),
    Index("expenses_by_time", "submitted_at"),
    Index("expenses_by_state", "state", "submitted_at"),
    Index("expenses_by_batch", "tenant_id", "batch_id"),
)

LINES = Table(
    "expense_lines",
    METADATA,
    _number(),
    Column("line", Integer, primary_key=True),
    Column("description", Text),
    Column("amount", Money),
    Column("reporting_amount", Money),
    Column("category", Text),
    Column("gl_code", Text),
    Column("recovery_status", Text),
    Column("outcome", Text),
    Column("rule_id", Text),
    Column("violation_code", Text),
    sqlite_with_rowid=False,
)

PROBLEMS = Table(
    "expense_problems",
    METADATA,
    _number(),
    Column("problem", Integer, primary_key=True),
    Column("code", Text, nullable=False, index=True),
    Column("message", Text, nullable=False),
    Column("field", Text),
    Column("line", Integer),
    Column("stage", Text, nullable=False),
    sqlite_with_rowid=False,
)

# One row per entry of the audit log, with its sentence; `position` is topic/partition/offset in the log.
ENTRIES = Table(
    "audit_entries",
    METADATA,
    _number(),
    Column("sequence", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("actor", Text),
    Column("occurred_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("hash", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The last review of each expense; those before it are told by its entries.
REVIEWS = Table(
    "reviews",
    METADATA,
    _number(),
    _fixed("tenant_id", Text),
    Column("opened_at", Moment, nullable=False),
    Column("codes", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("closed_at", Moment),
    Column("action", Text),
    Column("actor", Text),
    Column("reason", Text),
    Index("reviews_by_time", "closed_at", "opened_at"),
)

DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    _number(),
    Column("letter", Integer, primary_key=True),
    _fixed("tenant_id", Text),
    Column("stage", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("cause_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("settled", Boolean, nullable=False),
    Index("dead_letters_by_time", "settled", "recorded_at"),
)

# Documents of a batch that had entered with an earlier one.
REPEATS = Table(
    "batch_repeats",
    METADATA,
    Column("tenant_id", Text, primary_key=True),
    Column("batch_id", Text, primary_key=True),
    Column("expense_id", Text, primary_key=True),
)
