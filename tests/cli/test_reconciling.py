"""Asking the ERP for its list of postings, over real HTTP."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from audit.completeness import Reckoning
from audit.reconciliation import Kind, Reconciliation
from cli import reconciling
from cli.context import Unreachable
from consumers.posting.accounts import shipped
from consumers.posting.journal import journal_of
from schemas.envelope import caused
from schemas.events import ExpensePosted, PostingReversed
from schemas.frozen import changed
from schemas.records import Posting
from tests.audit.trail import Trail, clean, opened, sealed
from tests.erp.serving import ledger, serve, shared

__all__ = ["ledger", "shared"]

START = datetime(2026, 1, 1, tzinfo=UTC)


def post(erp: httpx2.Client, trail: Trail, tenant: str, **changes: str) -> tuple[ExpensePosted, str]:
    """Post the trail's expense for a tenant and return its event with the ERP's answer, and the posting's id."""
    event = trail.event
    assert isinstance(event, ExpensePosted)
    journal = {**journal_of(changed(event, tenant_id=tenant), shipped()), **changes}
    key = f"{tenant}-{event.expense_id}"
    answer = erp.post("/api/v1/gl/posting", json=journal, headers={"Idempotency-Key": key}).raise_for_status().json()
    posting = Posting(posting_id=answer["posting_id"], idempotency_key=key, replayed=False)
    return changed(event, tenant_id=tenant, posting=posting), posting.posting_id


def held(erp: httpx2.Client, tenant: str, *known: tuple[Trail, ExpensePosted | None]) -> Reconciliation:
    """Hold what the log knows against the ledger: trails, and the posting each ended in."""
    reckoning, books = Reckoning(start=START, tenant=tenant), reconciling.Books()
    for trail, posted in known:
        for entry, event in opened(sealed(trail)):
            reckoning.take(changed(entry, tenant_id=tenant), event)
        books.take(posted)
    return books.held_against(str(erp.base_url), 5.0, reckoning)


def test_what_was_posted_agrees_page_by_page(ledger: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postings made from the recorded events are the ERP's own, whatever number of pages its list has."""
    monkeypatch.setattr(reconciling, "_PAGE", 2)
    trails = [clean(f"pages-{number}") for number in range(5)]
    posted = [post(ledger, trail, "pages")[0] for trail in trails]
    found = held(ledger, "pages", *zip(trails, posted, strict=True))
    assert (found.agrees, found.posted_here, found.posted_there) == (True, 5, 5)
    assert all(sums["here"] == sums["there"] > 0 for sums in found.money.values())


def test_what_differs_is_listed(ledger: httpx2.Client) -> None:
    """A reversed posting, one the log does not know, and one of another amount are told apart."""
    reversed_, unknown, dearer = (clean(f"differs-{name}") for name in ("reversed", "unknown", "dearer"))
    first, posting_id = post(ledger, reversed_, "differs")
    ledger.post(
        f"/api/v1/gl/posting/{posting_id}/reversal",
        json={"posting_date": "2026-04-01", "reason": "wrong"},
        headers={"Idempotency-Key": "differs-reversal"},
    ).raise_for_status()
    post(ledger, unknown, "differs")
    second, _ = post(ledger, dearer, "differs")
    assert second.conversion is not None
    doubled = changed(
        second.conversion,
        total=second.conversion.total * 2,
        line_amounts=tuple(amount * 2 for amount in second.conversion.line_amounts),
    )
    found = held(ledger, "differs", (reversed_, first), (dearer, changed(second, conversion=doubled)))
    assert {m.expense_id: (m.kind, m.state) for m in found.mismatches} == {
        reversed_.event.expense_id: (Kind.ONLY_HERE, "posted"),
        unknown.event.expense_id: (Kind.ONLY_THERE, None),
        dearer.event.expense_id: (Kind.OTHER_AMOUNT, "posted"),
    }
    (other,) = [m for m in found.mismatches if m.kind is Kind.OTHER_AMOUNT]
    assert (other.here or Decimal(0)) > (other.there or Decimal(0)) > 0


def test_what_was_reversed_here_too_agrees(ledger: httpx2.Client) -> None:
    """A posting that the log knows to be taken back is missed by neither side."""
    trail = clean("reversed-here")
    posted, posting_id = post(ledger, trail, "here")
    body, key = {"posting_date": "2026-04-01", "reason": "superseded"}, {"Idempotency-Key": "here-reversal"}
    ledger.post(f"/api/v1/gl/posting/{posting_id}/reversal", json=body, headers=key).raise_for_status()
    reckoning, books = Reckoning(start=START, tenant="here"), reconciling.Books()
    for entry, event in opened(sealed(trail)):
        reckoning.take(changed(entry, tenant_id="here"), event)
    books.take(posted)
    words = {"posting_id": posting_id, "superseded_by": "another", "actor": "reviewer"}
    assert posted.posting is not None
    books.take(caused(posted, PostingReversed, stage="posting", status="reversed", reversal=posted.posting, **words))
    found = books.held_against(str(ledger.base_url), 5.0, reckoning)
    assert (found.agrees, found.posted_here, found.posted_there) == (True, 0, 0)


def test_an_erp_that_is_away_is_said(tmp_path: Path) -> None:
    """No answer, and an answer that is no list of postings, are refused with their reason and no address."""
    with serve(tmp_path) as client:
        away = str(client.base_url)
        with pytest.raises(Unreachable, match="does not answer"):
            reconciling.Books().held_against(f"{away}/elsewhere", 5.0, Reckoning())
    with pytest.raises(Unreachable, match=r"does not answer \(ConnectError\)"):
        reconciling.Books().held_against(away, 1.0, Reckoning())
