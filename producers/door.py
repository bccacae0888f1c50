"""The one door for documents: who, what, how large. Behind it a document is stored, sealed and an event."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import puremagic

from config.residency import Residency
from documents.kinds import sniff
from producers.keys import Keyring
from producers.opening import MAIN_LEDGER, opening
from schemas.events import ExpenseSubmitted
from schemas.frozen import changed
from schemas.identity import document_id
from schemas.lifecycle import State
from schemas.records import ClaimCheck, Context
from vault.blobs import BlobStore
from vault.personal import pack
from vault.pseudonym import Pseudonyms

__all__ = ["DocumentRefused", "Door", "Submitter", "checked_tenant", "media_type", "too_large"]

_STAGE = "upload"
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_FIXED: Final = {
    "pdf": "application/pdf",
    "xml": "application/xml",
    "text": "text/plain",
    "empty": "application/x-empty",
}
_BINARY = "application/octet-stream"
_HEAD_BYTES = 4_096


class DocumentRefused(ValueError):
    """A document is not taken in. The message names it and says what would be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Whose expense it is, and what the organisation says about the spender.

    Raises:
        DocumentRefused: tenant or employee is blank, or the tenant cannot be part of an object name.

    """

    tenant: str
    employee_id: str
    ledger: str = MAIN_LEDGER
    employee_name: str | None = None
    context: Context = field(default_factory=Context)

    def __post_init__(self) -> None:
        checked_tenant(self.tenant)
        if not self.employee_id.strip():
            raise DocumentRefused("employee: an expense belongs to a person; give the employee's id")


def checked_tenant(tenant: str) -> str:
    """Return the tenant's name.

    Raises:
        DocumentRefused: it cannot be part of an object name.

    """
    if not _TENANT.fullmatch(tenant):
        raise DocumentRefused(f"tenant {tenant!r}: use letters, digits, dot, dash and underscore, at most 128 of them")
    return tenant


def too_large(name: str, size: int | None, limit: int) -> DocumentRefused:
    """Return the refusal of a document over the limit, both in bytes; None where reading stopped at the limit."""
    told = "it is" if size is None else f"{size:,} bytes are"
    return DocumentRefused(
        f"{name}: {told} over the limit of {limit:,} bytes; split the document or scan it at a lower resolution "
        "(the limit is the setting SPENDTRAIL_UPLOAD_BYTES)"
    )


def media_type(data: bytes) -> str:
    """Return the media type of the content, whatever the file is called."""
    container = sniff(data)
    if container in _FIXED:
        return _FIXED[container]
    try:
        guesses = puremagic.magic_string(data[:_HEAD_BYTES])
    except (puremagic.PureError, ValueError):
        return _BINARY
    return next((guess.mime_type for guess in guesses if guess.mime_type), _BINARY)


def located(context: Context, tenant: str, residency: Residency | None) -> Context:
    """Return the context with the region that the tenant's data must stay in, which is the one here.

    Raises:
        WrongRegion: it is another one.

    """
    region = residency.hold(tenant) if residency else None
    return changed(context, region=region) if region else context


class Door:
    """Takes a document in: refuses what is nobody's or too large, stores the rest, and returns the event to publish.

    Damaged and unsupported documents come in as well: in review a person sees them and can replace them.
    """

    def __init__(
        self,
        keys: Keyring,
        blobs: BlobStore,
        pseudonyms: Pseudonyms,
        *,
        limit_bytes: int,
        clock: Callable[[], datetime],
        residency: Residency | None = None,
    ) -> None:
        self._keys, self._blobs, self._pseudonyms = keys, blobs, pseudonyms
        self._residency = residency
        self._clock = clock
        self.limit_bytes = limit_bytes

    def subject(self, submitter: Submitter) -> str:
        """Return the pseudonym of the person."""
        return self._pseudonyms.of(submitter.tenant, submitter.employee_id)

    def admit(self, name: str, data: bytes, submitter: Submitter, batch_id: str, origin: str) -> ExpenseSubmitted:
        """Store a document and return its event; nothing is lost if the event is then not published, admit it again.

        `origin` is upload, folder, api or pull. The same bytes of the same person are the same expense.

        Raises:
            DocumentRefused: no name, or too large.
            WrongRegion: the tenant's data may not be here; nothing was stored.
            BlobStoreUnavailable: the document store does not take it.
            TransportLost, PublishFailed: the person's key could not be read or written.

        """
        context = located(submitter.context, submitter.tenant, self._residency)
        if not name.strip():
            raise DocumentRefused("a document without a name: give its file name, the reviewer needs it")
        if len(data) > self.limit_bytes:
            raise too_large(name, len(data), self.limit_bytes)
        tenant, subject = submitter.tenant, self.subject(submitter)
        expense_id = document_id(tenant, subject, hashlib.sha256(data).hexdigest())
        key_id = self._keys.ensure(tenant, subject)
        claim = self._blobs.put(tenant, subject, expense_id, 1, data, media_type(data))
        told = {"employee_id": submitter.employee_id, "employee_name": submitter.employee_name, "file_name": name}
        return opening(
            ExpenseSubmitted,
            expense_id,
            batch_id,
            tenant=tenant,
            ledger=submitter.ledger,
            subject=subject,
            expense_id=expense_id,
            batch_id=batch_id,
            at=self._clock(),
            stage=_STAGE,
            status=State.SUBMITTED,
            personal=self._keys.vault.seal(tenant, subject, expense_id, pack(told), key_id=key_id),
            document=claim,
            context=context,
            origin=origin,
        )

    def replacement(
        self, tenant: str, subject: str, expense_id: str, revision: int, name: str, data: bytes
    ) -> ClaimCheck:
        """Store the document that takes another's place in an expense and return its claim check.

        Raises:
            DocumentRefused: too large.
            WrongRegion: the tenant's data may not be here; nothing was stored.
            BlobStoreUnavailable: the document store does not take it.
            TransportLost, PublishFailed: the person's key could not be read or written.

        """
        if self._residency:
            self._residency.hold(tenant)
        if len(data) > self.limit_bytes:
            raise too_large(name, len(data), self.limit_bytes)
        self._keys.ensure(tenant, subject)
        return self._blobs.put(tenant, subject, expense_id, revision, data, media_type(data))
