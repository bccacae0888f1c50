"""A tick that brings up more than one transaction may carry."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from consumers.runtime.stage import Handler, Limits, Store
from schemas.events import BatchProgressed, ReviewRefused, TickElapsed
from tests.runtime.rig import Rig
from tests.runtime.rows import SUBMITTED_AT, answer, inbound, row, tick

_DUE = 12


def _remember(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
    state.put(f"due/{event.member}", b"")
    return ()


def _rig(folder: Path, limits: Limits, passing: Callable[[Rig], None] = lambda _: None) -> Rig:
    """Return a stage that brings up at a tick what it remembered, one by one; `passing` happens with each."""

    def bring_up(event: TickElapsed, state: Store) -> Iterator[Sequence[ReviewRefused]]:
        for key, _ in state.range("due/", "due0"):
            state.delete(key)
            passing(rig)
            yield (answer(inbound(key, 0), "due"),)

    handler = Handler(handle=_remember, state=lambda store: store, on_tick=bring_up)
    rig = Rig(row(stateful=True, limits=limits), folder, handler=handler, partitions=1)
    rig.feed(*(inbound("a", n) for n in range(_DUE)))
    return rig


def _second(rig: Rig) -> None:
    rig.clock.pass_(1.0)


@pytest.mark.parametrize(
    ("limits", "passing", "pieces"),
    [
        (Limits(), lambda _: None, 1),
        (Limits(tick_bytes=1), lambda _: None, _DUE),
        (Limits(tick_seconds=3.0), _second, _DUE // 3),
    ],
    ids=["small", "bytes", "seconds"],
)
def test_a_tick_ends_its_transaction_at_its_bounds(
    tmp_path: Path, limits: Limits, passing: Callable[[Rig], None], pieces: int
) -> None:
    """The rest comes with the next one, each thing once, and what comes behind need not wait for all of it."""
    rig = _rig(tmp_path, limits, passing)
    member = rig.member()
    member.run(2)
    rig.feed(tick(SUBMITTED_AT))
    brought: list[int] = []
    for _ in range(2 * _DUE):
        told = len(rig.told())
        member.run(1)
        brought.append(len(rig.told()) - told)
    # A step may run what the one before has left and commits what that brings with its own.
    assert max(brought) <= 2 * (_DUE // pieces)
    assert [key for key, _, _ in rig.told()] == sorted(f"due/{n}" for n in range(_DUE))
    assert (rig.state(), rig.lag()) == ({}, 0)


@pytest.mark.parametrize("lost", ["aborted", "answer lost"])
def test_a_piece_of_a_tick_that_is_lost_is_done_again(tmp_path: Path, lost: str) -> None:
    """The tick begins anew on the state as it is committed, so nothing is brought up twice."""
    rig = _rig(tmp_path, Limits(tick_bytes=1))
    member = rig.member()
    member.run(2)
    rig.feed(tick(SUBMITTED_AT))
    member.run(2)
    rig.broker.fail_next, rig.broker.lose_answers = int(lost == "aborted"), int(lost != "aborted")
    member.run(2 * _DUE)
    assert [key for key, _, _ in rig.told()] == sorted(f"due/{n}" for n in range(_DUE))
    assert (rig.state(), rig.lag()) == ({}, 0)
    assert member.telemetry.counters["transactions_lost"] == 1
