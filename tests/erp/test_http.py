"""The ledger over HTTP: once per key, refused with a reason, never twice for one document."""

import threading
from typing import Any
from uuid import UUID

import httpx2
import pytest

PROBLEM_JSON = "application/problem+json"


def _journal(expense: int, amount: str = "48.60", **changes: Any) -> dict[str, Any]:
    return {
        "tenant_id": "acme",
        "ledger": "main",
        "expense_id": str(UUID(int=expense)),
        "currency": "USD",
        "posting_date": "2026-10-05",
        "reference": "CHECK 6305",
        "vendor": "Marigold Noodle Bar",
        "lines": [
            {
                "gl_code": "6110",
                "description": "Lunch",
                "debit": amount,
                "cost_center": "sales",
                "project": "EXPANSION",
            },
            {"gl_code": "2150", "credit": amount},
        ],
        **changes,
    }


def _post(ledger: httpx2.Client, key: str, journal: dict[str, Any]) -> httpx2.Response:
    return ledger.post("/api/v1/gl/posting", json=journal, headers={"Idempotency-Key": key})


def _of(ledger: httpx2.Client, expense: int) -> list[dict[str, Any]]:
    answer = ledger.get("/api/v1/gl/postings", params={"ledger": "main", "expense_id": str(UUID(int=expense))})
    postings: list[dict[str, Any]] = answer.json()["postings"]
    return postings


