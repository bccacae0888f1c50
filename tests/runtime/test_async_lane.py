"""The async lane: many waits at once, on an event loop of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from consumers.runtime.errors import Transient
from consumers.runtime.lanes.concurrent import AsyncLane
from consumers.runtime.lanes.lane import Answer
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rows import answer, inbound


async def _handle(event: BatchProgressed, **given: Any) -> Sequence[ReviewRefused]:
    match event.state:
        case "hang":
            await asyncio.sleep(600)
        case "raise":
            raise ZeroDivisionError
        case "exit":
            raise SystemExit(3)
        case "cancel":
            raise asyncio.CancelledError
        case "wait":
            await asyncio.sleep(0.2)
    return (answer(event, str(given.get("word", event.state))),)


def _answers(lane: AsyncLane, count: int) -> list[Answer]:
    found: list[Answer] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        found.extend(lane.answers())
        time.sleep(0.005)
    assert len(found) == count
    return sorted(found, key=lambda a: a.task)


def test_waits_overlap() -> None:
    """Twenty waits of 0.2 s take little longer than one."""
    lane = AsyncLane(_handle, workers=20, seconds=5)
    began = time.monotonic()
    for task in range(20):
        lane.submit(task, inbound("a", task, "wait"), {})
    assert lane.free == 0
    answers = _answers(lane, 20)
    assert time.monotonic() - began < 2
    assert [a.task for a in answers] == list(range(20))
    assert lane.free == 20
    lane.close(1)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("raise", ZeroDivisionError),
        ("exit", SystemExit),
        ("cancel", asyncio.CancelledError),
        ("hang", Transient),
    ],
)
def test_every_failure_is_an_answer_and_the_loop_goes_on(command: str, error: type[BaseException]) -> None:
    """No handler takes the loop, or another record, along; one that hangs is a dependency that does not answer."""
    lane = AsyncLane(_handle, workers=5, seconds=0.2)
    lane.submit(1, inbound("a", 1, command), {})
    (failed,) = _answers(lane, 1)
    assert isinstance(failed.error, error)
    lane.submit(2, inbound("a", 2), {})
    (fine,) = _answers(lane, 1)
    assert fine.outputs
    lane.close(1)


def test_what_the_handler_needs_is_opened_and_closed_on_the_loop() -> None:
    """A client lives exactly as long as the lane."""
    life: list[str] = []

    @asynccontextmanager
    async def given() -> AsyncIterator[Mapping[str, Any]]:
        life.append("opened")
        yield {"word": "given"}
        life.append("closed")

    lane = AsyncLane(_handle, workers=1, seconds=1, given=given)
    lane.submit(1, inbound("a", 1), {})
    (fine,) = _answers(lane, 1)
    assert isinstance(fine.outputs[0], ReviewRefused)
    assert fine.outputs[0].reason == "given"
    lane.close(5)
    assert life == ["opened", "closed"]


def test_what_cannot_be_opened_is_raised_where_the_lane_is_made() -> None:
    """A wrong address stops the process with its reason; it does not wait for ever."""

    @asynccontextmanager
    async def given(address: str = "") -> AsyncIterator[Mapping[str, Any]]:
        if not address:
            msg = "no such address"
            raise ValueError(msg)
        yield {"address": address}

    with pytest.raises(ValueError, match="no such address"):
        AsyncLane(_handle, workers=1, seconds=1, given=given)


def test_an_answer_ends_the_waiting_for_it() -> None:
    """Whoever waits for answers gets the first when it comes, not when the time is over."""
    lane = AsyncLane(_handle, workers=1, seconds=5)
    lane.submit(1, inbound("a", 1, "ok"), {})
    assert [a.task for a in lane.answers(60.0)] == [1]
    lane.close(1)
