"""What may be sent: a journal of debit and credit lines. Amounts are decimal strings; a JSON number is refused."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Journal", "JournalLine", "Keyed", "Postings", "Reversal"]

# Fourteen digits before the point and four after it fit a signed 64-bit count of minor units (18 digits).
_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?", re.ASCII)


def _decimal(value: object) -> Decimal:
    """Take a decimal string and nothing else: a float has already lost the cent it was sent for."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError('send the amount as a string such as "12.50", not as a JSON number')  # noqa: TRY004 - pydantic reports ValueError with its field
    if not _AMOUNT.fullmatch(value):
        raise ValueError(
            "send digits with a point, at most 14 before and 4 after it, no sign; a negative debit is a credit"
        )
    return Decimal(value)


Money = Annotated[Decimal, BeforeValidator(_decimal)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class JournalLine(_Strict):
    """One line: exactly one of `debit` and `credit` is above zero."""

    gl_code: Code
    description: Text = ""
    debit: Money = Decimal(0)
    credit: Money = Decimal(0)
    cost_center: Code | None = None
    project: Code | None = None
    property_id: Code | None = None
    recovery_class: Code | None = None
    tax_code: Code | None = None


class Journal(_Strict):
    """One document's posting. `expense_id` is the document: one standing posting each per tenant and ledger."""

    tenant_id: Code
    ledger: Code
    expense_id: UUID
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    posting_date: date
    reference: Text | None = None
    vendor: Text | None = None
    lines: Annotated[tuple[JournalLine, ...], Field(min_length=2, max_length=5000)]


class Reversal(_Strict):
    """Why and when a posting is taken back."""

    posting_date: date
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Keyed(_Strict):
    """One of several postings. Its journal is looked at by itself, so that a wrong one holds up none of the others."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=255)]
    journal: dict[str, Any]


class Postings(_Strict):
    """Postings sent together, taken in this order; each is answered as if it had come alone."""

    postings: Annotated[tuple[Keyed, ...], Field(min_length=1, max_length=500)]
