"""Reading files without Kafka, as the worker of `consumers.ocr.crew` does it: one file in, its documents out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from consumers.ocr.task import FileTask
from documents.engines import EngineFailed
from documents.explain import draw
from documents.extract import Document, documents_in, unread
from documents.limits import LimitExceeded, Limits
from documents.problems import Problem

__all__ = ["documents_of", "failed", "limited", "read_file", "reader"]


def reader() -> Callable[[FileTask], list[dict[str, Any]]]:
    """Return the function a worker calls with every file."""
    return read_file


def read_file(task: FileTask) -> list[dict[str, Any]]:
    """Return the documents of a file ready for JSON.

    Raises:
        EngineMissing: no OCR engine is installed; that is no file's fault.

    """
    return [document.told() for document in documents_of(task)]


def documents_of(task: FileTask) -> list[Document]:
    """Return the documents of a file; one over a limit, or that cannot be opened, is a document that says so.

    Raises:
        EngineMissing: as `read_file`.

    """
    try:
        # Before it is read: a file may be larger than memory.
        task.limits.check("bytes", task.path.stat().st_size, task.limits.bytes)
        data = task.path.read_bytes()
        documents = documents_in(task.path.name, data, task.limits, threshold=task.threshold)
        if task.explain:
            _draw(documents, task.explain, task.limits)
    except (LimitExceeded, EngineFailed) as error:
        return [limited(task, str(error))]
    except OSError as error:
        return [failed(task, f"it cannot be opened: {error.strerror or type(error).__name__}; check its permissions")]
    return documents


def limited(task: FileTask, reason: str) -> Document:
    """Return a file that broke a limit."""
    problem = Problem("LIMIT_EXCEEDED", f"{reason}; send a smaller document, or raise the limit for one you trust")
    return unread(task.path.name, _content(task), problem)


def failed(task: FileTask, reason: str) -> Document:
    """Return a file that could not be opened, or whose worker came to grief over it."""
    return unread(task.path.name, _content(task), Problem("READ_FAILED", reason))


def _content(task: FileTask) -> bytes | None:
    """Return the bytes, for their hash, where there are no more of them than are allowed."""
    try:
        return task.path.read_bytes() if task.path.stat().st_size <= task.limits.bytes else None
    except OSError:
        return None


def _draw(documents: list[Document], folder: Path, limits: Limits) -> None:
    for document in documents:
        for name, png in draw(document, limits):
            (folder / name).write_bytes(png)
