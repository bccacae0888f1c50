"""Posting against the real ledger over HTTP: once, whatever happens on the way."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from consumers.posting.handler import post_expense
from consumers.runtime.errors import Transient
from schemas.envelope import Event
from schemas.events import ExpenseApproved, ExpensePosted, PostingRefused
from tests.posting.build import approved
from tests.posting.tries import postings, tried, until_answered

LINES = [("Copy paper", "140.97", "6210"), ("Gel pens", "80.94", "6210")]


def _try(ledger: httpx2.Client, event: ExpenseApproved) -> Event:
    (output,) = tried(ledger, event)
    return output


def _postings(ledger: httpx2.Client, event: ExpenseApproved) -> list[dict[str, Any]]:
    return postings(ledger, event.expense_id, event.ledger)


def test_an_approved_expense_is_posted(ledger: httpx2.Client) -> None:
    """The ledger has the journal, the event the posting, and everything it carried before."""
    event = approved("posted", "221.91", LINES)
    output = _try(ledger, event)
    assert isinstance(output, ExpensePosted)
    assert output.posting is not None
    assert (output.status, output.posting.replayed) == ("posted", False)
    assert (output.lines, output.facts) == (event.lines, event.facts)
    (found,) = _postings(ledger, event)
    assert found["posting_id"] == output.posting.posting_id
    assert found["idempotency_key"] == output.posting.idempotency_key


def test_handled_again_it_finds_its_posting(ledger: httpx2.Client) -> None:
    """After a crash between the ERP's answer and the commit, the same event yields the same posting."""
    event = approved("again", "221.91", LINES)
    first, second = _try(ledger, event), _try(ledger, event)
    assert isinstance(first, ExpensePosted)
    assert isinstance(second, ExpensePosted)
    assert first.posting is not None
    assert second.posting == replace(first.posting, replayed=True)
    assert second.event_id == first.event_id
    assert len(_postings(ledger, event)) == 1


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ({"status": 503, "count": 3, "retry_after_s": 1}, 3),
        ({"status": 429, "count": 1}, 1),
        ({"status": 401, "count": 2}, 2),
        ({"drop_response": True, "count": 2}, 2),
    ],
    ids=["down", "busy", "locked out", "answer lost"],
)
def test_trouble_on_the_way_waits_and_posts_once(ledger: httpx2.Client, faults: dict[str, Any], waits: int) -> None:
    """Each try that says nothing about the expense raises Transient; in the end there is one posting."""
    event = approved(f"trouble {faults}", "221.91", LINES)
    ledger.put("/sandbox/faults", json=faults)
    (output,), waited = until_answered(ledger, event)
    assert isinstance(output, ExpensePosted)
    assert waited == waits
    assert len(_postings(ledger, event)) == 1


def test_no_erp_at_all_is_waited_for() -> None:
    """A refused connection names the dependency and neither address nor credentials."""
    event = approved("nobody", "221.91", LINES)

    async def once() -> None:
        async with httpx2.AsyncClient(base_url="http://user:secret@127.0.0.1:9") as erp:
            await post_expense(event, erp=erp)

    with pytest.raises(Transient) as waiting:
        asyncio.run(once())
    assert waiting.value.dependency == "erp"
    assert "secret" not in str(waiting.value)


def test_a_refusal_goes_back_to_a_person(ledger: httpx2.Client) -> None:
    """An account that a person stated and the ledger does not know is refused with its field, and nothing is posted."""
    event = approved("refused", "221.91", [("Copy paper", "221.91", "9999")])
    output = _try(ledger, event)
    assert isinstance(output, PostingRefused)
    assert (output.status, output.code) == ("in_review", "UNKNOWN_ACCOUNT")
    assert "lines.0.gl_code" in output.message
    assert _postings(ledger, event) == []


def test_an_unpostable_expense_never_reaches_the_erp(ledger: httpx2.Client) -> None:
    """Without amounts in the reporting currency a person is asked, and no request goes out."""
    ledger.put("/sandbox/faults", json={"status": 500, "count": 1})
    output = _try(ledger, approved("unconverted", "221.91", LINES, conversion=None))
    assert isinstance(output, PostingRefused)
    assert output.code == "NOT_CONVERTED"
    assert ledger.get("/sandbox/faults").json()["count"] == 1


def test_a_later_revision_of_something_posted_is_told_as_it_is(ledger: httpx2.Client) -> None:
    """The ledger has the document under the first revision's key: nothing is posted twice, a person hears which."""
    first = _try(ledger, approved("revised", "221.91", LINES))
    assert isinstance(first, ExpensePosted)
    assert first.posting is not None
    event = approved("revised", "221.91", LINES, revision=2)
    output = _try(ledger, event)
    assert isinstance(output, PostingRefused)
    assert output.code == "DUPLICATE_DOCUMENT"
    assert first.posting.posting_id in output.message
    assert len(_postings(ledger, event)) == 1


def test_two_tenants_with_one_ledger_name_do_not_meet(ledger: httpx2.Client) -> None:
    """Keys and documents are apart by tenant."""
    event = approved("tenants", "221.91", LINES)
    assert isinstance(_try(ledger, event), ExpensePosted)
    assert isinstance(_try(ledger, replace(event, tenant_id="umbrella")), ExpensePosted)
