"""Ids that derive from their cause, so that the same input is the same thing however often it arrives."""

import hashlib
from decimal import Decimal
from typing import Final
from uuid import UUID

__all__ = ["card_line_id", "derive", "document_id", "portion_id", "trace_id"]

# The root of all ids; any fixed UUID would do, and it can never change.
_ROOT: Final = UUID("5e4d7a3c-2f0b-5c1e-9a61-7b1f0c5d8e42")
_ROOT_BYTES: Final = _ROOT.bytes
# ASCII unit separator: it occurs in no id, name or amount, so joined parts cannot be mistaken for other parts.
_SEPARATOR = "\x1f"


def derive(*parts: str) -> str:
    """Return the UUIDv5 of the parts, in order.

    Written out from RFC 9562, 5.5, because every record that is written asks for one or two and `uuid.uuid5` takes
    three times as long over its object; a test holds the two together.
    """
    digest = bytearray(hashlib.sha1(_ROOT_BYTES + _SEPARATOR.join(parts).encode(), usedforsecurity=False).digest())
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def document_id(tenant: str, subject: str, sha256: str) -> str:
    """Return the expense id of a document: one per tenant, person and content."""
    return derive("document", tenant, subject, sha256)


def portion_id(expense_id: str, sha256: str, number: int) -> str:
    """Return the expense id of a further document of a file, `number` counted from 2.

    `expense_id` is what the file entered under, which stays the first document's; `sha256` is the file's, so that a
    file that takes the place of another has documents of its own.
    """
    return derive("portion", expense_id, sha256, str(number))


def card_line_id(
    tenant: str, account: str, day: str, amount: Decimal, currency: str, merchant: str, reference: str
) -> str:
    """Return the expense id of a card line.

    `day` is ISO 8601; `reference` is the feed's own, or the ordinal among identical lines of that day, so that
    overlapping exports of one account give the same ids.
    """
    return derive("card", tenant, account, day, f"{amount.normalize():f}", currency, merchant, reference)


def trace_id(correlation_id: str) -> str:
    """Return the W3C trace id of a correlation id: 32 hex digits, never all zero."""
    return hashlib.sha256(correlation_id.encode()).hexdigest()[:32]
