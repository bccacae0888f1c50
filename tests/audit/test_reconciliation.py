"""Holding what is posted here against the ERP's list."""

from dataclasses import replace
from decimal import Decimal

from audit.reconciliation import Booking, Kind, reconcile


def booking(name: str, amount: str = "10.00", currency: str = "USD", posting: str = "") -> Booking:
    """Return a standing posting of an expense."""
    return Booking(
        tenant_id="acme",
        ledger="main",
        expense_id=name,
        posting_id=posting or f"p-{name}",
        amount=Decimal(amount),
        currency=currency,
    )


def state(expense_id: str) -> str | None:
    """Return where the expenses of these tests stand."""
    return {"unknown": None, "under-way": "approved"}.get(expense_id, "posted")


def test_the_same_on_both_sides_agrees() -> None:
    """However the lists are sorted and amounts are written, equal postings are no difference."""
    here = [booking("a", "10.0"), booking("b", "5.00", "EUR")]
    found = reconcile(here, [booking("b", "5.0000", "EUR"), booking("a")], state)
    assert found.agrees
    assert (found.posted_here, found.posted_there) == (2, 2)
    assert found.money == {
        "EUR": {"here": Decimal(5), "there": Decimal(5)},
        "USD": {"here": Decimal(10), "there": Decimal(10)},
    }


def test_every_kind_of_difference_is_listed() -> None:
    """What is on one side only, of another amount, currency or posting, or twice there is named with both amounts."""
    here = [booking(name) for name in ("amount", "currency", "here", "posting", "same", "twice")]
    there = [
        booking("amount", "10.01"),
        booking("currency", currency="EUR"),
        booking("posting", posting="p-other"),
        booking("same"),
        booking("twice"),
        booking("twice", posting="p-again"),
        booking("under-way"),
        booking("unknown"),
    ]
    found = reconcile(here, there, state)
    assert not found.agrees
    assert {m.expense_id: (m.kind, m.state, m.here, m.there) for m in found.mismatches} == {
        "amount": (Kind.OTHER_AMOUNT, "posted", Decimal(10), Decimal("10.01")),
        "currency": (Kind.OTHER_AMOUNT, "posted", Decimal(10), Decimal(10)),
        "here": (Kind.ONLY_HERE, "posted", Decimal(10), None),
        "posting": (Kind.OTHER_POSTING, "posted", Decimal(10), Decimal(10)),
        "twice": (Kind.TWICE_THERE, "posted", Decimal(10), Decimal(20)),
        "under-way": (Kind.ONLY_THERE, "approved", None, Decimal(10)),
        "unknown": (Kind.ONLY_THERE, None, None, Decimal(10)),
    }
    assert found.money["USD"] == {"here": Decimal(60), "there": Decimal("70.01")}


def test_ledgers_and_tenants_are_apart() -> None:
    """The same expense id in another ledger is another document."""
    elsewhere = replace(booking("a"), ledger="branch")
    found = reconcile([booking("a")], [elsewhere], state)
    assert [(m.ledger, m.kind) for m in found.mismatches] == [("branch", Kind.ONLY_THERE), ("main", Kind.ONLY_HERE)]
