"""Submissions and documents for the tests of reading and understanding."""

from datetime import UTC, datetime
from typing import Any

import orjson

from schemas.events import ExpenseRead, ExpenseSubmitted
from schemas.identity import derive, document_id, trace_id
from schemas.records import ClaimCheck, Context, Sealed
from tests.ocr.shelf import KEY

AT = datetime(2024, 3, 28, 12, tzinfo=UTC)
INVOICE = """Brightwater Tools Inc.
12 Mill Road, Portland, OR 97205

INVOICE                                   Invoice No: BT-2041
                                          Invoice Date: 2024-03-04
Bill to:
Harbor Estates LLC

Description                 Qty    Unit price      Amount
Cordless drill                2         89.50      179.00
Drill bits, set of 20         1         21.00       21.00
                                   Subtotal      $ 200.00
                                   Sales tax 8%   $ 16.00
                                   Total due     $ 216.00
"""


def sealed(**fields: Any) -> Sealed:
    """Personal fields as the glass vault seals them."""
    return Sealed(key_id=KEY, ciphertext=orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def submitted(document: ClaimCheck, **changes: Any) -> ExpenseSubmitted:
    """A document that entered."""
    expense = document_id("acme", "s-1", document.sha256)
    values: dict[str, Any] = {
        "event_id": derive("upload", expense),
        "tenant_id": "acme",
        "ledger": "main",
        "expense_id": expense,
        "revision": 1,
        "subject": "s-1",
        "batch_id": "b-1",
        "correlation_id": expense,
        "trace_id": trace_id(expense),
        "stage": "upload",
        "status": "submitted",
        "occurred_at": AT,
        "submitted_at": AT,
        "problems": (),
        "asserted": (),
        "tables": {},
        "personal": sealed(file_name="invoice.txt", employee_id="e-1"),
        "document": document,
        "context": Context(department="maintenance", reporting_currency="USD"),
        "origin": "upload",
        **changes,
    }
    return ExpenseSubmitted(**values)


def words(event: ExpenseRead) -> list[str]:
    """The words sealed in an event that was read."""
    assert event.personal is not None
    pages = orjson.loads(event.personal.ciphertext)["pages"]["pages"]
    return [word[0] for page in pages for word in page[3]]
