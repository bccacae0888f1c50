"""Expenses as a Parquet file: a row each, the columns an auditor asks for, and all that is known as JSON beside."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.contracts import fields_of
from schemas.records import Facts

__all__ = ["COLUMNS", "write"]

_ROWS: Final = 2_000
"""Expenses that are in memory at once; they are one row group."""

_Make = Callable[[Any], Any] | None

_TEXT: Final[tuple[str, _Make]] = ("text", None)
_NUMBER: Final[tuple[str, _Make]] = ("number", None)
_MOMENT: Final[tuple[str, _Make]] = ("moment", datetime.fromisoformat)
_DAY: Final[tuple[str, _Make]] = ("day", date.fromisoformat)
_AMOUNT: Final[tuple[str, _Make]] = ("amount", Decimal)

COLUMNS: Final[dict[str, tuple[str, tuple[str, _Make]]]] = {
    "expense_id": ("expense_id", _TEXT),
    "tenant_id": ("tenant_id", _TEXT),
    "ledger": ("ledger", _TEXT),
    "subject": ("subject", _TEXT),
    "batch_id": ("batch_id", _TEXT),
    "correlation_id": ("correlation_id", _TEXT),
    "trace_id": ("trace_id", _TEXT),
    "revision": ("revision", _NUMBER),
    "state": ("state", _TEXT),
    "stage": ("stage", _TEXT),
    "sequence": ("sequence", _NUMBER),
    "submitted_at": ("submitted_at", _MOMENT),
    "occurred_at": ("occurred_at", _MOMENT),
    "recorded_at": ("recorded_at", _MOMENT),
    "document_sha256": ("document.sha256", _TEXT),
    "document_type": ("facts.document_type", _TEXT),
    "vendor_name": ("facts.vendor_name", _TEXT),
    "invoice_number": ("facts.invoice_number", _TEXT),
    "invoice_date": ("facts.invoice_date", _DAY),
    "currency": ("facts.currency", _TEXT),
    "total": ("facts.total", _AMOUNT),
    "reporting_currency": ("conversion.currency", _TEXT),
    "reporting_total": ("conversion.total", _AMOUNT),
    "outcome": ("outcome", _TEXT),
    "policy_version": ("policy_version", _TEXT),
    "approved_by": ("approved_by", _TEXT),
    "posting_id": ("posting.posting_id", _TEXT),
    "merged_into": ("into", _TEXT),
    "reason": ("reason", _TEXT),
    "review_opened_at": ("review.opened_at", _MOMENT),
    "review_action": ("review.action", _TEXT),
}
"""By column: where its value stands in an expense's JSON, and what it is."""


def write(path: Path, lines: Iterable[bytes]) -> int:
    """Write expenses, each a line of JSON, to a Parquet file and return how many; `content` is the line itself.

    The file appears once it is whole. Some thousand expenses are in memory at once.

    Raises:
        OSError: the file cannot be written.

    """
    # No other verb should wait for it; it ships no types.
    import pyarrow as pa  # type: ignore[import-untyped] # noqa: PLC0415 - see above
    import pyarrow.parquet as pq  # type: ignore[import-untyped] # noqa: PLC0415 - see above

    schema, written, rest = _schema(pa), 0, iter(lines)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as file:
            while page := list(islice(rest, _ROWS)):
                file.write_batch(pa.record_batch(list(_arrays(page)), schema=schema))
                written += len(page)
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()
    return written


def _schema(pa: Any) -> Any:
    amount = next(field.shape.logical for field in fields_of(Facts) if field.name == "total")
    if amount is None:
        msg = "the total of an expense is no decimal"
        raise TypeError(msg)
    types = {
        "text": pa.string(),
        "number": pa.int64(),
        "moment": pa.timestamp("us", "UTC"),
        "day": pa.date32(),
        "amount": pa.decimal128(amount.precision, amount.scale),
    }
    columns = [(name, types[kind]) for name, (_, (kind, _)) in COLUMNS.items()]
    return pa.schema([*columns, ("content", pa.string())])


def _arrays(page: list[bytes]) -> Iterator[list[Any]]:
    expenses = [orjson.loads(line) for line in page]
    for place, (_, make) in COLUMNS.values():
        values = [_at(expense, place.split(".")) for expense in expenses]
        yield values if make is None else [None if value is None else make(value) for value in values]
    yield [line.decode() for line in page]


def _at(expense: Any, place: list[str]) -> Any:
    for name in place:
        if expense is None:
            return None
        expense = expense[name]
    return expense
