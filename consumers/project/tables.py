"""The read model's tables. All of it derives from the audit log, so a new shape is a new version and a rebuild."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, MetaData, Table, Text

from consumers.project.columns import Moment, Money

__all__ = [
    "DEAD_LETTERS",
    "ENTRIES",
    "EXPENSES",
    "LINES",
    "METADATA",
    "OFFSETS",
    "PROBLEMS",
    "REPEATS",
    "REVIEWS",
    "SCHEMA",
    "SCHEMAS",
    "VERSION",
]

VERSION = 3
"""Raise it with every change of shape or of what is folded into it: the next start empties and rebuilds the tables."""

METADATA = MetaData()

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

# One row per expense. `words` are the events that have the last word in some field, as they were written: what is
# personal stays sealed in them. `beside` is what no event says: breaches, dead letters and the last review, as JSON.
EXPENSES = Table(
    "expenses",
    METADATA,
    Column("expense_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("batch_id", Text),
    Column("correlation_id", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text),
    Column("stage", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("submitted_at", Moment, nullable=False),
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
    Index("expenses_by_time", "submitted_at", "expense_id"),
    Index("expenses_by_state", "state", "submitted_at", "expense_id"),
    Index("expenses_by_batch", "tenant_id", "batch_id"),
)

LINES = Table(
    "expense_lines",
    METADATA,
    Column("expense_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("description", Text),
    Column("amount", Money),
    Column("reporting_amount", Money),
    Column("category", Text),
    Column("gl_code", Text),
    Column("recovery_status", Text),
    Column("outcome", Text),
    Column("rule_id", Text),
    Column("violation_code", Text),
)

PROBLEMS = Table(
    "expense_problems",
    METADATA,
    Column("expense_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("code", Text, nullable=False, index=True),
    Column("message", Text, nullable=False),
    Column("field", Text),
    Column("line", Integer),
    Column("stage", Text, nullable=False),
)

# One row per entry of the audit log, with its sentence; `position` is topic/partition/offset in the log.
ENTRIES = Table(
    "audit_entries",
    METADATA,
    Column("expense_id", Text, primary_key=True),
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
)

# The last review of each expense; those before it are told by its entries.
REVIEWS = Table(
    "reviews",
    METADATA,
    Column("expense_id", Text, primary_key=True),
    Column("tenant_id", Text, nullable=False),
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
    Column("expense_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tenant_id", Text, nullable=False),
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
