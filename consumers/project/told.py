"""One entry of the audit log, as the read model folds it."""

from typing import Any, Final, NamedTuple

from audit.entry import UnreadableEntry, content
from consumers.project.columns import written
from schemas.codec import Codec, Undecodable
from schemas.events import AuditSealed
from schemas.glance import Gist, Known
from streams.record import Fetched

__all__ = ["Opening", "Told", "Unreadable", "about"]

# The envelope is a label; only what the hash covers is believed.
_LOOKED_AT: Final = frozenset({"hash", "metadata", "output"})
_TIMES: Final = ("occurred_at", "submitted_at", "recorded_at")


class Unreadable(Exception):
    """A record of the log is no entry that could be folded; folding on would leave a hole."""

    def __init__(self, record: Fetched, why: object) -> None:
        super().__init__(f"{record.topic}/{record.partition}/{record.offset} is no readable audit entry ({why})")


class Told(NamedTuple):
    """One entry: `content` is what its metadata says, times as the tables have them; `output` what it recorded."""

    record: Fetched
    hash: str
    metadata: bytes
    content: dict[str, Any]
    output: bytes | None


def about(record: Fetched) -> str:
    """Return the expense that a record's key names; `Opening` holds the entry to it."""
    return (record.key or b"").decode(errors="replace").removeprefix("e/").rpartition("/")[0]


class Opening:
    """Opens records of the log. What one has in common with the one before is read once: bring them by their keys."""

    def __init__(self, codec: Codec) -> None:
        self._sealed = Gist(codec, AuditSealed, _LOOKED_AT)
        self._known: Known = {}

    def open(self, record: Fetched, expense_id: str) -> Told | None:
        """Return the entry in a record about an expense, None for what the log holds beside entries.

        Raises:
            Unreadable: it holds anything else, or an entry about another expense.
            RegistryUnavailable: the registry does not answer.

        """
        if record.value is None:
            return None
        try:
            sealed = self._sealed(record.value, self._known)
            if not isinstance(sealed, AuditSealed):
                return None
            metadata = sealed.metadata.encode()
            said = content(metadata)
            for name in _TIMES:
                said[name] = written(said[name])
        except (Undecodable, UnreadableEntry, TypeError, ValueError) as error:
            raise Unreadable(record, error) from error
        if said["expense_id"] != expense_id:
            raise Unreadable(record, "its key names another expense")
        return Told(record, sealed.hash, metadata, said, sealed.output)
