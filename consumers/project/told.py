"""One entry of the audit log, as the read model folds it."""

from typing import Any, Final, NamedTuple

from audit.entry import UnreadableEntry, content
from consumers.project.columns import written
from schemas.events import AuditSealed

__all__ = ["LOOKED_AT", "Told", "told"]

LOOKED_AT: Final = frozenset({"hash", "metadata", "output"})
"""The fields of `AuditSealed` that are looked at: the envelope is a label, only what the hash covers is believed."""

_TIMES: Final = ("occurred_at", "submitted_at", "recorded_at")


class Told(NamedTuple):
    """One entry: `content` is what its metadata says, times as the tables have them; `output` what it recorded."""

    partition: int
    offset: int
    hash: str
    metadata: str
    content: dict[str, Any]
    output: bytes | None


def told(partition: int, offset: int, sealed: AuditSealed) -> Told:
    """Return the entry that stands at this place of the log.

    Raises:
        UnreadableEntry: its metadata are not what any version writes.

    """
    found = content(sealed.metadata)
    try:
        for name in _TIMES:
            found[name] = written(found[name])
    except (TypeError, ValueError) as error:
        msg = f"audit entry cannot be read: {error}"
        raise UnreadableEntry(msg) from error
    return Told(partition, offset, sealed.hash, sealed.metadata, found, sealed.output)