def test_the_first_request_posts_and_the_second_gets_the_same_answer(ledger: httpx2.Client) -> None:
    """201, then 200 with the original posting marked as replayed, and one posting in the ledger."""
    first, second = _post(ledger, "k-1", _journal(1)), _post(ledger, "k-1", _journal(1, amount="48.600"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["replayed"], second.json()["replayed"]) == (False, True)
    assert {**first.json(), "replayed": True} == second.json()
    assert len(_of(ledger, 1)) == 1


def test_the_list_comes_in_pages(ledger: httpx2.Client) -> None:
    """Each page names where the next begins; together they are the list, and the last names none."""
    for number in range(3):
        _post(ledger, f"page-{number}", _journal(900 + number, tenant_id="pages"))
    pages: list[list[str]] = []
    after: int | None = 0
    while after is not None:
        page = ledger.get("/api/v1/gl/postings", params={"tenant_id": "pages", "after": after, "limit": 2}).json()
        pages.append([posting["idempotency_key"] for posting in page["postings"]])
        after = page["next"]
    assert pages == [["page-0", "page-1"], ["page-2"]]
    assert ledger.get("/api/v1/gl/postings", params={"limit": 0}).status_code == 422


def test_one_key_for_two_requests_is_refused(ledger: httpx2.Client) -> None:
    """A key that comes back with another body is a mistake of the caller, and nothing is posted for it."""
    _post(ledger, "k-2", _journal(2))
    answer = _post(ledger, "k-2", _journal(2, amount="50.00"))
    assert (answer.status_code, answer.json()["code"]) == (422, "KEY_REUSED")
    assert [each["journal"]["lines"][0]["debit"] for each in _of(ledger, 2)] == ["48.60"]


def test_one_document_under_two_keys_is_refused(ledger: httpx2.Client) -> None:
    """A second key for a posted document is a double posting: 409, with the posting that stands."""
    first = _post(ledger, "k-3", _journal(3))
    answer = _post(ledger, "k-3b", _journal(3))
    assert (answer.status_code, answer.json()["code"]) == (409, "DUPLICATE_DOCUMENT")
    assert answer.json()["posting_id"] == first.json()["posting_id"]
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert _post(ledger, "k-3c", _journal(3, tenant_id="other")).status_code == 201


def test_twenty_callers_at_once_post_once(ledger: httpx2.Client) -> None:
    """A race of equal requests has one winner; all are told the same posting."""
    answers: list[httpx2.Response] = []
    callers = [threading.Thread(target=lambda: answers.append(_post(ledger, "k-4", _journal(4)))) for _ in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(each.status_code for each in answers) == [200] * 19 + [201]
    assert len({each.json()["posting_id"] for each in answers}) == 1
    assert len(_of(ledger, 4)) == 1


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        (
            {"lines": [{"gl_code": "6110", "debit": "1.00"}, {"gl_code": "2100", "credit": "1.01"}]},
            422,
            "UNBALANCED",
            "lines",
        ),
        (
            {"lines": [{"gl_code": "1", "debit": "1.00"}, {"gl_code": "2100", "credit": "1.00"}]},
            422,
            "UNKNOWN_ACCOUNT",
            "lines.0.gl_code",
        ),
        (
            {"lines": [{"gl_code": "6110", "debit": 1.0}, {"gl_code": "2100", "credit": "1.00"}]},
            422,
            "INVALID_REQUEST",
            "lines.0.debit",
        ),
        ({"lines": []}, 422, "INVALID_REQUEST", "lines"),
        ({"currency": "usd"}, 422, "INVALID_REQUEST", "currency"),
        ({"currency": "QQQ"}, 422, "UNKNOWN_CURRENCY", "currency"),
        ({"surprise": 1}, 422, "INVALID_REQUEST", "surprise"),
        ({"expense_id": "17"}, 422, "INVALID_REQUEST", "expense_id"),
    ],
)
def test_a_wrong_journal_is_refused_by_field(
    ledger: httpx2.Client, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    """A refusal names the field, says the remedy, and leaves no posting and no used key."""
    answer = _post(ledger, "k-5", _journal(5, **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert _of(ledger, 5) == []


def test_a_refused_key_may_be_used_for_the_mended_journal(ledger: httpx2.Client) -> None:
    """Only what was accepted takes a key."""
    assert _post(ledger, "k-6", _journal(6, currency="QQQ")).status_code == 422
    assert _post(ledger, "k-6", _journal(6)).status_code == 201


def test_a_request_without_key_or_json_is_refused(ledger: httpx2.Client) -> None:
    """Without a key a retry could post twice; what is no JSON is told so."""
    assert ledger.post("/api/v1/gl/posting", json=_journal(7)).json()["code"] == "IDEMPOTENCY_KEY"
    answer = ledger.post(
        "/api/v1/gl/posting", content=b"{", headers={"Idempotency-Key": "k-7", "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_JSON")


def test_a_reversal_clears_the_accounts_and_frees_the_document(ledger: httpx2.Client) -> None:
    """A posting is taken back once, however often it is asked for; then the document may be posted again."""
    posting = _post(ledger, "k-8", _journal(8)).json()["posting_id"]
    path, body = f"/api/v1/gl/posting/{posting}/reversal", {"posting_date": "2026-11-02", "reason": "wrong site"}
    first = ledger.post(path, json=body, headers={"Idempotency-Key": "r-8"})
    again = ledger.post(path, json=body, headers={"Idempotency-Key": "r-8"})
    other = ledger.post(path, json=body, headers={"Idempotency-Key": "r-8b"})
    changed = ledger.post(path, json={**body, "reason": "no"}, headers={"Idempotency-Key": "r-8"})
    assert [each.status_code for each in (first, again, other, changed)] == [201, 200, 409, 422]
    assert first.json()["reverses"] == posting
    assert [each["reversed_by"] for each in _of(ledger, 8)] == [first.json()["posting_id"], None]
    assert _post(ledger, "k-8", _journal(8)).json()["replayed"] is True
    assert _post(ledger, "k-8b", _journal(8)).status_code == 201
    twice = f"/api/v1/gl/posting/{first.json()['posting_id']}/reversal"
    assert ledger.post(twice, json=body, headers={"Idempotency-Key": "r-9"}).json()["code"] == "IS_REVERSAL"
    missing = f"/api/v1/gl/posting/{UUID(int=1)}/reversal"
    assert ledger.post(missing, json=body, headers={"Idempotency-Key": "r-10"}).status_code == 404


def test_the_trial_balance_adds_up_by_currency(ledger: httpx2.Client) -> None:
    """Debits equal credits in every currency, summed without a float."""
    yen: dict[str, Any] = {"lines": [{"gl_code": "6100", "debit": "24800"}, {"gl_code": "2100", "credit": "24800"}]}
    for expense in range(10, 13):
        _post(ledger, f"t-{expense}", _journal(expense, amount="0.10", ledger="books"))
    _post(ledger, "t-13", _journal(13, currency="JPY", ledger="books", **yen))
    balance = ledger.get("/api/v1/gl/trial-balance", params={"tenant_id": "acme", "ledger": "books"}).json()
    assert {(each["gl_code"], each["debit"], each["credit"]) for each in balance["accounts"]} == {
        ("6110", "0.30", "0.00"),
        ("2150", "0.00", "0.30"),
        ("6100", "24800", "0"),
        ("2100", "0", "24800"),
    }
    assert all(each["balanced"] for each in balance["totals"].values())


def test_a_status_fault_refuses_before_storing(ledger: httpx2.Client) -> None:
    """The next `count` posts fail with the status asked for, reading goes on, then all is well again."""
    ledger.put("/sandbox/faults", json={"status": 503, "count": 2, "retry_after_s": 1})
    answers = [_post(ledger, "f-1", _journal(20)) for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 503, 201]
    assert answers[0].headers["retry-after"] == "1"
    assert ledger.get("/sandbox/faults").json()["count"] == 0


def test_a_dropped_answer_leaves_a_posting_behind(ledger: httpx2.Client) -> None:
    """The classic trap: the posting is stored, the caller sees a broken connection; the same key finds it again."""
    ledger.put("/sandbox/faults", json={"drop_response": True, "count": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        _post(ledger, "f-2", _journal(21))
    assert len(_of(ledger, 21)) == 1
    answer = _post(ledger, "f-2", _journal(21))
    assert (answer.status_code, answer.json()["replayed"]) == (200, True)
    assert len(_of(ledger, 21)) == 1


def test_a_delay_outlasts_an_impatient_caller(ledger: httpx2.Client) -> None:
    """A caller that gives up too early cannot tell either; the key answers it later."""
    ledger.put("/sandbox/faults", json={"delay_ms": 400, "count": 1})
    with pytest.raises(httpx2.ReadTimeout):
        ledger.post("/api/v1/gl/posting", json=_journal(22), headers={"Idempotency-Key": "f-3"}, timeout=0.1)
    assert _post(ledger, "f-3", _journal(22)).status_code in {200, 201}
    assert len(_of(ledger, 22)) == 1


def test_wrong_faults_are_refused(ledger: httpx2.Client) -> None:
    """The sandbox switch is validated like everything else."""
    assert ledger.put("/sandbox/faults", json={"status": 200, "count": 1}).status_code == 422
