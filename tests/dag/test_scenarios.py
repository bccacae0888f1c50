"""What happens to money, from entry to end, over the whole DAG in memory."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consumers.screen import retraction
from schemas.events import ExpenseParsed
from tests.dag.system import System, card_line
from tests.evaluate.build import published


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a running system of its own for each test."""
    return System(tmp_path)


def test_a_clean_card_line_is_posted_once(system: System) -> None:
    """A line within its limits ends posted, with one posting in the ERP."""
    line = card_line("120.00")
    system.submit(line)
    assert system.state(line.expense_id) == "posted"
    assert len(system.postings()) == 1
    assert system.dead_letters() == 0


def test_a_violation_waits_for_a_person_and_is_posted_once_approved(system: System) -> None:
    """A line over its cap stays out of the ERP until it is approved."""
    line = card_line("900.00")
    system.submit(line)
    assert system.state(line.expense_id) == "in_review"
    assert system.postings() == []
    system.resolve(line.expense_id, "approve")
    assert system.state(line.expense_id) == "posted"
    system.resolve(line.expense_id, "approve")
    assert len(system.postings()) == 1


def test_a_rejected_expense_is_never_posted(system: System) -> None:
    """Rejecting ends an expense without a posting, and approving it afterwards is refused."""
    line = card_line("900.00")
    system.submit(line)
    system.resolve(line.expense_id, "reject")
    assert system.state(line.expense_id) == "rejected"
    system.resolve(line.expense_id, "approve")
    assert system.state(line.expense_id) == "rejected"
    assert system.postings() == []


def test_an_overlapping_export_changes_nothing(system: System) -> None:
    """The same line fed with a later batch is no second expense, and that batch is told it was repeated."""
    line = card_line("120.00", batch="october")
    system.submit(line)
    again = card_line("120.00", batch="october-again")
    system.submit(again, line)
    assert again.expense_id == line.expense_id
    assert system.state(line.expense_id) == "posted"
    assert system.postings() == [line.expense_id]
    repeated = [system.codec.decode(r.value) for r in system.broker.records("batch.progress")]
    assert [(type(e).__name__, e.batch_id) for e in repeated] == [
        ("BatchProgressed", "october"),
        ("SubmissionRepeated", "october-again"),
    ]


def test_an_overlapping_export_leaves_a_review_alone(system: System) -> None:
    """A line that waits for a person still waits, with its story in order, when the feed brings it again."""
    line = card_line("900.00", batch="october")
    system.submit(line)
    system.submit(card_line("900.00", batch="october-again"))
    assert system.state(line.expense_id) == "in_review"
    assert system.expense(line.expense_id).breaches == ()
    system.resolve(line.expense_id, "approve")
    system.submit(card_line("900.00", batch="october-once-more"))
    assert system.state(line.expense_id) == "posted"
    assert system.expense(line.expense_id).breaches == ()
    assert system.postings() == [line.expense_id]


def meals(amount: str, reference: str) -> ExpenseParsed:
    """Return a restaurant line of the sales department."""
    return card_line(amount, reference=reference, merchant=f"RESTAURANT {reference}{reference}{reference}", mcc="5812")


@pytest.fixture
def budgeted(system: System) -> System:
    """Return a system whose sales department has 1,000 a month, and roomy caps."""
    limits = [
        {"id": "cap", "level": "category", "limit": "850.00", "match": {"categories": ["meals"]}, "per": "expense"}
    ]
    budget = [{"id": "sales", "scope": "department", "name": "sales", "limit": "1000.00", "per": "month"}]
    system.publish(replace(published(limits=limits, budgets=budget), tenant_id="main"))
    return system


def codes(system: System, expense_id: str) -> set[str]:
    """Return the codes of the findings that hold an expense."""
    return {f.code for f in system.expense(expense_id).findings if f.blocking}


def test_money_never_spent_frees_its_budget(budgeted: System) -> None:
    """A 900 of 1,000 is rejected, then B 500 passes; C corrected from 800 to 80 frees 720."""
    first, second = meals("900.00", "A"), meals("500.00", "B")
    budgeted.submit(first)
    assert budgeted.state(first.expense_id) == "in_review"
    budgeted.submit(second)
    assert codes(budgeted, second.expense_id) == {"BUDGET_EXCEEDED"}
    budgeted.resolve(first.expense_id, "reject")
    assert budgeted.state(second.expense_id) == "posted"
    third, fourth = meals("800.00", "C"), meals("400.00", "D")
    budgeted.submit(third)
    assert codes(budgeted, third.expense_id) == {"BUDGET_EXCEEDED"}
    budgeted.submit(fourth)
    assert codes(budgeted, fourth.expense_id) == {"BUDGET_EXCEEDED"}
    budgeted.resolve(third.expense_id, "correct", "total=80.00")
    assert budgeted.state(third.expense_id) == "posted"
    assert budgeted.state(fourth.expense_id) == "posted"
    assert budgeted.expense(third.expense_id).revision == 2
    assert sorted(budgeted.postings()) == sorted([second.expense_id, third.expense_id, fourth.expense_id])


def test_what_a_rejection_frees_is_posted_however_much_it_is(budgeted: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine wait for one large expense; its rejection frees two of them at once and the others with the next tick."""
    for name, most in (("_TOTALS", 4), ("_DECISIONS", 2), ("_PIECE", 3)):
        monkeypatch.setattr(retraction, name, most)
    large = meals("999.00", "A")
    waiting = [meals(f"{20 + number}.50", name) for number, name in enumerate("BCDEFGHIJ")]
    budgeted.submit(large, *waiting)
    assert all(codes(budgeted, each.expense_id) == {"BUDGET_EXCEEDED"} for each in waiting)
    budgeted.resolve(large.expense_id, "reject")
    assert sorted(budgeted.postings()) == sorted(each.expense_id for each in waiting[:2])
    budgeted.tick(budgeted.clock.time + timedelta(seconds=5))
    assert sorted(budgeted.postings()) == sorted(each.expense_id for each in waiting)
    assert all(budgeted.expense(each.expense_id).breaches == () for each in waiting)
    assert budgeted.dead_letters() == 0


def test_a_corrected_category_does_not_come_back_with_the_same_doubt(system: System) -> None:
    """What a person states about a line settles it."""
    line = card_line("40.00", merchant="ZZQX 0042", mcc="0000")
    system.submit(line)
    assert system.state(line.expense_id) == "in_review"
    system.resolve(line.expense_id, "correct", "lines.1.category=meals", "lines.1.gl_code=6110")
    assert system.state(line.expense_id) == "posted", [p.code for p in system.expense(line.expense_id).problems]


def test_nothing_without_an_account_can_be_approved(system: System) -> None:
    """Approving what has no GL code is refused and says what to correct."""
    line = card_line("40.00", merchant="ZZQX 0042", mcc="0000")
    system.submit(line)
    system.resolve(line.expense_id, "approve")
    assert system.state(line.expense_id) == "in_review"
    assert "lines.1.gl_code" in system.model.story(line.expense_id)[-1].text
