"""The ocr stage: the document's bytes become words, whatever its kind.

A document of the same person that was seen before goes no further. What cannot be read by anyone (encrypted, corrupt,
empty, unsupported) goes on with its problem, so that a person can replace it; what breaks a limit is dead-lettered.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from consumers.ocr.portions import begin, portions_of
from consumers.runtime.errors import LimitExceeded, Poisoned, Transient
from consumers.runtime.stage import Handler, Store
from documents import limits
from documents.engines import EngineFailed, EngineMissing
from documents.parts import Part, parts_in
from documents.reading import Reading, reading_to_plain
from schemas.envelope import Event, caused, doubt
from schemas.events import DocumentsFound, ExpenseRead, ExpenseSubmitted, SubmissionRepeated
from schemas.lifecycle import State
from schemas.records import Portion, Problem
from vault.blobs import BlobAltered, BlobMissing, BlobStore
from vault.personal import pack, unpack
from vault.sealing import Vault

__all__ = ["HANDLER"]

STAGE: Final = "ocr"
_UNNAMED: Final = "document"


class Seen:
    """Which expenses entered before, up to which revision, and with which batch they came first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, event: ExpenseSubmitted) -> tuple[bool, str | None]:
        """Note the expense; return whether it is new (or a later revision), and the batch it first came with."""
        key = f"seen/{event.tenant_id}/{event.expense_id}"
        known = self._store.get(key)
        before: dict[str, Any] = orjson.loads(known) if known else {"revision": 0, "batch": event.batch_id}
        first: str | None = before["batch"]
        if event.revision <= before["revision"]:
            return False, first
        self._store.put(key, orjson.dumps({"revision": event.revision, "batch": first}))
        return True, first


def drop_repeated(event: ExpenseSubmitted, seen: Seen) -> Sequence[Event] | None:
    """Return the end of a submission that was seen before, None for a new one.

    A dead-lettered record is forgotten by the runner together with what is noted here, so its replay is new again.
    """
    is_new, first_batch = seen.enter(event)
    if is_new:
        return None
    return (
        caused(event, SubmissionRepeated, stage=STAGE, status=event.status, personal=None, first_batch_id=first_batch),
    )


def read_document(event: ExpenseSubmitted, *, vault: Vault, blobs: BlobStore) -> Sequence[Event]:
    """Return the expense with its document's words, sealed.

    A file of several documents gives an expense for each: the first keeps the file's, and is told of all.

    Raises:
        Transient: no OCR engine is installed; the stage waits.
        LimitExceeded: the document asks for more than its limits, or the engine gave up on a page.
        Poisoned: the object store has no such document, or another one.

    """
    owner = (event.tenant_id, event.subject, event.expense_id)
    personal = unpack(vault.open(*owner, event.personal)) if event.personal else {}
    parts = _read(str(personal.get("file_name", _UNNAMED)), _fetch(event, blobs))
    if len(parts) == 1:
        return (_known(event, parts[0].reading, personal, vault),)
    portions = portions_of(event, parts)
    begun = [begin(event, portion) for portion in portions]
    members = tuple(each.expense_id for each in begun)
    found = caused(event, DocumentsFound, stage=STAGE, status=event.status, personal=None, members=members)
    return (
        found,
        *(
            _known(each, part.reading, {**personal, "file_name": part.name}, vault, portion)
            for each, part, portion in zip(begun, parts, portions, strict=True)
        ),
    )


def _known(
    event: ExpenseSubmitted,
    reading: Reading,
    personal: Mapping[str, Any],
    vault: Vault,
    portion: Portion | None = None,
) -> ExpenseRead:
    plain = reading_to_plain(reading)
    kept = {**personal, "text": plain.pop("xml"), "pages": plain}
    known = caused(
        event,
        ExpenseRead,
        stage=STAGE,
        status=State.READ,
        part=str(portion.number) if portion and portion.number > 1 else "",
        kind=reading.kind,
        pages=len(reading.pages),
        engine=f"{reading.engine} {reading.engine_version}".strip(),
        personal=vault.seal(
            event.tenant_id,
            event.subject,
            event.expense_id,
            pack(kept),
            key_id=event.personal.key_id if event.personal else event.document.key_id,
        ),
        portion=portion,
    )
    return doubt(known, *(Problem(code=each.code, message=each.message, stage=STAGE) for each in reading.problems))


def _fetch(event: ExpenseSubmitted, blobs: BlobStore) -> bytes:
    try:
        return blobs.get(event.tenant_id, event.subject, event.expense_id, event.document)
    except BlobMissing as error:
        raise Poisoned("DOCUMENT_MISSING", str(error)) from error
    except BlobAltered as error:
        raise Poisoned("DOCUMENT_ALTERED", str(error)) from error


def _read(name: str, data: bytes) -> list[Part]:
    try:
        return parts_in(name, data)
    except limits.LimitExceeded as error:
        raise LimitExceeded(str(error)) from error
    except EngineFailed as error:
        raise LimitExceeded(str(error)) from error
    except EngineMissing as error:
        raise Transient("ocr engine", str(error)) from error


HANDLER = Handler(handle=read_document, state=Seen, guard=drop_repeated, capabilities=("vault", "blobs"))
