"""Postings that are due at once go in one request, where the ERP takes several; each has its own key and answer."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from consumers.posting.handler import post_expense
from consumers.runtime.errors import Transient
from schemas.envelope import Event
from schemas.events import ExpensePosted, PostingRefused
from schemas.records import Posting
from tests.posting.build import approved

LINES = [("Copy paper", "12.00", "6210")]
ONE, MANY = "/api/v1/gl/posting", "/api/v1/gl/postings"


class _Wire(httpx2.AsyncBaseTransport):
    """Counts requests by path on their way to an ERP, and answers some in its place."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, instead: dict[str, int]) -> None:
        self.inner, self.instead, self.asked = inner, instead, Counter[str]()
        self.under_way = self.most = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.asked[request.url.path] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self._answered(request)
        finally:
            self.under_way -= 1

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        if status := self.instead.get(request.url.path):
            return httpx2.Response(status, json={})
        return await self.inner.handle_async_request(request)


def _posted(
    ledger: httpx2.Client, name: str, *, number: int = 4, rounds: int = 1, **instead: int
) -> tuple[list[list[Event] | BaseException], Counter[str]]:
    """Return what becomes of so many expenses that are due at once, and the requests it took."""
    paths = {"one": ONE, "many": MANY}

    async def all_at_once() -> tuple[list[Any], Counter[str]]:
        wire = _Wire(httpx2.AsyncHTTPTransport(), {paths[which]: status for which, status in instead.items()})
        async with httpx2.AsyncClient(transport=wire, base_url=str(ledger.base_url), timeout=5) as erp:
            found: list[Any] = []
            for turn in range(rounds):
                due = [approved(f"{name}-{turn}-{n}", "12.00", LINES) for n in range(number)]
                found += await asyncio.gather(*(post_expense(e, erp=erp) for e in due), return_exceptions=True)
        return found, wire.asked

    return asyncio.run(all_at_once())


def _kinds(found: list[list[Event] | BaseException]) -> Counter[type]:
    return Counter(type(each) if isinstance(each, BaseException) else type(each[0]) for each in found)


def _postings(found: list[list[Event] | BaseException]) -> list[Posting]:
    events = [each[0] for each in found if not isinstance(each, BaseException)]
    return [event.posting for event in events if isinstance(event, ExpensePosted) and event.posting]


def test_what_is_due_at_once_goes_in_one_request(ledger: httpx2.Client) -> None:
    """Four expenses, one request, and a posting of its own for each of them."""
    found, asked = _posted(ledger, "together")
    assert asked == {MANY: 1}
    assert len({each.posting_id for each in _postings(found)}) == 4


def test_a_single_one_is_asked_for_as_ever(ledger: httpx2.Client) -> None:
    """One expense that is due alone is one request of the kind that every ERP knows."""
    assert _posted(ledger, "single", number=1)[1] == {ONE: 1}


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_erp_that_takes_one_at_a_time_is_asked_once_whether_it_takes_more(
    ledger: httpx2.Client, status: int
) -> None:
    """Its first answer tells; all expenses are posted all the same, and it is not asked for more again."""
    found, asked = _posted(ledger, f"one-by-one-{status}", rounds=2, many=status)
    assert _kinds(found) == {ExpensePosted: 8}
    assert asked == {MANY: 1, ONE: 8}


def test_what_is_wrong_with_a_request_is_asked_again_for_each_alone(ledger: httpx2.Client) -> None:
    """An ERP that fails over the whole may fail over one of them: the others are posted, and it is asked again."""
    found, asked = _posted(ledger, "alone", rounds=2, many=500)
    assert _kinds(found) == {ExpensePosted: 8}
    assert asked == {MANY: 2, ONE: 8}


def test_where_the_erp_is_away_every_one_waits(ledger: httpx2.Client) -> None:
    """Nothing is refused and nothing is lost: each is to be tried again."""
    found, _ = _posted(ledger, "away", many=503, one=503)
    assert _kinds(found) == {Transient: 4}


def test_a_lost_answer_posts_none_twice(ledger: httpx2.Client) -> None:
    """The ERP has all of them when its answer breaks off; tried again, each finds the posting it made."""
    ledger.put("/sandbox/faults", json={"count": 1, "drop_response": True})
    assert _kinds(_posted(ledger, "lost")[0]) == {Transient: 4}
    again, _ = _posted(ledger, "lost")
    assert [each.replayed for each in _postings(again)] == [True] * 4


def test_a_refused_one_goes_to_a_person_and_the_others_are_posted(ledger: httpx2.Client) -> None:
    """A document that stands in the ledger already is refused alone."""

    async def both() -> list[Any]:
        async with httpx2.AsyncClient(base_url=str(ledger.base_url), timeout=5) as erp:
            wrong = approved("refused", "12.00", [("Copy paper", "12.00", "0000")])
            return await asyncio.gather(*(post_expense(e, erp=erp) for e in (wrong, approved("fine", "12.00", LINES))))

    (refused,), (posted,) = asyncio.run(both())
    assert isinstance(refused, PostingRefused)
    assert (refused.code, type(posted)) == ("UNKNOWN_ACCOUNT", ExpensePosted)


@pytest.mark.parametrize("status", [0, 404])
def test_a_ledgers_postings_arrive_in_the_order_they_became_due(ledger: httpx2.Client, status: int) -> None:
    """In requests of several and one at a time, the ERP numbers each ledger's as they were asked for."""
    found, _ = _posted(ledger, f"ordered-{status}", rounds=2, many=status)
    first = [each.posting_id for each in _postings(found)]
    listed = ledger.get("/api/v1/gl/postings", params={"tenant_id": "acme"}).json()["postings"]
    assert [each["posting_id"] for each in listed if each["posting_id"] in first] == first


def test_an_erp_that_takes_one_at_a_time_is_not_asked_for_all_ledgers_at_once(ledger: httpx2.Client) -> None:
    """Postings of forty ledgers are due; sixteen are on their way, the others wait for their turn."""

    async def at_once() -> tuple[list[Any], int]:
        wire = _Wire(httpx2.AsyncHTTPTransport(), {MANY: 404})
        async with httpx2.AsyncClient(transport=wire, base_url=str(ledger.base_url), timeout=5) as erp:
            due = [approved(f"of-{n}", "12.00", LINES, ledger=f"ledger-{n}") for n in range(40)]
            return await asyncio.gather(*(post_expense(e, erp=erp) for e in due)), wire.most

    found, most = asyncio.run(at_once())
    assert _kinds(found) == {ExpensePosted: 40}
    assert most == 16
