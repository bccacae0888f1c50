"""A retraction that concerns more decisions than one record has time for."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from consumers.screen import retraction
from consumers.screen.handler import LedgerHistory, expire
from consumers.screen.kept import KeptDecisions
from schemas.envelope import caused
from schemas.events import ExpenseDecided, TickElapsed
from tests.evaluate.build import SUBMITTED, coded
from tests.screen.desk import BUDGET, Desk, codes

# It alone is more than the department has; the ten after it are 300 together.
LARGE = coded("large", "990.00")
LATER = [coded(str(number), f"{30 + number}.00", number=str(70_000 + 917 * number)) for number in range(10)]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a record do three totals and two decisions, and a tick three at a time."""
    for name, most in (("_TOTALS", 3), ("_DECISIONS", 2), ("_PIECE", 3)):
        monkeypatch.setattr(retraction, name, most)


def _desk() -> Desk:
    desk = Desk(budgets=BUDGET)
    desk.submit(LARGE)
    for each in LATER:
        (decision,) = desk.submit(each)
        assert codes(decision) == ["BUDGET_EXCEEDED"]
    return desk


def _behind(desk: Desk) -> list[str]:
    return [key for key, _ in desk.screen.store.range("behind/", "behind0")]


def _cleared(decisions: list[ExpenseDecided]) -> list[str]:
    assert all(not codes(decision) for decision in decisions)
    return [decision.expense_id for decision in decisions]


@pytest.mark.usefixtures("little")
def test_a_record_does_a_part_and_a_tick_the_rest() -> None:
    """Two decisions are made again at once, the other eight with the next tick, each once, in order of arrival."""
    desk = _desk()
    at_once = _cleared(desk.retract(LARGE))
    assert at_once == [each.expense_id for each in LATER[:2]]
    assert _behind(desk)
    assert _cleared(desk.tick(0)) == [each.expense_id for each in LATER[2:]]
    assert not _behind(desk)
    assert not desk.tick(1)


@pytest.mark.usefixtures("little")
def test_the_state_is_that_of_a_retraction_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept in the end is the same to the last byte, however it was cut."""
    pieces = _desk()
    pieces.retract(LARGE)
    pieces.tick(0)
    monkeypatch.undo()
    whole = _desk()
    whole.retract(LARGE)
    assert dict(pieces.screen.store.range("", "~")) == dict(whole.screen.store.range("", "~"))


@pytest.mark.usefixtures("little")
def test_a_tick_that_is_ended_after_each_piece_loses_and_repeats_nothing() -> None:
    """Called again with the same tick after every group, it goes on where it was."""
    desk = _desk()
    fresh = desk.retract(LARGE)
    tick = caused(coded("tick", "0"), TickElapsed, stage="ticker", status="tick", occurred_at=SUBMITTED)
    while (group := next(_ticking(desk, tick), None)) is not None:
        fresh += group
    assert _cleared(fresh) == [each.expense_id for each in LATER]
    assert not _behind(desk)


def _ticking(desk: Desk, tick: TickElapsed) -> Iterator[Any]:
    return expire(tick, LedgerHistory(desk.screen.store), **desk.screen.given)


@pytest.mark.usefixtures("little")
def test_two_retractions_that_wait_are_both_counted() -> None:
    """Totals lessened twice before a tick came are less by both amounts, and what was taken back meanwhile is gone."""
    desk = _desk()
    desk.retract(LARGE)
    desk.retract(LATER[0])
    desk.retract(LATER[9])
    told = desk.tick(0)
    assert LATER[9].expense_id not in _cleared(told)
    (after,) = desk.submit(coded("after", "1.00", number="1"))
    before = sum(Decimal(each.facts.total or 0) for each in LATER[1:9])
    assert after.decisions[-1].amount == before + 1


def test_a_credit_taken_back_flags_what_it_had_made_room_for() -> None:
    """What stayed below the budget thanks to a credit alone exceeds it without; what would have fit anyway is not."""
    desk = Desk(budgets=BUDGET)
    credit = coded("credit", "-300.00", number="1")
    for event in (coded("first", "801.00", number="70917"), credit, LATER[0], coded("over", "401.00", number="82838")):
        (decision,) = desk.submit(event)
        assert not codes(decision)
    (told,) = desk.retract(credit)
    assert told.expense_id == decision.expense_id
    assert (codes(told), told.decision_number) == (["BUDGET_EXCEEDED"], 2)
    assert told.decisions[-1].amount == Decimal("1232.00")
    (free,) = desk.retract(LATER[0]) + desk.retract(coded("first", "801.00", number="70917"))
    assert (free.expense_id, codes(free)) == (told.expense_id, [])


def test_credits_of_an_older_state_are_taken_back_without_harm() -> None:
    """Version 4 kept what was left in an account as one number; once all is taken back nothing of it stays."""
    desk = Desk(budgets=BUDGET)
    given = [coded("first", "801.00", number="70917"), coded("credit", "-300.00", number="1"), LATER[0]]
    for each in given:
        desk.submit(each)
    store = desk.screen.store
    for key, value in list(store.range("ledger/acme/main/total/", "ledger/acme/main/total0")):
        assert value == b"531.00 831.00"
        store.put(key, value.partition(b" ")[0])
    for each in (given[1], given[0]):
        assert not desk.retract(each)
    assert not codes(desk.submit(LATER[1])[0])
    for each in LATER[:2]:
        desk.retract(each)
    assert [key for key, _ in store.range("", "~")] == ["ledger/acme/main/sequence"]


def test_totals_move_without_their_decisions_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where less does not change what was decided, no decision is read and the new totals still hold."""
    desk = Desk(budgets=BUDGET)
    first, large = coded("first", "5.00"), coded("large", "1100.00", number="5")
    desk.submit(first)
    desk.submit(large)
    for each in LATER:
        desk.submit(each)
    with monkeypatch.context() as patched:
        patched.setattr(KeptDecisions, "kept", lambda *_: pytest.fail("a decision was read"))
        assert desk.retract(first) == []
    told = desk.retract(large)
    assert _cleared(told) == [each.expense_id for each in LATER]
    assert [decision.decisions[-1].amount for decision in told][:2] == [Decimal("30.00"), Decimal("61.00")]
