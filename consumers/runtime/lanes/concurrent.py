"""The async lane: handlers that wait for HTTP, on an event loop in a thread of its own."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from consumers.runtime.errors import Transient
from consumers.runtime.lanes.lane import Answer
from schemas.envelope import Event

__all__ = ["AsyncLane"]


@asynccontextmanager
async def _nothing() -> AsyncIterator[Mapping[str, Any]]:
    yield {}


class AsyncLane:
    """Runs up to `workers` coroutines side by side; one that takes longer than `seconds` is cancelled and tried again.

    `given` opens what the handler needs (an HTTP client) on the loop and closes it there.
    """

    def __init__(
        self,
        handle: Callable[..., Awaitable[Sequence[Event]]],
        *,
        workers: int,
        seconds: float,
        given: Callable[[], AbstractAsyncContextManager[Mapping[str, Any]]] = _nothing,
    ) -> None:
        self._handle, self._workers, self._seconds, self._given = handle, workers, seconds, given
        self._running = 0
        self._ended: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._opened: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop_on, name="async-lane", daemon=True)
        self._thread.start()
        refused = self._opened.get()
        if refused is not None:
            raise refused

    def _loop_on(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - whoever made the lane waits for it and raises it
            self._opened.put(error)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        async with self._given() as given:
            self._arguments = given
            self._opened.put(None)
            await self._stop.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def free(self) -> int:
        """How many more coroutines may start."""
        return self._workers - self._running

    def submit(self, task: int, event: Event, extra: Mapping[str, bytes]) -> None:
        """Start a coroutine."""
        del extra
        self._running += 1
        self._loop.call_soon_threadsafe(self._start, task, event)

    def _start(self, task: int, event: Event) -> None:
        running = self._loop.create_task(self._run(task, event))
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _run(self, task: int, event: Event) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                outputs = await self._handle(event, **self._arguments)
        except TimeoutError:
            # What hangs here is a dependency that was asked something: the answer is late, not wrong.
            late = Transient("handler", f"not answered within {self._seconds:g} s")
            self._ended.put(Answer(task, error=late))
        except BaseException as error:
            # A cancellation may come from inside the handler too; only when the lane closes does nobody wait for it.
            self._ended.put(Answer(task, error=error))
            if self._stop.is_set() or not isinstance(error, (Exception, SystemExit, asyncio.CancelledError)):
                raise
        else:
            self._ended.put(Answer(task, outputs))

    def answers(self, timeout: float = 0.0) -> Sequence[Answer]:
        """Return the coroutines that ended."""
        ended: list[Answer] = []
        while True:
            try:
                ended.append(self._ended.get(timeout=0.0 if ended else timeout))
            except queue.Empty:
                break
        self._running -= len(ended)
        return ended

    def close(self, timeout: float) -> None:
        """Cancel what runs and end the loop."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout)
