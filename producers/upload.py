"""Uploading files and folders, one after the other, as one batch."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from producers.batch import batch_closed
from producers.door import DocumentRefused, Door, Submitter, too_large
from producers.publisher import Publisher
from producers.spill import Spill

__all__ = ["Received", "Refused", "Upload", "files_in", "read_document"]


@dataclass(frozen=True, slots=True)
class Received:
    """A document that is in: its event is queued, and safe once the upload is closed. `size` is in bytes."""

    path: Path
    expense_id: str
    batch_id: str
    sha256: str
    size: int
    media_type: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that stays outside, and why."""

    path: Path
    reason: str


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named and those in the folders named, depth first and sorted; hidden ones are left out.

    Raises:
        DocumentRefused: a path named does not exist.

    """
    for path in paths:
        if path.is_dir():
            yield from _walk(path)
        elif path.exists():
            yield path
        else:
            raise DocumentRefused(f"{path}: no such file or folder")


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def read_document(path: Path, limit_bytes: int) -> bytes:
    """Return a file's bytes, without reading one that is over the limit.

    Raises:
        DocumentRefused: it cannot be read, or is too large.

    """
    try:
        if path.exists() and not path.is_file():
            raise DocumentRefused(f"{path}: is no regular file")
        size = path.stat().st_size
        if size > limit_bytes:
            raise too_large(str(path), size, limit_bytes)
        return path.read_bytes()
    except OSError as error:
        raise DocumentRefused(f"{path}: cannot be read: {error.strerror or error}") from error


class Upload:
    """One batch being uploaded. Leaving it without an error closes the batch and waits for every acknowledgement.

    Memory holds one document at a time, however many there are.
    """

    def __init__(
        self,
        door: Door,
        publisher: Publisher,
        submitter: Submitter,
        batch_id: str,
        *,
        clock: Callable[[], datetime],
        origin: str = "upload",
    ) -> None:
        self._door, self._publisher, self._submitter, self._clock = door, publisher, submitter, clock
        self._members = Spill()
        self.batch_id, self._origin = batch_id, origin

    def add(self, path: Path) -> Received | Refused:
        """Take in one file.

        Raises:
            BlobStoreUnavailable, TransportLost, PublishFailed, RegistryUnavailable: what it needs does not answer;
                upload the same files again later, those that are in already are no second expense.

        """
        try:
            data = read_document(path, self._door.limit_bytes)
            event = self._door.admit(path.name, data, self._submitter, self.batch_id, self._origin)
        except DocumentRefused as error:
            return Refused(path, str(error))
        self._publisher.publish(event)
        claim = event.document
        times = self._members.note(event.expense_id)
        return Received(path, event.expense_id, self.batch_id, claim.sha256, claim.size, claim.media_type, times > 1)

    def close(self) -> None:
        """Say that the batch is complete."""
        submitter, subject = self._submitter, self._door.subject(self._submitter)
        for event in batch_closed(
            submitter.tenant, submitter.ledger, subject, self.batch_id, self._members, self._clock()
        ):
            self._publisher.publish(event)
        self._publisher.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.close()
        finally:
            self._members.__exit__(kind, error, trace)
