"""A late twin that turns out to be the right one, over the whole DAG: the posted one is reversed, this one posted."""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.reconstruct import Expense
from desk.proposals import propose
from desk.resolutions import resolve, superseded
from tests.dag.system import System, card_line

pytestmark = pytest.mark.slow


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a running system of its own for each test."""
    return System(tmp_path)


def supersede(system: System, late: str, posted: Expense) -> None:
    """Have the late one take the place of the posted one, as a person would, and run."""
    seen = system.expense(late)
    at = system.clock.now()
    system.submit(
        resolve(seen, "supersede", actor="reviewer", reason="the right one", at=at, supersedes=superseded(posted))
    )


def standing(system: System) -> list[str]:
    """Return the expenses whose postings stand in the ERP."""
    return [str(p.journal.expense_id) for p in system.erp.find(None, None, None) if not (p.reverses or p.reversed_by)]


def test_the_right_one_takes_the_place_of_the_posted_one(system: System) -> None:
    """Proposed, carried out, each told in its story; a third copy is then held against the one that stands."""
    first, late, third = (card_line("120.00", reference=name) for name in "ABC")
    system.submit(first, late)
    (proposal,) = propose(system.expense(late.expense_id), system.model.expense)
    assert [choice.action for choice in proposal.choices] == ["reject", "supersede", "dismiss"]
    supersede(system, late.expense_id, system.expense(first.expense_id))
    assert (system.state(first.expense_id), system.state(late.expense_id)) == ("reversed", "posted")
    assert standing(system) == [late.expense_id]
    assert system.expense(first.expense_id).breaches == system.expense(late.expense_id).breaches == ()
    said = [s.text for s in system.model.story(first.expense_id) if s.action == "PostingReversed"]
    assert len(said) == 1
    assert f"expense {late.expense_id} takes its place" in said[0]
    system.submit(third)
    assert [f.other for f in system.expense(third.expense_id).findings if f.blocking] == [late.expense_id]
    assert system.dead_letters() == 0


def test_the_same_word_twice_and_a_second_twin_change_nothing(system: System) -> None:
    """Said again it is refused; a second twin that asks for the same place goes back to a person, posted nowhere."""
    first, late, other = (card_line("120.00", reference=name) for name in "ABC")
    system.submit(first, late, other)
    posted = system.expense(first.expense_id)
    supersede(system, late.expense_id, posted)
    supersede(system, late.expense_id, posted)
    assert system.state(late.expense_id) == "posted"
    # It was looked at before the first one was reversed.
    supersede(system, other.expense_id, posted)
    assert system.state(other.expense_id) == "in_review"
    assert standing(system) == [late.expense_id]
    with pytest.raises(ValueError, match="not posted"):
        superseded(system.expense(first.expense_id))


def test_only_its_own_twin_can_be_superseded(system: System) -> None:
    """An expense that nothing holds as a copy of the other cannot take its place."""
    stranger, over = card_line("120.00", reference="A"), card_line("900.00", reference="B")
    system.submit(stranger, over)
    supersede(system, over.expense_id, system.expense(stranger.expense_id))
    assert (system.state(over.expense_id), system.state(stranger.expense_id)) == ("in_review", "posted")
    assert "nothing holds it as a duplicate" in system.model.story(over.expense_id)[-1].text
    seen, at = system.expense(over.expense_id), system.clock.now()
    system.submit(resolve(replace(seen, sequence=0), "supersede", actor="reviewer", reason="x", at=at))
    assert "must name the posted expense" in system.model.story(over.expense_id)[-1].text
