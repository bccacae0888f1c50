"""A pair that a person let stand, over the whole DAG: it never comes back to the desk."""

from pathlib import Path

import pytest

from schemas.events import ExpenseParsed
from tests.dag.system import System, card_line

pytestmark = pytest.mark.slow


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a running system of its own for each test."""
    return System(tmp_path)


def line(reference: str, amount: str = "120.00") -> ExpenseParsed:
    """Return a purchase; those of one amount are copies of one another."""
    return card_line(amount, reference=reference)


def holding(system: System, expense_id: str) -> list[str]:
    """Return the codes that hold an expense now, none where nothing does."""
    found = system.expense(expense_id)
    return [f.code for f in found.findings if f.blocking] if found.state == "in_review" else []


def test_an_approved_pair_is_not_flagged_again(system: System) -> None:
    """What became a copy by a correction is let stand once and posted; a third copy is held for both of them."""
    first, second, third = line("A", "900.00"), line("B"), line("C")
    system.submit(first, second)
    system.resolve(first.expense_id, "correct", "total=120.00")
    assert holding(system, first.expense_id) == ["DUPLICATE_EXACT"]
    system.resolve(first.expense_id, "approve")
    assert system.postings() == [second.expense_id, first.expense_id]
    said = [s.text for s in system.model.story(first.expense_id) if s.action == "PairDismissed"]
    assert said == [
        f"Pair dismissed by reviewer on 2026-03-10 (DUPLICATE_EXACT with {second.expense_id}): it is not flagged again."
    ]
    assert system.expense(first.expense_id).breaches == ()
    system.submit(third)
    assert holding(system, third.expense_id) == ["DUPLICATE_EXACT"]
    found = system.expense(third.expense_id).findings[-1]
    assert (found.other, first.expense_id[:8] in found.message) == (second.expense_id, True)


def test_a_pair_stays_dismissed_when_the_corrected_one_comes_round(system: System) -> None:
    """Told first that it is no duplicate, then corrected: it is posted, and says who dismissed the pair and when."""
    first, second = line("A"), line("B")
    system.submit(first, second)
    system.resolve(second.expense_id, "correct", "department=operations")
    assert holding(system, second.expense_id) == ["DUPLICATE_EXACT"]
    system.resolve(second.expense_id, "dismiss")
    assert system.state(second.expense_id) == "posted"
    assert sorted(system.postings()) == sorted([first.expense_id, second.expense_id])
    found = [f for f in system.expense(second.expense_id).findings if f.code == "PAIR_DISMISSED"]
    assert [f.message for f in found] == [
        f"Not held against {first.expense_id[:8]}: pair dismissed by reviewer on 2026-03-10."
    ]
    assert system.expense(second.expense_id).breaches == ()
    assert system.dead_letters() == 0


def test_what_is_no_pair_cannot_be_dismissed(system: System) -> None:
    """An expense over its limit is held by no other expense: the word is refused and it stays where it is."""
    over = line("A", "900.00")
    system.submit(over)
    system.resolve(over.expense_id, "dismiss")
    assert system.state(over.expense_id) == "in_review"
    assert "no pair to dismiss" in system.model.story(over.expense_id)[-1].text


def test_what_else_holds_it_still_does(system: System) -> None:
    """Of two copies over the limit the second stays with a person after the pair is dismissed."""
    first, second = line("A", "900.00"), line("B", "900.00")
    system.submit(first, second)
    system.resolve(second.expense_id, "dismiss")
    assert holding(system, second.expense_id) == ["CAP_EXCEEDED"]
    assert system.postings() == []
