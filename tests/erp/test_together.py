"""Several postings in one request: each is answered as if it had come alone."""

from typing import Any
from uuid import UUID

import httpx2
import pytest


def _journal(expense: int, amount: str = "12.00", account: str = "6110") -> dict[str, Any]:
    return {
        "tenant_id": "together",
        "ledger": "main",
        "expense_id": str(UUID(int=expense)),
        "currency": "USD",
        "posting_date": "2026-10-05",
        "lines": [{"gl_code": account, "debit": amount}, {"gl_code": "2150", "credit": amount}],
    }


def _post(ledger: httpx2.Client, *asked: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    body = {"postings": [{"idempotency_key": key, "journal": journal} for key, journal in asked]}
    answer = ledger.post("/api/v1/gl/postings", json=body)
    assert answer.status_code == 200
    answers: list[dict[str, Any]] = answer.json()["answers"]
    return answers


def test_each_is_answered_in_order_and_a_wrong_one_holds_up_no_other(ledger: httpx2.Client) -> None:
    """Posted, refused by a rule, no journal at all, and a second key for a document of the same request."""
    found = _post(
        ledger,
        ("many-1", _journal(2_001)),
        ("many-2", _journal(2_002, account="1")),
        ("many-3", {"tenant_id": "together"}),
        ("many-4", _journal(2_001)),
        ("many-5", _journal(2_005)),
    )
    assert [each["status"] for each in found] == [201, 422, 422, 409, 201]
    assert [each["body"].get("code") for each in found[1:4]] == [
        "UNKNOWN_ACCOUNT",
        "INVALID_REQUEST",
        "DUPLICATE_DOCUMENT",
    ]
    assert found[3]["body"]["posting_id"] == found[0]["body"]["posting_id"]
    assert found[4]["body"]["number"] == found[0]["body"]["number"] + 1


def test_alone_or_together_a_key_is_the_same_posting(ledger: httpx2.Client) -> None:
    """What was posted alone is answered again in a request of several, and the other way round, to the last field."""
    alone = ledger.post("/api/v1/gl/posting", json=_journal(2_010), headers={"Idempotency-Key": "both-1"})
    found = _post(ledger, ("both-1", _journal(2_010)), ("both-2", _journal(2_011)), ("both-2", _journal(2_011)))
    assert [(each["status"], each["body"]["replayed"]) for each in found] == [(200, True), (201, False), (200, True)]
    assert {**alone.json(), "replayed": True} == found[0]["body"]
    again = ledger.post("/api/v1/gl/posting", json=_journal(2_011), headers={"Idempotency-Key": "both-2"})
    assert again.json() == found[2]["body"]


def test_a_lost_answer_leaves_all_of_them_behind(ledger: httpx2.Client) -> None:
    """The whole request is stored before the answer breaks off; asked again, each is the posting it was."""
    ledger.put("/sandbox/faults", json={"count": 1, "drop_response": True})
    asked = [(f"lost-{n}", _journal(2_020 + n)) for n in range(3)]
    with pytest.raises(httpx2.RemoteProtocolError):
        _post(ledger, *asked)
    assert [(each["status"], each["body"]["replayed"]) for each in _post(ledger, *asked)] == [(200, True)] * 3


def test_a_request_without_postings_is_refused(ledger: httpx2.Client) -> None:
    """None, or one without a key: 422 for the request as a whole, and nothing is posted."""
    for wrong in ([], [{"journal": _journal(2_030)}], [{"idempotency_key": "", "journal": _journal(2_030)}]):
        assert ledger.post("/api/v1/gl/postings", json={"postings": wrong}).status_code == 422
    listed = ledger.get("/api/v1/gl/postings", params={"tenant_id": "together", "expense_id": str(UUID(int=2_030))})
    assert listed.json()["postings"] == []
