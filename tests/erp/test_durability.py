"""What the ledger acknowledged is there after it was killed, and only once."""

import subprocess
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest


def _journal(expense: int) -> dict[str, Any]:
    return {
        "tenant_id": "acme",
        "ledger": "main",
        "expense_id": str(UUID(int=expense)),
        "currency": "USD",
        "posting_date": "2026-10-05",
        "lines": [{"gl_code": "6110", "debit": "1.00"}, {"gl_code": "2100", "credit": "1.00"}],
    }


def _post(client: httpx2.Client, expense: int) -> dict[str, Any]:
    answer = client.post("/api/v1/gl/posting", json=_journal(expense), headers={"Idempotency-Key": f"key-{expense}"})
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.slow
def test_a_kill_loses_nothing_acknowledged(
    start_process: Callable[[], tuple[subprocess.Popen[bytes], httpx2.Client]],
) -> None:
    """SIGKILL in the middle of a burst: every acknowledged posting is there, and each retried one stands once."""
    process, client = start_process()
    acknowledged: dict[int, str] = {}

    def burst() -> None:
        try:
            for expense in range(100_000):
                acknowledged[expense] = _post(client, expense)["posting_id"]
        except httpx2.TransportError:
            return

    caller = threading.Thread(target=burst)
    caller.start()
    while len(acknowledged) < 20:
        caller.join(timeout=0.01)
    process.kill()
    process.wait()
    caller.join(timeout=10)
    told = dict(acknowledged)

    _, client = start_process()
    assert {expense: _post(client, expense)["posting_id"] for expense in told} == told
    _post(client, len(told))
    postings = client.get("/api/v1/gl/postings").json()["postings"]
    assert len(postings) == len({each["journal"]["expense_id"] for each in postings}) == len(told) + 1
    assert client.get("/api/v1/gl/trial-balance").json()["totals"]["USD"]["balanced"] is True
