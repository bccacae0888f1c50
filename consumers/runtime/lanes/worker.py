"""What runs inside a worker process: one record at a time, until the pipe closes."""

import contextlib
import importlib
import resource
import signal
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from consumers.runtime.errors import Halted, LimitExceeded
from consumers.runtime.stage import Handler

__all__ = ["serve"]

# The parent watches resident memory; this bound on address space stops what outgrows the watch between two looks.
_ADDRESS_SPACE_FACTOR = 6


def serve(pipe: Connection, handler: str, given: str, memory_bytes: int) -> None:
    """Answer every record on the pipe with (outputs, error); end when the parent closes it."""
    # Ctrl-C reaches the whole foreground group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes * _ADDRESS_SPACE_FACTOR,) * 2)
    try:
        functions: Handler = importlib.import_module(handler).HANDLER
        capabilities = _capabilities(given, functions)
    except Exception as error:  # noqa: BLE001 - no record is to blame for a worker that cannot begin
        _refuse(pipe, Halted(f"a worker of {handler} cannot start: {type(error).__name__}: {error}"))
        return
    while True:
        try:
            event, extra = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[Any, BaseException | None] = (list(_handle(functions, event, capabilities(extra))), None)
        except MemoryError:
            answer = ((), LimitExceeded("ran out of memory"))
        except Exception as error:  # noqa: BLE001 - the runner judges it; here it must not end the worker
            answer = ((), error)
        _send(pipe, answer)


def _refuse(pipe: Connection, reason: Halted) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
        pipe.send(((), reason))


def _handle(functions: Handler, event: Any, given: Mapping[str, Any]) -> Any:
    return functions.handle(event, **given)


def _capabilities(given: str, functions: Handler) -> Callable[[Mapping[str, bytes]], Mapping[str, Any]]:
    module, _, name = given.partition(":")
    make: Callable[[Handler], Callable[[Mapping[str, bytes]], Mapping[str, Any]]] = getattr(
        importlib.import_module(module), name
    )
    return make(functions)


def _send(pipe: Connection, answer: tuple[Any, BaseException | None]) -> None:
    try:
        pipe.send(answer)
    except Exception as error:  # noqa: BLE001 - what a library raised may not travel; its type and words do
        outputs, cause = answer
        del outputs
        pipe.send(((), RuntimeError(f"{type(cause or error).__name__}: {cause or error}")))
