"""A stage lets what is done wait for more while commits are dear, and never where waiting would hold something up."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from consumers.runtime.memory import MemoryBroker, MemoryTransport
from consumers.runtime.pressure import POLL
from consumers.runtime.stage import Handler, Lane, Limits, Store
from consumers.runtime.transactions import rest
from schemas.events import BatchProgressed, ReviewRefused, TickElapsed
from tests.runtime.rig import ManualLane, Member, Rig
from tests.runtime.rows import SUBMITTED_AT, answer, inbound, row, tick


@pytest.mark.parametrize(
    ("took", "now", "left"),
    [
        (0.0, 10.0, 0.0),  # nothing was ever committed
        (0.010, 10.0, 0.04),
        (0.010, 10.04, 0.0),
        (0.010, 10.2, -0.16),
        (0.3, 10.0, 0.5),  # slow brokers: never kept from its readers for more than half a second
    ],
)
def test_a_commit_rests_for_what_the_last_one_took(took: float, now: float, left: float) -> None:
    """So many times as long from one to the next; half a second at most."""
    assert rest(10.0, took, 4, now) == pytest.approx(left)


class _Resting(MemoryTransport):
    """A log whose commits rest for as long as a test says, and always have by the time they are made."""

    rests = True

    def __init__(self, broker: MemoryBroker, group: str, transactional_id: str) -> None:
        super().__init__(broker, group, transactional_id)
        self.asked: list[int] = []

    def rest(self, times: int) -> float:
        """How many seconds the next commit should wait."""
        self.asked.append(times)
        return 0.1 if self.rests else 0.0


def _member(rig: Rig) -> tuple[Member, _Resting]:
    transport = _Resting(rig.broker, rig.stage.name, "a")
    return rig.on(transport, "a"), transport


def test_what_is_done_waits_for_more_and_goes_together(tmp_path: Path) -> None:
    """While commits rest the records of several steps become one transaction, and nothing of it is to be seen."""
    rig = Rig(row(), tmp_path)
    member, transport = _member(rig)
    for n in range(3):
        rig.feed(inbound("k", n))
        member.run(1)
    assert (rig.told(), rig.lag(), member.runner.idle) == ([], 3, False)
    transport.rests = False
    member.run(1)
    assert [n for _, n, _ in rig.told()] == [0, 1, 2]
    assert (member.telemetry.counters["transactions"], rig.lag(), member.runner.idle) == (1, 0, True)


def test_a_full_transaction_does_not_wait(tmp_path: Path) -> None:
    """As many records as one transaction ends are committed, so that what it holds stays bounded."""
    rig = Rig(row(), tmp_path)
    rig.feed(*(inbound(f"k{n}", n) for n in range(POLL)))
    member, _ = _member(rig)
    member.run(3)
    assert len(rig.told()) == POLL


def test_partitions_are_handed_over_without_rest(tmp_path: Path) -> None:
    """Whoever leaves commits what is done at once: the next owner must not do it again."""
    rig = Rig(row(), tmp_path)
    rig.feed(inbound("k", 0))
    member, _ = _member(rig)
    member.run(1)
    assert rig.lag() == 1
    member.runner.drain(1.0)
    assert (len(rig.told()), rig.lag()) == (1, 0)


def test_the_way_back_from_a_loss_does_not_rest(tmp_path: Path) -> None:
    """After a loss every step commits until one has gone through."""
    rig = Rig(row(), tmp_path)
    rig.feed(inbound("k", 0))
    member, transport = _member(rig)
    transport.rests, rig.broker.fail_next = False, 1
    member.run(1)
    transport.rests = True
    member.run(1)
    assert (len(rig.told()), rig.lag()) == (1, 0)


def test_a_tick_that_goes_on_does_not_rest(tmp_path: Path) -> None:
    """Each of its pieces is a transaction of its own, or its bounds would bound nothing."""

    def bring_up(event: TickElapsed, state: Store) -> Iterator[Sequence[ReviewRefused]]:
        for key, _ in state.range("due/", "due0"):
            state.delete(key)
            yield (answer(inbound(key, 0), "due"),)

    def remember(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
        state.put(f"due/{event.member}", b"")
        return ()

    handler = Handler(handle=remember, state=lambda store: store, on_tick=bring_up)
    rig = Rig(row(stateful=True, limits=Limits(tick_bytes=1)), tmp_path, handler=handler, partitions=1)
    rig.feed(*(inbound("a", n) for n in range(4)), tick(SUBMITTED_AT))
    member, _ = _member(rig)
    seen = []
    for _ in range(3):
        member.run(1)
        seen.append(len(rig.told()))
    assert seen == [2, 3, 4]


def test_an_attempt_is_written_down_without_rest(tmp_path: Path) -> None:
    """A record starts in its lane once its mark is committed: resting would only keep the worker idle."""
    lane = ManualLane()
    rig = Rig(row(lane=Lane.PROCESS), tmp_path, lane=lambda: lane)
    rig.feed(inbound("k", 0))
    member, _ = _member(rig)
    member.run(2)
    assert len(lane.started) == 1


def test_transactions_grow_apart_while_records_keep_coming(tmp_path: Path) -> None:
    """Twice as far each time up to sixteen commits; a stage that gets single records, or none, is back at four."""
    rig = Rig(row(), tmp_path)
    member, transport = _member(rig)
    transport.rests = False
    for n in range(4):
        rig.feed(inbound("k", 2 * n), inbound("k", 2 * n + 1))
        member.run(1)
    assert transport.asked == [4, 8, 16, 16]
    rig.feed(inbound("k", 8))
    member.run(2)
    assert transport.asked[4:] == [16, 4]
