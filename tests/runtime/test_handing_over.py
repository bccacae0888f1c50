"""Partitions that go away in the middle of a poll, between the reading of its records and their counting in."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from consumers.runtime.memory import MemoryTransport
from consumers.runtime.transport import Fetched
from tests.runtime.rig import Rig
from tests.runtime.rows import inbound, row


class _Interrupted(MemoryTransport):
    """A member whose group rebalances inside `poll`, after records were read; `takes` are the partitions it loses."""

    takes: Sequence[int] = ()

    def poll(self, count: int, timeout: float) -> Sequence[Fetched]:
        """Read, then give partitions up, then return what was read."""
        found = super().poll(count, timeout)
        if found and self.takes:
            gone, self.takes = self.takes, ()
            for partition in gone:
                self.want(partition, owned=False)
            self.give_up()
        return found


@pytest.mark.parametrize("answered", [False, True], ids=["aborted", "answer lost"])
def test_a_commit_lost_in_the_middle_of_a_poll_does_nothing_twice(tmp_path: Path, answered: bool) -> None:
    """What the poll still brings was read before the way back, which reads it again."""
    rig = Rig(row(), tmp_path, partitions=2)
    transport = _Interrupted(rig.broker, rig.stage.name, "a")
    member = rig.on(transport, "a")
    rig.broker.fail_next, rig.broker.lose_answers = int(not answered), int(answered)
    rig.feed(*(inbound(f"k{n % 7}", n) for n in range(1_000)))
    member.run(1)  # its commit goes on behind, and is lost
    rig.feed(*(inbound(f"k{n % 7}", n) for n in range(1_000, 1_050)))
    transport.takes = [1]
    member.run(4)
    rig.member("b").run(4)
    member.run(2)
    assert sorted(n for _, n, _ in rig.told()) == list(range(1_050))
    assert rig.lag() == 0


def test_what_a_poll_has_read_is_not_passed_by_the_commit_in_its_middle(tmp_path: Path) -> None:
    """The position is behind them already, and nobody has begun them: the next owner does."""
    rig = Rig(row(), tmp_path, partitions=2)
    transport = _Interrupted(rig.broker, rig.stage.name, "a")
    member = rig.on(transport, "a")
    rig.feed(*(inbound(f"k{n % 7}", n) for n in range(200)))
    member.run(1)
    rig.feed(*(inbound(f"k{n % 7}", n) for n in range(200, 250)))
    transport.takes = [0, 1]
    member.run(1)
    rig.member("b").run(4)
    member.run(2)
    assert sorted(n for _, n, _ in rig.told()) == list(range(250))
    assert rig.lag() == 0
