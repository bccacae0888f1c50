"""What runs inside a worker process: one task at a time, until the pipe closes."""

import contextlib
import importlib
import resource
import signal
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from consumers.runtime.errors import Halted, LimitExceeded
from consumers.runtime.stage import Handler
from schemas.envelope import Event

__all__ = ["handling", "serve"]

# The parent watches resident memory; this bound on address space stops what outgrows the watch between two looks.
_ADDRESS_SPACE_FACTOR = 6

Work = Callable[[Any], Any]


def serve(pipe: Connection, makes: str, told: Sequence[str], name: str, memory_bytes: int) -> None:
    """Answer everything on the pipe with (result, error); end when the parent closes it.

    `makes`, a `module:function`, is called with `told` and returns what does the work.
    """
    # Ctrl-C reaches the whole foreground group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes * _ADDRESS_SPACE_FACTOR,) * 2)
    try:
        work: Work = _function(makes)(*told)
    except Exception as error:  # noqa: BLE001 - no record is to blame for a worker that cannot begin
        _refuse(pipe, Halted(f"a worker of {name} cannot start: {type(error).__name__}: {error}"))
        return
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[Any, BaseException | None] = (work(task), None)
        except MemoryError:
            answer = (None, LimitExceeded("ran out of memory"))
        except Exception as error:  # noqa: BLE001 - the parent judges it; here it must not end the worker
            answer = (None, error)
        _send(pipe, answer)


def handling(handler: str, given: str) -> Work:
    """Return what handles one (event, wrapped keys) by the `HANDLER` of a module, with what `given` makes for it."""
    functions: Handler = importlib.import_module(handler).HANDLER
    capabilities: Callable[[Mapping[str, bytes]], Mapping[str, Any]] = _function(given)(functions)

    def handle(task: tuple[Event, Mapping[str, bytes]]) -> list[Event]:
        event, extra = task
        outputs: Any = functions.handle(event, **capabilities(extra))
        return list(outputs)

    return handle


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _refuse(pipe: Connection, reason: Halted) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
        pipe.send((None, reason))


def _send(pipe: Connection, answer: tuple[Any, BaseException | None]) -> None:
    try:
        pipe.send(answer)
    except Exception as error:  # noqa: BLE001 - what a library raised may not travel; its type and words do
        result, cause = answer
        del result
        pipe.send((None, RuntimeError(f"{type(cause or error).__name__}: {cause or error}")))
