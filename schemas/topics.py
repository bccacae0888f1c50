"""Every topic, in one table: what is in it, how it is keyed, how long it is kept (`schemas/retention.py` says why).

`spendtrail prepare` creates what is missing and registers the schemas; tests hold compose, chart, docs and
stages to this table. Retention is for ever only where the topic is compacted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from schemas import events as e
from schemas.envelope import Event
from schemas.retention import DAY_MS, ms

__all__ = ["TOPICS", "Topic", "entry_key", "topic_of"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    `key` gives an event's Kafka key, a pseudonym or an id, never a person. `retention_ms` is None where the
    topic is compacted and kept for ever. `append_time` has the broker stamp records with their arrival.
    """

    name: str
    events: tuple[type[Event], ...]
    key: Callable[[Event], str]
    key_name: str
    partitions: int = 4
    compact: bool = False
    retention_ms: int | None = ms("expense.submitted")
    append_time: bool = False
    max_message_bytes: int = _MIB
    # How long compaction keeps tombstones: state files not written for longer are rebuilt.
    delete_retention_ms: int = DAY_MS
    # Written to the partition its cause came from, so that one reader sees an expense's entries in order.
    same_partition: bool = False

    def config(self) -> dict[str, str]:
        """Return the broker's topic settings."""
        return {
            "cleanup.policy": "compact" if self.compact else "delete",
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
            "message.timestamp.type": "LogAppendTime" if self.append_time else "CreateTime",
            "max.message.bytes": str(self.max_message_bytes),
            # A compacted topic must roll its active segment or what was erased stays readable in it.
            **(
                {
                    "segment.ms": str(7 * DAY_MS),
                    "max.compaction.lag.ms": str(7 * DAY_MS),
                    "delete.retention.ms": str(self.delete_retention_ms),
                }
                if self.compact
                else {}
            ),
        }


def _expense(event: Event) -> str:
    return event.expense_id


def _subject(event: Event) -> str:
    return f"{event.tenant_id}/{event.subject}"


def _ledger(event: Event) -> str:
    return f"{event.tenant_id}/{event.ledger}"


def _batch(event: Event) -> str:
    # Two tenants may give their batches the same name.
    return f"{event.tenant_id}/{event.batch_id or event.expense_id}"


def _vendor(event: Event) -> str:
    vendor = cast("e.ExpensePosted", event).vendor
    return f"{event.tenant_id}/{vendor.vendor_id if vendor else ''}"


def _vendor_record(event: Event) -> str:
    return f"{event.tenant_id}/{cast('e.VendorRecorded', event).vendor_id}"


def _pattern_record(event: Event) -> str:
    pattern = cast("e.PatternRecorded", event)
    return f"{event.tenant_id}/{pattern.vendor_id}/{pattern.description}"


def entry_key(expense_id: str, sequence: int) -> str:
    """Return the key of one entry of the audit log."""
    return f"e/{expense_id}/{sequence:08d}"


def _entry(event: Event) -> str:
    return entry_key(event.expense_id, cast("e.AuditSealed", event).sequence)


def _policy(event: Event) -> str:
    policy = cast("e.PolicyPublished", event)
    return f"{event.tenant_id}/{policy.version}/{policy.effective_from.isoformat()}"


def _key(event: Event) -> str:
    return f"{event.tenant_id}/{event.subject}/{cast('e.KeyWrapped', event).key_id}"


def _raw(event: Event) -> str:
    return event.expense_id


