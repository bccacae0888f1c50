"""What the command line and the desk ask of the read model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, ScalarSelect, Select, and_, func, or_, select

from audit.reconstruct import Expense
from audit.story import Sentence, causes_first
from consumers.project.standing import KEPT, expense_of
from consumers.project.tables import DEAD_LETTERS, ENTRIES, EXPENSES, NUMBERS, REPEATS, REVIEWS, SCHEMAS
from schemas.codec import Codec, SchemaRefused, Undecodable
from schemas.lifecycle import ENDS, WAITING

__all__ = ["Batch", "Letter", "ReadModel", "ReviewItem", "Summary"]

_REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One expense in a list. `why` says in codes, or in the person's words, what its state comes from."""

    expense_id: str
    tenant_id: str
    batch_id: str | None
    revision: int
    state: str | None
    submitted_at: datetime
    recorded_at: datetime
    kind: str | None
    vendor: str | None
    invoice_number: str | None
    currency: str | None
    total: Decimal | None
    reporting_currency: str | None
    reporting_total: Decimal | None
    outcome: str | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One held expense and why; `closed_at` and what follows are None while it waits."""

    expense_id: str
    tenant_id: str
    opened_at: datetime
    codes: tuple[str, ...]
    why: str
    vendor: str | None
    currency: str | None
    total: Decimal | None
    closed_at: datetime | None
    action: str | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One dead letter; `source` is topic/partition/offset of the record that could not be handled."""

    expense_id: str
    tenant_id: str
    stage: str
    source: str
    cause_id: str
    reason: str
    recorded_at: datetime
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a batch stands: expenses per state, `repeated` for what had entered with an earlier one.

    It knows what has entered so far; whether all was submitted is for the topic `batch.completed` to say.
    """

    batch_id: str
    tenant_id: str
    counts: Mapping[str, int]

    @property
    def under_way(self) -> int:
        """Expenses that have neither ended nor wait for a person."""
        return sum(n for state, n in self.counts.items() if state not in ENDS | WAITING | {_REPEATED})


_SUMMARY = [EXPENSES.c[name] for name in Summary.__dataclass_fields__]
_LETTER = [
    EXPENSES.c.expense_id,
    *(DEAD_LETTERS.c[name] for name in Letter.__dataclass_fields__ if name in DEAD_LETTERS.c),
]


class _Kept:
    """The schemas that the read model keeps with its events, so that no registry is asked to read them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def schema(self, schema_id: int) -> str:
        """Return a schema's JSON text by id.

        Raises:
            Undecodable: the read model has no event that was written with it.

        """
        with self._engine.connect() as connection:
            text = connection.scalar(select(SCHEMAS.c.text).where(SCHEMAS.c.schema_id == schema_id))
        if text is None:
            msg = f"schema id {schema_id} is not in the read model"
            raise Undecodable(msg)
        return str(text)

    def register(self, subject: str, schema: str) -> int:
        """Refuse: whoever reads writes no events.

        Raises:
            SchemaRefused: always.

        """
        del schema
        msg = f"the read model is only read: it takes no schema of {subject}"
        raise SchemaRefused(msg)


