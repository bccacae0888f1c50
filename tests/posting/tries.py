"""Posting to the real ledger as the runner does."""

import asyncio
from typing import Any

import httpx2
import pytest

from consumers.posting.handler import post_expense
from consumers.runtime.errors import Transient
from schemas.envelope import Event
from schemas.events import ExpenseApproved


def tried(ledger: httpx2.Client, event: ExpenseApproved) -> list[Event]:
    """Return what posting answers to one try."""

    async def once() -> list[Event]:
        async with httpx2.AsyncClient(base_url=str(ledger.base_url), timeout=5) as erp:
            return list(await post_expense(event, erp=erp))

    return asyncio.run(once())


def until_answered(ledger: httpx2.Client, event: ExpenseApproved) -> tuple[list[Event], int]:
    """Try as the runner does: again after every Transient; return the outcome and how often it had to wait."""
    for waits in range(20):
        try:
            return tried(ledger, event), waits
        except Transient:
            continue
    pytest.fail("never answered")


def postings(ledger: httpx2.Client, expense_id: str, book: str = "main") -> list[dict[str, Any]]:
    """Return the ledger's postings of an expense."""
    answer = ledger.get("/api/v1/gl/postings", params={"ledger": book, "expense_id": expense_id})
    found: list[dict[str, Any]] = answer.json()["postings"]
    return found
