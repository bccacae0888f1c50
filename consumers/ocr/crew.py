"""Many files read side by side in watched workers: a hostile one costs itself only, and every one ends.

What the pipeline dead-letters (a limit broken, a worker that died) comes back here as a document with a problem, since
whoever reads files without Kafka has no dead letters to look into.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from consumers.ocr.task import FileTask
from consumers.runtime.errors import Halted, LimitExceeded
from consumers.runtime.lanes.lane import WorkerDied
from consumers.runtime.lanes.watched import Ended, WatchedWorkers
from consumers.runtime.stage import Limits
from documents.engines import EngineMissing

__all__ = ["FileRead", "read_files"]

READER: Final = "consumers.ocr.files:reader"
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file and its documents, ready for JSON; there is at least one, and it may be nothing but a problem."""

    task: FileTask
    documents: list[dict[str, Any]]


def read_files(tasks: Sequence[FileTask], limits: Limits, reader: str = READER) -> Iterator[FileRead]:
    """Yield every file, in the order given, as soon as it and those before it are read.

    `limits` says how many are read side by side, and the seconds and memory of each. `reader` names what makes the
    worker's function, `module:function`. A file whose worker died is tried again, since the machine may have killed it.

    Raises:
        EngineMissing: no OCR engine is installed.
        Halted: a worker cannot start.

    """
    waiting = list(reversed(range(len(tasks))))
    tries = [0] * len(tasks)
    done: dict[int, FileRead] = {}
    said = 0
    with closing(WatchedWorkers(reader, limits=limits, name=reader)) as workers:
        while said < len(tasks):
            while waiting and workers.free:
                number = waiting.pop()
                tries[number] += 1
                workers.submit(number, tasks[number])
            for ended in workers.ended(_LOOK_S):
                if isinstance(ended.error, WorkerDied) and tries[ended.task] < limits.attempts:
                    waiting.append(ended.task)
                else:
                    done[ended.task] = FileRead(tasks[ended.task], _documents(tasks[ended.task], ended))
            while said in done:
                yield done.pop(said)
                said += 1


def _documents(task: FileTask, ended: Ended) -> list[dict[str, Any]]:
    if ended.error is None:
        documents: list[dict[str, Any]] = ended.result
        return documents
    from consumers.ocr.files import failed, limited  # noqa: PLC0415 - what reading takes is loaded by workers alone

    match ended.error:
        case EngineMissing() | Halted():
            raise ended.error
        case LimitExceeded():
            return [limited(task, str(ended.error)).told()]
        case WorkerDied():
            return [
                failed(task, f"{ended.error}; send another file, and this one to whoever maintains the reader").told()
            ]
        case _:
            told = f"{type(ended.error).__name__}: {ended.error}"
            return [failed(task, f"reading it failed ({told}); send this file to whoever maintains the reader").told()]
