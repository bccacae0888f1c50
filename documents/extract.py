"""`extract`: one file to the data every later stage agrees on, without Kafka."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from documents import kinds, mail
from documents.engines import EngineFailed
from documents.limits import DEFAULT, LimitExceeded, Limits
from documents.problems import Problem
from documents.reader import read
from documents.reading import Reading
from documents.splitting import split
from documents.understanding import THRESHOLD, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.engines import Engine
    from documents.understanding import Understanding


def extract(
    name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = (), threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """The documents in a file, each as a dictionary ready for JSON.

    A message gives one for each attachment, a file with several invoices one for each, in order and under one hash.
    Amounts are decimal strings, dates ISO 8601, absent is None.
    Raises as `read` does.
    """
    limits.check("bytes", len(data), limits.bytes)
    return [
        _told(part, hashlib.sha256(content).hexdigest(), document, understand(document, threshold))
        for part, content in _files(name, data, limits)
        for document in split(read(part, content, limits, engines))
    ]


def extract_bounded(
    name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = (), threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """As `extract`, for whoever reads many files in a row: a document over a limit costs itself only.

    It comes back unread with the problem LIMIT_EXCEEDED. Raises `EngineMissing` as `read` does.
    """
    try:
        return extract(name, data, limits, engines, threshold)
    except (LimitExceeded, EngineFailed) as error:
        reading = Reading("unsupported", problems=(Problem("LIMIT_EXCEEDED", f"{error}; send a smaller document"),))
        return [_told(name, hashlib.sha256(data).hexdigest(), reading, understand(reading, threshold))]


def _files(name: str, data: bytes, limits: Limits) -> list[tuple[str, bytes]]:
    """The file itself, or the documents of a message that has several, each named after both."""
    if kinds.sniff(data) != "mail":
        return [(name, data)]
    try:
        parts = mail.parts_of(data, limits)
    except mail.UnreadableMail:
        return [(name, data)]  # read as it is, it says why
    return [(f"{name}/{part.name}", part.data) for part in parts]


def _told(name: str, sha256: str, reading: Reading, understanding: Understanding) -> dict[str, Any]:
    return {
        "file": name,
        "sha256": sha256,
        "kind": reading.kind,
        "pages": len(reading.pages),
        "engine": f"{reading.engine} {reading.engine_version}".strip(),
        **understanding.facts.as_dict(),
        "accepted": understanding.accepted,
    }
