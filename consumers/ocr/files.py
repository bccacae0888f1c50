"""Reading files without Kafka, as the worker of `consumers.ocr.crew` does it: one file in, its documents out."""

import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from consumers.ocr.task import FileTask
from documents.assistant import Answer
from documents.completions import OpenAiCompatible, Service
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
        asked = _Asked(task.service) if task.service else None
        documents = documents_in(task.path.name, data, task.limits, threshold=task.threshold, assistant=asked)
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


class _Asked:
    """A service that is asked about one file, until its documents together have taken the time of one question.

    The worker's own limit allows for that and one question more, so asking never costs what was read.
    """

    def __init__(self, service: Service) -> None:
        self._client, self._left = _client(service), service.timeout_s

    def ask(self, text: str) -> Answer | None:
        if self._left <= 0:
            return None
        began = time.monotonic()
        answer = self._client.ask(text)
        self._left -= time.monotonic() - began
        return answer


@cache
def _client(service: Service) -> OpenAiCompatible:
    """Return the worker's one client: it remembers over files that the service is away."""
    return OpenAiCompatible(service, _warn)


def _warn(why: str) -> None:
    sys.stderr.write(f"{why}\n")


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
