"""A track that falls silent is seen, over the whole DAG; its late answer posts nothing twice."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.events import ExpenseCoded, TrackAnsweredLate
from schemas.records import Problem
from tests.dag.system import ENTERED, JOIN_LIMIT, System, card_line

TRACKS = ("currency", "vendor", "category")
OVERDUE = ENTERED + JOIN_LIMIT + timedelta(seconds=1)


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a running system of its own for each test."""
    return System(tmp_path)


def timed_out(system: System, expense_id: str) -> list[Problem]:
    """Return the time-outs on an expense as it was coded."""
    coded = [system.codec.decode(r.value) for r in system.broker.records("expense.coded")]
    (found,) = [e for e in coded if isinstance(e, ExpenseCoded) and e.expense_id == expense_id]
    return [p for p in found.problems if p.code == "TRACK_TIMEOUT"]


def late(system: System) -> list[tuple[str, str]]:
    """Return expense and track of every late answer that was noted."""
    told = [system.codec.decode(r.value) for r in system.broker.records("expense.approvals")]
    return [(e.expense_id, e.track) for e in told if isinstance(e, TrackAnsweredLate)]


@pytest.mark.parametrize("silent", TRACKS)
def test_a_silent_track_sends_the_expense_to_a_person_and_its_late_answer_posts_nothing(
    system: System, silent: str
) -> None:
    """It waits up to the limit, then a review names the track; the late answer is told in its story, nothing more."""
    asleep = system.runners.pop(silent)
    line = card_line("120.00")
    system.submit(line)
    assert system.state(line.expense_id) == "parsed"
    system.tick(ENTERED + JOIN_LIMIT - timedelta(seconds=1))
    assert system.state(line.expense_id) == "parsed"
    system.tick(OVERDUE)
    assert system.state(line.expense_id) == "in_review"
    (problem,) = timed_out(system, line.expense_id)
    assert problem.field == silent
    assert silent in problem.message
    system.runners[silent] = asleep
    system.run()
    assert late(system) == [(line.expense_id, silent)]
    assert system.state(line.expense_id) == "in_review"
    assert system.expense(line.expense_id).breaches == ()
    assert f"The {silent} track answered after" in system.model.story(line.expense_id)[-1].text
    system.resolve(line.expense_id, "reject")
    system.tick(OVERDUE + JOIN_LIMIT)
    assert (system.state(line.expense_id), system.postings(), system.dead_letters()) == ("rejected", [], 0)


def test_a_late_answer_after_the_posting_posts_nothing_again(system: System) -> None:
    """A person states what the category track did not say; when it answers at last, one posting stays one."""
    asleep = system.runners.pop("category")
    line = card_line("120.00")
    system.submit(line)
    system.tick(OVERDUE)
    assert "lines.1.gl_code" in {p.field for p in system.expense(line.expense_id).problems}
    system.resolve(line.expense_id, "correct", "lines.1.category=lodging", "lines.1.gl_code=6110")
    # The correction is a new revision: it waits for all three tracks anew, and gets the third when that is back.
    assert system.state(line.expense_id) == "parsed"
    system.runners["category"] = asleep
    system.run()
    assert system.state(line.expense_id) == "posted"
    assert late(system) == [(line.expense_id, "category")]
    assert system.postings() == [line.expense_id]
    assert system.expense(line.expense_id).breaches == ()


def test_the_age_of_the_oldest_join_rises_until_it_is_joined(system: System) -> None:
    """Per partition, by the clock of the process, so that it rises even where no tick arrives."""
    asleep = system.runners.pop("vendor")
    system.submit(card_line("120.00"))
    system.clock.time += timedelta(minutes=10)
    system.run()
    ages = system.telemetry["coding"].of_partitions
    assert sorted(ages) == [(n, "oldest_waiting_seconds") for n in range(system.broker.partitions)]
    waiting = [age for age in ages.values() if age]
    assert len(waiting) == 1
    assert 600 <= waiting[0] < 601
    system.runners["vendor"] = asleep
    system.run()
    system.clock.time += timedelta(seconds=6)
    system.run()
    assert set(ages.values()) == {0.0}
