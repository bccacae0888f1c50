"""A track that failed and whose dead letter is replayed, over the whole DAG: the expense is coded again."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from consumers.runtime.transport import Outgoing
from consumers.stages import stage_named
from producers.dead_letters import letter_of, replay_headers
from schemas.envelope import Event
from tests.dag.system import System, card_line

pytestmark = pytest.mark.slow

TRACKS = ("currency", "vendor", "category")


@dataclass
class Faulty:
    """A system one of whose tracks fails on everything while it is broken."""

    system: System
    track: str
    broken: bool = True

    def mend_and_replay(self) -> None:
        """Take the fault away and send what died once more to the track, as `dlq replay` does."""
        self.broken = False
        self.replay()

    def replay(self) -> None:
        """Send what died once more to the track."""
        for letter in map(letter_of, self.system.broker.records("expense.dlq")):
            again = Outgoing(letter.topic, letter.key, letter.value, replay_headers(letter))
            self.system.broker.produce(again)
        self.system.run()

    def problems(self, expense_id: str) -> set[str]:
        """Return the doubts about an expense as it stands."""
        return {p.code for p in self.system.expense(expense_id).problems}


@pytest.fixture(params=TRACKS)
def faulty(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faulty:
    """Return a system with a broken track."""
    track: str = request.param
    stage = stage_named(track)
    sound = stage.load()

    def handle(event: Event, **given: Any) -> Any:
        if found.broken:
            raise RuntimeError(track)
        return sound.handle(event, **given)

    monkeypatch.setattr(f"{stage.handler}.HANDLER", replace(sound, handle=handle))
    found = Faulty(System(tmp_path), track)
    return found


def test_a_replayed_track_has_the_expense_coded_again(faulty: Faulty) -> None:
    """It waits without the track's answer; replayed it goes through as a new revision and is posted, once."""
    system, line = faulty.system, card_line("120.00")
    system.submit(line)
    assert system.state(line.expense_id) == "in_review"
    assert "TRACK_FAILED" in faulty.problems(line.expense_id)
    faulty.mend_and_replay()
    found = system.expense(line.expense_id)
    assert (found.state, found.revision, found.breaches) == ("posted", 2, ())
    assert "TRACK_FAILED" not in faulty.problems(line.expense_id)
    assert [letter.settled for letter in found.dead_letters] == [True]
    faulty.replay()
    assert system.postings() == [line.expense_id]
    assert system.state(line.expense_id) == "posted"


def test_what_a_person_resolved_stays_resolved(faulty: Faulty) -> None:
    """Rejected before the replay it stays rejected, and its budget stays free."""
    system, line = faulty.system, card_line("120.00")
    system.submit(line)
    system.resolve(line.expense_id, "reject")
    faulty.mend_and_replay()
    found = system.expense(line.expense_id)
    assert (found.state, found.revision, found.breaches, system.postings()) == ("rejected", 1, (), [])


def test_a_replay_that_fails_again_changes_nothing(faulty: Faulty) -> None:
    """The fault is still there: one more dead letter, the same review, and the next replay settles both."""
    system, line = faulty.system, card_line("120.00")
    system.submit(line)
    faulty.replay()
    assert (system.state(line.expense_id), system.expense(line.expense_id).revision) == ("in_review", 1)
    assert [letter.settled for letter in system.expense(line.expense_id).dead_letters] == [False, False]
    faulty.mend_and_replay()
    assert (system.state(line.expense_id), system.expense(line.expense_id).revision) == ("posted", 2)
    assert [letter.settled for letter in system.expense(line.expense_id).dead_letters] == [True, True]
    assert system.postings() == [line.expense_id]


@pytest.mark.parametrize("asleep", ["evaluate", "approval"])
def test_an_answer_before_the_decision_counts_too(faulty: Faulty, asleep: str) -> None:
    """A stage behind the join was down meanwhile: the decision made without the track is not shown to a person."""
    system, line = faulty.system, card_line("120.00")
    stopped = system.runners.pop(asleep)
    system.submit(line)
    faulty.mend_and_replay()
    system.runners[asleep] = stopped
    system.run()
    found = system.expense(line.expense_id)
    assert (found.state, found.revision, found.breaches) == ("posted", 2, ())
    assert system.postings() == [line.expense_id]
