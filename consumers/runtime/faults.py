"""Which errors mean "wait and try again" and which stop the stage; every other error is the record's own."""

from consumers.runtime.errors import Halted, Transient
from consumers.runtime.transport import TransactionLost, TransportLost
from schemas.codec import RegistryUnavailable, SchemaRefused
from schemas.lifecycle import IllegalTransition
from vault.blobs import BlobStoreUnavailable
from vault.keys import KeyNotSeen

__all__ = ["KEY_TABLE", "STOPS", "transient_of"]

# Never the record's fault: the code, the contracts or the log are wrong, and going on would be wrong for every record.
STOPS = (Halted, IllegalTransition, SchemaRefused, TransactionLost)
KEY_TABLE = "key table"

_DEPENDENCIES: tuple[tuple[type[Exception], str], ...] = (
    (RegistryUnavailable, "registry"),
    (BlobStoreUnavailable, "object store"),
    (KeyNotSeen, KEY_TABLE),
    (TransportLost, "kafka"),
)


def transient_of(error: BaseException) -> Transient | None:
    """Return what is missing, None when nothing is and trying again cannot help."""
    if isinstance(error, Transient):
        return error
    return next((Transient(name, str(error)) for kind, name in _DEPENDENCIES if isinstance(error, kind)), None)