class ReadModel:
    """Questions to the read model. Each sees one consistent state; none writes."""

    __slots__ = ("_codec", "_engine")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._codec = Codec(_Kept(engine))

    def expense(self, expense_id: str) -> Expense | None:
        """Return all that is known of an expense, None when the log has not told of it yet."""
        query = select(*(EXPENSES.c[name] for name in KEPT)).where(EXPENSES.c.number == _number_of(expense_id))
        rows = self._rows(query)
        return expense_of(rows[0], self._codec) if rows else None

    def ids(self, beginning: str, *, limit: int = 10) -> list[str]:
        """Return the expense ids that begin so, at most `limit`."""
        end = beginning + chr(0x10FFFF)
        begun = select(NUMBERS.c.expense_id).join(EXPENSES, EXPENSES.c.number == NUMBERS.c.number)
        query = begun.where(NUMBERS.c.expense_id.between(beginning, end)).limit(limit)
        return [row["expense_id"] for row in self._rows(query)]

    def expenses(
        self,
        *,
        state: str | None = None,
        tenant: str | None = None,
        batch: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> list[Summary]:
        """Return expenses, the latest submitted first. `after` is the id of the last one seen, for the next page."""
        query = select(*_SUMMARY).order_by(EXPENSES.c.submitted_at.desc(), EXPENSES.c.expense_id).limit(limit)
        for column, value in ((EXPENSES.c.state, state), (EXPENSES.c.tenant_id, tenant), (EXPENSES.c.batch_id, batch)):
            if value is not None:
                query = query.where(column == value)
        if after is not None:
            seen = select(EXPENSES.c.submitted_at).where(EXPENSES.c.number == _number_of(after)).scalar_subquery()
            same_time = and_(EXPENSES.c.submitted_at == seen, EXPENSES.c.expense_id > after)
            query = query.where(or_(EXPENSES.c.submitted_at < seen, same_time))
        return [Summary(**row) for row in self._rows(query)]

    def counts(self, *, tenant: str | None = None) -> dict[str, int]:
        """Return the number of expenses per state."""
        query = select(EXPENSES.c.state, func.count().label("number")).group_by(EXPENSES.c.state)
        if tenant is not None:
            query = query.where(EXPENSES.c.tenant_id == tenant)
        return {row["state"] or "": row["number"] for row in self._rows(query)}

    def batch(self, batch_id: str, *, tenant: str | None = None) -> list[Batch]:
        """Return how a batch stands: one answer per tenant that has a batch of this name."""
        entered = select(EXPENSES.c.tenant_id, EXPENSES.c.state, func.count().label("number")).where(
            EXPENSES.c.batch_id == batch_id
        )
        repeated = select(REPEATS.c.tenant_id, func.count().label("number")).where(REPEATS.c.batch_id == batch_id)
        if tenant is not None:
            entered = entered.where(EXPENSES.c.tenant_id == tenant)
            repeated = repeated.where(REPEATS.c.tenant_id == tenant)
        found: dict[str, dict[str, int]] = {}
        for row in self._rows(entered.group_by(EXPENSES.c.tenant_id, EXPENSES.c.state)):
            found.setdefault(row["tenant_id"], {})[row["state"] or ""] = row["number"]
        for row in self._rows(repeated.group_by(REPEATS.c.tenant_id)):
            found.setdefault(row["tenant_id"], {})[_REPEATED] = row["number"]
        return [Batch(batch_id=batch_id, tenant_id=name, counts=counts) for name, counts in sorted(found.items())]

    def story(self, expense_id: str) -> list[Sentence]:
        """Return what happened to an expense, in the log's order but for `causes_first`."""
        query = (
            select(
                ENTRIES.c.sequence,
                ENTRIES.c.occurred_at,
                ENTRIES.c.recorded_at,
                ENTRIES.c.stage,
                ENTRIES.c.sentence.label("text"),
                ENTRIES.c.action,
            )
            .where(ENTRIES.c.number == _number_of(expense_id))
            .order_by(ENTRIES.c.sequence)
        )
        return causes_first(Sentence(**row) for row in self._rows(query))

    def dead_letters(self, *, settled: bool | None = False, limit: int = 1000) -> list[Letter]:
        """Return dead letters, the oldest first: those still open, those settled, or both for None."""
        query = select(*_LETTER).join(EXPENSES, EXPENSES.c.number == DEAD_LETTERS.c.number)
        query = query.order_by(DEAD_LETTERS.c.recorded_at, DEAD_LETTERS.c.source).limit(limit)
        if settled is not None:
            query = query.where(DEAD_LETTERS.c.settled == settled)
        return [Letter(**row) for row in self._rows(query)]

    def reviews(self, *, waiting: bool = True, tenant: str | None = None, limit: int = 1000) -> list[ReviewItem]:
        """Return held expenses, the longest waiting first; the closed ones where `waiting` is false."""
        columns = [REVIEWS.c[name] for name in ReviewItem.__dataclass_fields__ if name in REVIEWS.c]
        query = (
            select(*columns, EXPENSES.c.expense_id, EXPENSES.c.vendor, EXPENSES.c.currency, EXPENSES.c.total)
            .join(EXPENSES, EXPENSES.c.number == REVIEWS.c.number)
            .where(REVIEWS.c.closed_at.is_(None) if waiting else REVIEWS.c.closed_at.is_not(None))
            .order_by(REVIEWS.c.opened_at, EXPENSES.c.expense_id)
            .limit(limit)
        )
        if tenant is not None:
            query = query.where(REVIEWS.c.tenant_id == tenant)
        return [ReviewItem(**{**row, "codes": tuple(row["codes"].split())}) for row in self._rows(query)]

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _number_of(expense_id: str) -> ScalarSelect[int]:
    return select(NUMBERS.c.number).where(NUMBERS.c.expense_id == expense_id).scalar_subquery()
