"""A lane whose stage keeps no state, as posting's: nothing it does waits for a commit."""

from pathlib import Path

from consumers.runtime.memory import MemoryTransport
from consumers.runtime.stage import Handler, Lane, Limits
from schemas.envelope import Event
from schemas.events import BatchProgressed
from tests.runtime.rig import ManualLane, Rig
from tests.runtime.rows import answer, inbound, row


def _never(event: BatchProgressed) -> list[Event]:
    raise AssertionError(event)


def _rig(folder: Path, lane: ManualLane) -> Rig:
    stage = row(lane=Lane.ASYNC, limits=Limits(workers=100))
    return Rig(stage, folder, handler=Handler(handle=_never), lane=lambda: lane, partitions=1)


def test_the_next_record_of_a_key_starts_in_the_step_that_ended_the_one_before(tmp_path: Path) -> None:
    """Between two records of a key lies no commit: a ledger's postings would wait for one each."""
    lane = ManualLane()
    rig = _rig(tmp_path, lane)
    first, second = inbound("a", 1), inbound("a", 2)
    rig.feed(first, second)
    member = rig.member()
    member.run(1)
    assert [event.event_id for event in lane.started] == [first.event_id]
    lane.finish(first, (answer(first, "ok"),))
    member.run(1)
    assert [event.event_id for event in lane.started] == [first.event_id, second.event_id]


class _Committing(MemoryTransport):
    """A member whose commit goes on behind while `busy`."""

    busy = False

    @property
    def settled(self) -> bool:
        """Whether it has ended."""
        return not self.busy


def test_what_ends_beside_a_commit_is_the_next_transaction(tmp_path: Path) -> None:
    """Nobody waits for the commit that goes on, and everything that ended meanwhile is in the next, each once."""
    lane = ManualLane()
    rig = _rig(tmp_path, lane)
    events = [inbound(f"k{n}", n) for n in range(3)]
    rig.feed(*events)
    transport = _Committing(rig.broker, rig.stage.name, "a")
    member = rig.on(transport, "a")
    member.run(1)
    transport.busy = True
    for event in events:
        lane.finish(event, (answer(event, "ok"),))
        member.run(1)
    assert rig.told() == []
    transport.busy = False
    member.run(2)
    assert rig.told() == [(f"k{n}", n, "ok") for n in range(3)]
    assert (member.telemetry.counters["transactions"], rig.lag()) == (1, 0)
