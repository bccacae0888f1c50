"""What happens to money, from entry to end, over the whole DAG in memory."""

from pathlib import Path

import pytest

from tests.dag.system import System, card_line


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


def test_the_same_line_fed_twice_is_one_expense(system: System) -> None:
    """An overlapping export of the feed changes nothing."""
    line = card_line("120.00")
    system.submit(line)
    system.submit(line)
    assert system.state(line.expense_id) == "posted"
    assert len(system.postings()) == 1
