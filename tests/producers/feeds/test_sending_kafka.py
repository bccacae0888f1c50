"""Every format sent to real brokers: each transaction an event that can be read back, a bad one a dead letter."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from producers.card_feed import send, survey
from producers.card_line import Holder
from producers.edge import Edge
from schemas.envelope import Event
from schemas.events import ExpenseParsed
from schemas.topics import DEAD_LETTERS
from tests.producers.conftest import Read
from tests.producers.feeds.reading import (
    NO_MAP,
    OFX_1,
    STRIPE,
    camt,
    camt_entry,
    cdf,
    cdf_transaction,
    gl1025,
    gl1025_row,
    vcf,
    workbook,
    written,
)

pytestmark = pytest.mark.kafka
BUY, BAD = ("10", "1250", "00978", "01052024"), ("10", "x", "00978", "01062024")
SHEET: dict[int, tuple[str | Decimal | None, ...]] = {
    1: ("Date", "Amount", "Merchant", "Currency"),
    2: ("2024-01-05", Decimal("12.50"), "SHOP", "EUR"),
    3: ("2024-01-06", "free", "SHOP", "EUR"),
}
FEEDS = {
    "ofx": OFX_1.replace("3,25", "three"),
    "camt": camt(camt_entry(), camt_entry("x")),
    "vcf4": vcf(BUY, BAD),
    "cdf3": cdf(cdf_transaction("000125000"), cdf_transaction("x")),
    "gl1025": gl1025(gl1025_row(), gl1025_row(sign="?")),
    "stripe": STRIPE.replace("}}\n]", '}},\n {"object": "issuing.transaction", "id": "ipi_2"}\n]'),
    "xlsx": "",
}


@pytest.mark.parametrize("name", FEEDS)
def test_a_format_reaches_its_topic(
    edge: Edge, events: Callable[[str], list[Event]], read: Read, tenant: str, tmp_path: Path, name: str
) -> None:
    """One good and one bad transaction are one event, told of with its format, and one dead letter of the tenant."""
    path = workbook(tmp_path / "feed", Sheet=SHEET) if name == "xlsx" else written(tmp_path, FEEDS[name])
    holder = Holder(tenant=tenant, employee_id="E-9", currency="EUR")
    report = send(survey(path, NO_MAP, holder), edge, holder, "b")
    assert (report.format, report.rows, report.events, report.dead_letters) == (name, 2, 1, 1)
    (event,) = [event for event in events("expense.parsed") if isinstance(event, ExpenseParsed)]
    assert (event.facts.engine or "").startswith(f"card_feed {name}")
    assert {event.facts.currency or "": event.facts.total} == report.totals
    letters = [r for r in read(DEAD_LETTERS.name) if r.header("__dlq.sealed.tenant") == tenant.encode()]
    assert len(letters) == 1
