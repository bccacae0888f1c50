"""Files that are only ever added: what was written once is never written again, whoever asks.

Where the store has object lock, switch it on for the bucket: then not even its owner can take back what is there.
"""

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from vault.blobs import BlobStoreUnavailable, first_line, open_store

__all__ = ["AlreadyWritten", "AppendOnly"]


class AlreadyWritten(Exception):
    """There is a file of this name: somebody else wrote it meanwhile, or a clock or number went back."""


class AppendOnly:
    """Adds and reads files by name under a URL: `file:///folder`, `s3://bucket/prefix`, or what obstore knows."""

    __slots__ = ("_store", "_url")

    def __init__(self, url: str) -> None:
        self._url, self._store = url, open_store(url)

    def add(self, name: str, data: bytes) -> None:
        """Write a new file.

        Raises:
            AlreadyWritten: there is one of that name.
            BlobStoreUnavailable: the store did not take it; nothing was written, or it is there whole.

        """
        try:
            obstore.put(self._store, name, data, mode="create")
        except AlreadyExistsError as error:
            msg = f"{self._url}: {name} was written before"
            raise AlreadyWritten(msg) from error
        except (BaseError, OSError) as error:
            raise BlobStoreUnavailable(f"{self._url} did not take {name}: {first_line(error)}") from error

    def files(self) -> dict[str, bytes]:
        """Return every file by its name.

        Raises:
            BlobStoreUnavailable: the store does not answer.

        """
        try:
            names = [str(found["path"]) for chunk in obstore.list(self._store) for found in chunk]
            return {name: bytes(obstore.get(self._store, name).bytes()) for name in sorted(names)}
        except (BaseError, OSError) as error:
            raise BlobStoreUnavailable(f"{self._url} cannot be read: {first_line(error)}") from error
