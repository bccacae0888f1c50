"""Several records of one key in work at once: each ends once, and those of one expense in their order."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.runtime.errors import Transient
from consumers.runtime.stage import Handler, Lane, Limits
from consumers.runtime.transport import Outgoing
from schemas.events import BatchProgressed
from schemas.topics import Topic
from tests.runtime.rig import ManualLane, Member, Rig
from tests.runtime.rows import answer, inbound, row

_OF_A_LEDGER = Topic("t.in", (BatchProgressed,), lambda _: "tenant/ledger", "ledger")


def _never(event: BatchProgressed) -> Any:
    raise AssertionError(event)


def _rig(folder: Path, lane: ManualLane, *, together: int) -> Rig:
    stage = row(lane=Lane.ASYNC, reads=_OF_A_LEDGER, limits=Limits(workers=8, together=together))
    return Rig(stage, folder, handler=Handler(handle=_never), lane=lambda: lane, partitions=1)


def _running(lane: ManualLane) -> list[BatchProgressed]:
    return [event for event in lane.running.values() if isinstance(event, BatchProgressed)]


def test_a_ledgers_expenses_go_side_by_side_and_an_expense_in_order(tmp_path: Path) -> None:
    """The second record of an expense waits for its first, whatever else of the ledger has ended."""
    lane = ManualLane()
    rig = _rig(tmp_path, lane, together=3)
    first, second, other, later = inbound("a", 1), inbound("a", 2), inbound("b", 1), inbound("c", 1)
    rig.feed(first, other, second, later)
    member = rig.member()
    member.run()
    assert _running(lane) == [first, other]
    lane.finish(other, (answer(other, "ok"),))
    member.run()
    assert _running(lane) == [first]
    lane.finish(first, (answer(first, "ok"),))
    member.run()
    assert _running(lane) == [second, later]


def test_while_one_waits_for_the_erp_no_further_one_begins(tmp_path: Path) -> None:
    """Its ledger goes on when it has been tried again; what had begun beside it ends."""
    lane = ManualLane()
    rig = _rig(tmp_path, lane, together=2)
    events = [inbound(name, 1) for name in "abc"]
    rig.feed(*events)
    member = rig.member()
    member.run()
    lane.finish(events[0], error=Transient("erp", "is down"))
    member.run()
    lane.finish(events[1], (answer(events[1], "ok"),))
    member.run()
    assert _running(lane) == []
    rig.clock.pass_(1)
    member.run()
    lane.finish(events[0], (answer(events[0], "ok"),))
    member.run()
    assert _running(lane) == [events[2]]


def test_what_cannot_be_read_is_buried_and_holds_nobody_up(tmp_path: Path) -> None:
    """It may be of any expense, so it is in work alone, and the rest goes on behind it."""
    lane = ManualLane()
    rig = _rig(tmp_path, lane, together=3)
    before, behind = inbound("a", 1), inbound("b", 1)
    rig.feed(before)
    rig.broker.produce(Outgoing("t.in", b"tenant/ledger", b"\0\0\0\0"))
    rig.feed(behind)
    member = rig.member()
    member.run()
    assert (_running(lane), rig.letters()) == ([before], [])
    lane.finish(before, (answer(before, "ok"),))
    member.run()
    assert (_running(lane), len(rig.letters())) == ([behind], 1)


def _drive(member: Member, rig: Rig, lane: ManualLane, choices: Sequence[tuple[int, bool]]) -> None:
    """End what runs as chosen, well or for want of the ERP; then everything that is left."""
    for place, well in (*choices, *(((0, True),) * 200)):
        member.run(1)
        rig.clock.pass_(0.3)
        if running := _running(lane):
            event = running[place % len(running)]
            assert len({each.expense_id for each in running}) == len(running)
            if well:
                lane.finish(event, (answer(event, "ok"),))
            else:
                lane.finish(event, error=Transient("erp", "is down"))


@given(
    st.lists(st.sampled_from("abcd"), max_size=25),
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=40),
    st.integers(1, 5),
)
@settings(max_examples=40, deadline=None)
def test_each_ends_once_and_an_expense_in_its_order(
    names: list[str], choices: list[tuple[int, bool]], together: int
) -> None:
    """Whatever ends first and however often the ERP is away: one output a record, none before an earlier revision."""
    lane = ManualLane()
    with TemporaryDirectory() as folder:
        rig = _rig(Path(folder), lane, together=together)
        events = [inbound(name, number) for number, name in enumerate(names)]
        rig.feed(*events)
        member = rig.member()
        _drive(member, rig, lane, choices)
        outputs = [(event.expense_id, int(event.action)) for event in rig.outputs()]  # type: ignore[attr-defined] # ReviewRefused
        assert (sorted(n for _, n in outputs), rig.lag()) == (list(range(len(names))), 0)
        for name in set(names):
            of_it = [number for expense, number in outputs if expense == name]
            assert of_it == sorted(of_it)
