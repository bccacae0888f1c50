"""Small policies and expenses for the tests of this folder."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from policy.compiled import CompiledPolicy
from policy.documents import check_document
from policy.facts import Expense, Line
from policy.snapshot import Snapshot

DAY = date(2026, 3, 10)  # a Tuesday
TAXONOMY = ("lodging", "meals", "meals.entertainment", "software", "gifts")


def policy(limits: Sequence[Mapping[str, Any]], **sections: Any) -> CompiledPolicy:
    """Return a compiled policy in USD with the given limits."""
    data = {
        "name": "test",
        "currency": "USD",
        "taxonomy": [{"code": code, "name": code} for code in TAXONOMY],
        "limits": list(limits),
        **sections,
    }
    return Snapshot.of(check_document(data, "test")).compiled()


def limit(rule: str, level: str, amount: str, match: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return one limit as an author writes it."""
    return {"id": rule, "level": level, "limit": amount, "match": dict(match or {}), **more}


def line(amount: str | None, number: int = 1, category: str | None = "lodging", **more: Any) -> Line:
    """Return one line."""
    return Line(number=number, amount=None if amount is None else Decimal(amount), category=category, **more)


def expense(*lines: Line, **more: Any) -> Expense:
    """Return an expense of these lines, spent and submitted on `DAY` unless said otherwise."""
    total = sum((found.amount for found in lines if found.amount is not None), Decimal(0))
    given: dict[str, Any] = {"currency": "USD", "submitted": DAY, "on": DAY, "total": total, **more}
    return Expense(lines=lines, **given)