SUBMITTED = Topic("expense.submitted", (e.ExpenseSubmitted,), _expense, "expense")
# Words with their boxes are bulky even when packed: 200 pages of dense text stay under 8 MiB.
READ = Topic("expense.read", (e.ExpenseRead,), _expense, "expense", max_message_bytes=8 * _MIB)
PARSED = Topic("expense.parsed", (e.ExpenseParsed, e.ExpenseCorrected), _subject, "subject", max_message_bytes=4 * _MIB)
ENRICHMENTS = Topic(
    "expense.enrichments",
    (e.CurrencyConverted, e.VendorResolved, e.CategoryResolved, e.TrackFailed, e.TickElapsed),
    _subject,
    "subject",
    max_message_bytes=4 * _MIB,
)
CODED = Topic("expense.coded", (e.ExpenseCoded,), _subject, "subject", max_message_bytes=4 * _MIB)
EVALUATED = Topic(
    "expense.evaluated",
    (e.ExpenseEvaluated, e.ExpenseRetracted, e.PairDismissed, e.TickElapsed),
    _ledger,
    "ledger",
    max_message_bytes=4 * _MIB,
)
APPROVALS = Topic(
    "expense.approvals",
    (e.ExpenseDecided, e.ReviewResolved, e.PostingRefused, e.TrackAnsweredLate),
    _expense,
    "expense",
    max_message_bytes=4 * _MIB,
)
REVIEW = Topic("expense.review", (e.ReviewOpened, e.ReviewClosed, e.ReviewRefused), _expense, "expense")
APPROVED = Topic("expense.approved", (e.ExpenseApproved,), _ledger, "ledger", max_message_bytes=4 * _MIB)
REJECTED = Topic("expense.rejected", (e.ExpenseRejected, e.ExpenseMerged, e.PostingReversed), _expense, "expense")
POSTED = Topic("expense.posted", (e.ExpensePosted,), _vendor, "vendor", max_message_bytes=4 * _MIB)
BATCHES = Topic(
    "batch.progress",
    (e.BatchClosed, e.BatchProgressed, e.DocumentsFound, e.SubmissionRepeated, e.TickElapsed),
    _batch,
    "batch",
)
BATCH_COMPLETED = Topic("batch.completed", (e.BatchCompleted,), _batch, "batch", compact=True, retention_ms=None)
AUDIT_EVENTS = Topic(
    "audit.events", (e.AuditRecorded,), _expense, "expense", append_time=True, max_message_bytes=9 * _MIB
)
AUDIT_LOG = Topic(
    "audit.log",
    (e.AuditSealed,),
    _entry,
    "entry",
    compact=True,
    retention_ms=None,
    same_partition=True,
    max_message_bytes=10 * _MIB,
)
AUDIT_ALERTS = Topic(
    "audit.alerts", (e.AlertRaised,), _expense, "expense", partitions=1, retention_ms=ms("audit.alerts")
)
AUDIT_KEYS = Topic("audit.keys", (e.KeyWrapped,), _key, "key", partitions=1, compact=True, retention_ms=None)
POLICIES = Topic(
    "policy.snapshots",
    (e.PolicyPublished,),
    _policy,
    "policy",
    partitions=1,
    compact=True,
    retention_ms=None,
    max_message_bytes=8 * _MIB,
)
VENDORS = Topic(
    "reference.vendors", (e.VendorRecorded,), _vendor_record, "vendor", partitions=1, compact=True, retention_ms=None
)
PATTERNS = Topic(
    "reference.patterns",
    (e.PatternRecorded,),
    _pattern_record,
    "pattern",
    partitions=1,
    compact=True,
    retention_ms=None,
)
# Under the id of the pull, or of one object of it: an object's name may name a person.
PULLS = Topic("pull.progress", (e.PullAdvanced,), _expense, "pull", partitions=1, compact=True, retention_ms=None)
# Raw bytes with headers; no schema, because what is here may be undecodable.
DEAD_LETTERS = Topic("expense.dlq", (), _raw, "original", max_message_bytes=11 * _MIB)
# What a person did about a dead letter, by its id: replayed, or parked with a copy that outlives the dead letter.
SETTLED = Topic(
    "dlq.settled", (), _raw, "letter", partitions=1, compact=True, retention_ms=None, max_message_bytes=12 * _MIB
)

TOPICS: tuple[Topic, ...] = (
    SUBMITTED,
    READ,
    PARSED,
    ENRICHMENTS,
    CODED,
    EVALUATED,
    APPROVALS,
    REVIEW,
    APPROVED,
    REJECTED,
    POSTED,
    BATCHES,
    BATCH_COMPLETED,
    AUDIT_EVENTS,
    AUDIT_LOG,
    AUDIT_ALERTS,
    AUDIT_KEYS,
    POLICIES,
    VENDORS,
    PATTERNS,
    PULLS,
    DEAD_LETTERS,
    SETTLED,
)

# Ticks go to every topic that asks for them, so they have no topic of their own.
_HOME: dict[type[Event], Topic] = {kind: t for t in TOPICS for kind in t.events if kind is not e.TickElapsed}


def topic_of(kind: type[Event]) -> Topic:
    """Return the one topic an event type is written to.

    Raises:
        KeyError: the type has no topic of its own.

    """
    return _HOME[kind]
