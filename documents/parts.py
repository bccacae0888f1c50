"""The documents of one file: the attachments of a message, the invoices that were scanned or printed into one PDF."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from documents import kinds, mail
from documents.limits import DEFAULT, Limits
from documents.problems import Problem
from documents.reader import read
from documents.seams import misgiving
from documents.splitting import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.engines import Engine
    from documents.reading import Reading


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file, and what was read of it.

    `content` are the bytes it stands in: the file's, or those of the `attachment` of a message, counted from 1. The
    pages of the reading keep the numbers they have there.
    """

    name: str
    content: bytes
    reading: Reading
    attachment: int | None = None


def parts_in(name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = ()) -> list[Part]:
    """The documents in a file, in order; most often one. Where a cut is in doubt each of them says so.

    Raises as `read` does.
    """
    limits.check("bytes", len(data), limits.bytes)
    files = [(file, split(file.reading)) for file in _files(name, data, limits, engines)]
    parts = [replace(file, reading=document) for file, documents in files for document in documents]
    why = misgiving([documents for _, documents in files]) if len(parts) > 1 else None
    if why is None:
        return parts
    message = (
        f"the file seems to hold {len(parts)} documents, but {why}; look at all of it. "
        "What belongs together is one expense: correct that one, and reject the others"
    )
    doubt = Problem("SEVERAL_DOCUMENTS", message)
    return [_doubted(part, doubt) for part in parts]


def _files(name: str, data: bytes, limits: Limits, engines: Sequence[Engine]) -> list[Part]:
    """The file itself, or the documents of a message, each named after both."""
    if kinds.sniff(data) != "mail":
        return [Part(name, data, read(name, data, limits, engines))]
    try:
        attached = mail.parts_of(data, limits)
    except mail.UnreadableMail:
        return [Part(name, data, read(name, data, limits, engines))]  # read as it is, it says why
    note = kinds.check_extension(name, "mail")
    found = [
        Part(f"{name}/{each.name}", each.data, read(f"{name}/{each.name}", each.data, limits, engines), at)
        for at, each in enumerate(attached, start=1)
    ]
    return [_doubted(part, note) for part in found] if note else found


def _doubted(part: Part, doubt: Problem) -> Part:
    return replace(part, reading=replace(part.reading, problems=(*part.reading.problems, doubt)))
