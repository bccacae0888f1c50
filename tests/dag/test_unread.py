"""A record of which no event could be read, and its replay, over the whole DAG: its dead letter is settled."""

from pathlib import Path

import pytest

from audit.reconstruct import Expense
from consumers.runtime.transport import Outgoing
from producers.dead_letters import letter_of, replay_headers
from schemas.identity import derive
from tests.dag.system import System, card_line

pytestmark = pytest.mark.slow

GROUPS = ("category", "currency", "vendor")


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Return a running system of its own for each test."""
    return System(tmp_path)


def unread(system: System) -> Expense:
    """Return what stands in the read model for the one record that could not be read."""
    (letter, *_) = system.broker.records("expense.dlq")
    return system.expense(derive("undecodable", letter_of(letter).origin))


def replay(system: System, value: bytes) -> None:
    """Send every open dead letter once more to its group; `value` stands for the bytes as they can be read now."""
    for record in list(system.broker.records("expense.dlq"))[-len(GROUPS) :]:
        letter = letter_of(record)
        system.broker.produce(Outgoing(letter.topic, letter.key, value, replay_headers(letter)))
    system.run()


def test_it_is_settled_once_it_could_be_read(system: System) -> None:
    """Three stages could not read it; replayed again in vain and then well, all is settled under its first place."""
    line = card_line("120.00")
    system.broker.produce(Outgoing("expense.parsed", b"main/" + b"a" * 32, b"\xff no record"))
    system.run()
    assert [(one.stage, one.settled) for one in sorted(unread(system).dead_letters, key=lambda one: one.stage)] == [
        (group, False) for group in GROUPS
    ]
    assert unread(system).state == "dead_lettered"
    replay(system, b"\xff still none")
    assert [one.settled for one in unread(system).dead_letters] == [False] * 6
    assert system.dead_letters() == 6
    replay(system, system.codec.encode(line))
    found = unread(system)
    assert (found.state, [one.settled for one in found.dead_letters], found.breaches) == ("merged", [True] * 6, ())
    assert line.expense_id in system.model.story(found.expense_id)[-1].text
    assert system.model.dead_letters() == []
    assert system.state(line.expense_id) == "posted"
    assert system.postings() == [line.expense_id]
