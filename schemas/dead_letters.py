"""The headers of a dead letter: what it was, where it came from, why it could not be handled."""

from collections.abc import Iterable, Mapping

__all__ = ["ORIGIN", "PREFIX", "REPLAY_COUNT", "REPLAY_GROUP", "REPLAY_ORIGIN", "UNREAD"]
__all__ += ["SEALED_EXPENSE", "SEALED_KEY", "SEALED_SUBJECT", "SEALED_TENANT", "marked", "unmarked"]

_OURS = "__dlq."
PREFIX = f"{_OURS}errors."
REPLAY_COUNT = f"{PREFIX}replay.count"
# A replayed record is for the group that failed; the other groups of its topic have handled it already.
REPLAY_GROUP = f"{_OURS}replay.group"
# Where a record lay of which no event could be read. The trail knows it by that place alone, so its replays, which lie
# elsewhere, name it; and so do their dead letters.
REPLAY_ORIGIN = f"{_OURS}replay.origin"
ORIGIN = f"{PREFIX}origin"
# The reasons of dead letters of which no event could be read.
UNREAD = frozenset({"UNDECODABLE", "FOREIGN_EVENT"})
# A dead letter that never was an event has its value sealed as a whole; these say under which key.
SEALED_TENANT = f"{_OURS}sealed.tenant"
SEALED_SUBJECT = f"{_OURS}sealed.subject"
SEALED_EXPENSE = f"{_OURS}sealed.expense"
SEALED_KEY = f"{_OURS}sealed.key"

_Headers = tuple[tuple[str, bytes], ...]


def unmarked(headers: Iterable[tuple[str, bytes]]) -> _Headers:
    """Return the headers the record came with, without what earlier failures added."""
    return tuple((name, value) for name, value in headers if not name.startswith(_OURS))


def marked(headers: Iterable[tuple[str, bytes]], told: Mapping[str, object]) -> _Headers:
    """Return the record's own headers and one `__dlq.errors.*` header per fact."""
    return (*unmarked(headers), *((f"{PREFIX}{name}", str(value).encode()) for name, value in told.items()))
