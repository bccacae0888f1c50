"""A reader of files that does what each file's name says: `die`, `hang`, `hog`, `raise`, `missing` or read well."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from consumers.ocr.task import FileTask
from documents.engines import EngineMissing

__all__ = ["broken", "reader"]


def reader() -> Callable[[FileTask], list[dict[str, Any]]]:
    """Return the function a worker calls with every file."""
    return _read


def broken() -> Callable[[FileTask], list[dict[str, Any]]]:
    """Make no reader at all."""
    msg = "no reader today"
    raise RuntimeError(msg)


def _read(task: FileTask) -> list[dict[str, Any]]:
    match task.path.stem:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "hog":
            held = []
            while True:
                held.append(bytearray(b"x" * 2**20))
        case "raise":
            msg = "a page of the impossible kind"
            raise LookupError(msg)
        case "missing":
            msg = "no engine here"
            raise EngineMissing(msg)
    time.sleep(0.2 if task.path.stem == "slow" else 0)
    return [{"file": task.path.name, "problems": [], "accepted": True}]
