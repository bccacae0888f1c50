"""Which errors mean "wait and try again"; every other error is the record's own."""

from consumers.runtime.errors import Transient
from consumers.runtime.transport import TransportLost
from schemas.codec import RegistryUnavailable
from vault.blobs import BlobStoreUnavailable
from vault.keys import KeyNotSeen

__all__ = ["transient_of"]

_DEPENDENCIES: tuple[tuple[type[Exception], str], ...] = (
    (RegistryUnavailable, "registry"),
    (BlobStoreUnavailable, "object store"),
    (KeyNotSeen, "key table"),
    (TransportLost, "kafka"),
)


def transient_of(error: BaseException) -> Transient | None:
    """Return what is missing, None when nothing is and trying again cannot help."""
    if isinstance(error, Transient):
        return error
    return next((Transient(name, str(error)) for kind, name in _DEPENDENCIES if isinstance(error, kind)), None)
