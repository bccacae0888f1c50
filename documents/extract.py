"""`extract`: one file to the data every later stage agrees on, without Kafka."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from documents.limits import DEFAULT, Limits
from documents.parts import parts_in
from documents.problems import Problem
from documents.reading import Reading
from documents.understanding import THRESHOLD, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.assistant import Assistant
    from documents.engines import Engine
    from documents.understanding import Understanding


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: the bytes it stands in (None where nobody read them), what was read, what it means."""

    name: str
    content: bytes | None
    reading: Reading
    understanding: Understanding

    def told(self) -> dict[str, Any]:
        """The document ready for JSON: amounts are decimal strings, dates ISO 8601, absent is None."""
        return {
            "file": self.name,
            "sha256": None if self.content is None else hashlib.sha256(self.content).hexdigest(),
            "kind": self.reading.kind,
            "pages": len(self.reading.pages),
            "engine": f"{self.reading.engine} {self.reading.engine_version}".strip(),
            **self.understanding.facts.as_dict(),
            "accepted": self.understanding.accepted,
        }


def documents_in(
    name: str,
    data: bytes,
    limits: Limits = DEFAULT,
    engines: Sequence[Engine] = (),
    threshold: float = THRESHOLD,
    assistant: Assistant | None = None,
) -> list[Document]:
    """The documents in a file, in order: one for each attachment of a message, for each of several invoices.

    `assistant` is asked about those in doubt, as `understand` does.
    Raises as `read` does.
    """
    return [
        Document(part.name, part.content, part.reading, understand(part.reading, threshold, assistant=assistant))
        for part in parts_in(name, data, limits, engines)
    ]


def extract(
    name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = (), threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """The documents in a file, each as a dictionary ready for JSON, in order.

    Raises as `read` does.
    """
    return [document.told() for document in documents_in(name, data, limits, engines, threshold)]


def unread(name: str, content: bytes | None, problem: Problem) -> Document:
    """A file of which no more is known than why it could not be read."""
    reading = Reading("unsupported", problems=(problem,))
    return Document(name, content, reading, understand(reading))
