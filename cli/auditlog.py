"""The audit log as auditors read it: whole, from its topic alone, without any stage's help."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import ParamSpec, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from audit.alteration import Alteration, Kind
from audit.entry import Entry, UnreadableEntry, read
from audit.verify import Located
from cli.context import Session, Unreachable
from cli.output import errors
from schemas.codec import Codec, RegistryUnavailable, Undecodable, registry_at
from schemas.envelope import Event
from schemas.events import AuditSealed
from schemas.topics import Topic, entry_key
from streams.client import client_settings
from streams.record import Fetched, TransportLost
from streams.tail import KafkaTail

__all__ = ["History", "LogDamaged", "Tell", "bar", "codec", "decode", "decoded", "entries", "entry_of"]
__all__ += ["following", "history", "read_on", "records", "sift", "sound"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

Tell = Callable[[int, int], None]
History = Iterator[tuple[Entry, Event | None]]

_TIMEOUT_S = 60.0
_LOOK_S = 0.5
_ENTRY = b"e/"
_KEY_PARTS = 3
_ELSE = "`spendtrail audit verify` says what else is wrong"


class LogDamaged(Unreachable):
    """The log holds what is no entry; whatever is folded over it would be wrong."""


def codec(found: Session) -> Codec:
    """Return a codec on the session's registry."""
    return Codec(registry_at(found.registry))


def records(found: Session, topic: Topic, *, quiet: bool) -> Iterator[Fetched]:
    """Yield every committed record up to the end there is now, in order per partition, showing how far it is.

    Raises:
        Unreachable: the topic cannot be read.

    """
    with bar(f"reading {topic.name}", quiet=quiet) as tell:
        yield from read_on(found, topic.name, None, tell)


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[Tell]:
    """Show how far something is; yield what is told how much is done and how much there is in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=quiet, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, total=total, completed=done)


def read_on(found: Session, topic: str, partition: int | None, tell: Tell) -> Iterator[Fetched]:
    """Yield every committed record of a partition, or of all, up to the end there is now; tell how far it is.

    Raises:
        Unreachable: the topic cannot be read.

    """
    client = client_settings(found.bootstrap, found.settings.kafka_options)
    try:
        with closing(KafkaTail(client, topic, partition, None, _TIMEOUT_S, headers=False)) as tail:
            total = 0
            while chunk := tail.catch_up():
                total = total or len(chunk) + tail.remaining
                tell(total - tail.remaining, total)
                yield from chunk
    except TransportLost as error:
        raise Unreachable(str(error)) from error


def following(found: Session, topic: Topic, start: Mapping[int, int]) -> Iterator[Sequence[Fetched]]:
    """Yield the committed records of all partitions from these offsets on, as they come; nothing once all are read.

    It never ends by itself: whoever has nothing to do is asked again half a second later.

    Raises:
        Unreachable: the topic cannot be read.

    """
    client = client_settings(found.bootstrap, found.settings.kafka_options)
    try:
        with closing(KafkaTail(client, topic.name, None, start, _TIMEOUT_S, headers=False)) as tail:
            while True:
                chunk = tail.catch_up()
                yield chunk
                if not chunk:
                    time.sleep(_LOOK_S)
    except TransportLost as error:
        raise Unreachable(str(error)) from error


def sift(log: Iterable[Fetched], opener: Codec, alterations: list[Alteration]) -> Iterator[Located]:
    """Yield the entries in records of the audit log; what is no entry, or not under its own key, is an alteration.

    Compaction keeps one record per key, so a record under another entry's key would make that entry disappear.

    Raises:
        Unreachable: the registry does not answer.

    """
    for record in log:
        key = record.key or b""
        if not key.startswith(_ENTRY):
            continue
        if record.value is None:
            alterations.append(_altered(Kind.MISSING, record, "was deleted: a tombstone stands in its place"))
            continue
        try:
            entry = _open(opener, record.value)
        except Undecodable as error:
            alterations.append(_altered(Kind.UNREADABLE, record, f"cannot be decoded: {error}"))
            continue
        if not isinstance(entry, AuditSealed):
            alterations.append(_altered(Kind.UNREADABLE, record, "is another event than an entry"))
            continue
        if entry_key(entry.expense_id, entry.sequence).encode() != key:
            held = f"holds entry {entry.sequence} of expense {entry.expense_id}"
            alterations.append(_altered(Kind.MISPLACED, record, f"{held}, which belongs under another key"))
        yield Located(_position(record), entry, record.partition)


def history(
    log: Iterable[Fetched], opener: Codec, *, expense: str = "", wanted: Callable[[Entry], bool] | None = None
) -> History:
    """Yield entries with the events they recorded: of ids that begin with `expense`, and as `wanted` says.

    Only what the hashes cover is believed, never an envelope.

    Raises:
        LogDamaged: something in the log is no entry, or an event in it cannot be decoded.
        Unreachable: the registry does not answer.

    """
    for located, entry in entries(log, opener, expense=expense):
        if wanted is None or wanted(entry):
            output = located.sealed.output
            yield entry, sound(located.position, opener.decode, output) if output else None


def entries(log: Iterable[Fetched], opener: Codec, *, expense: str = "") -> Iterator[tuple[Located, Entry]]:
    """Yield entries of ids that begin with `expense`; what each recorded is left as it was written.

    Raises:
        LogDamaged: something in the log is no entry.
        Unreachable: the registry does not answer.

    """
    beginning = _ENTRY + expense.encode()
    alterations: list[Alteration] = []
    for located in sift((r for r in log if (r.key or b"").startswith(beginning)), opener, alterations):
        if alterations:
            break
        yield located, entry_of(located)
    if alterations:
        raise LogDamaged(f"{alterations[0].message}; {_ELSE}")


def sound(position: str, read: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
    """Return what `read` makes of what stands at the position; what cannot be decoded is named with its place.

    Raises:
        LogDamaged: it cannot be decoded.
        Unreachable: the registry does not answer.

    """
    try:
        return read(*given, **named)
    except Undecodable as error:
        raise LogDamaged(f"{position}: {error}; {_ELSE}") from error
    except RegistryUnavailable as error:
        raise Unreachable(str(error)) from error


def entry_of(located: Located) -> Entry:
    """Return what the sealed metadata says.

    Raises:
        LogDamaged: it is no entry.

    """
    try:
        return read(located.sealed.metadata.encode())
    except UnreadableEntry as error:
        raise LogDamaged(f"{located.position}: {error}; {_ELSE}") from error


def decoded(log: Iterable[Fetched], opener: Codec) -> Iterator[Event]:
    """Yield the events of a topic; what cannot be decoded is left out, its stage has dead-lettered it.

    Raises:
        Unreachable: the registry does not answer.

    """
    for record in log:
        try:
            if record.value is not None:
                yield _open(opener, record.value)
        except Undecodable:
            continue


def decode(opener: Codec, value: bytes) -> Event:
    """Return the event in one record that must be readable.

    Raises:
        LogDamaged: it is not.
        Unreachable: the registry does not answer.

    """
    try:
        return _open(opener, value)
    except Undecodable as error:
        raise LogDamaged(str(error)) from error


def _open(opener: Codec, value: bytes) -> Event:
    try:
        return opener.decode(value)
    except RegistryUnavailable as error:
        raise Unreachable(str(error)) from error


def _altered(kind: Kind, record: Fetched, what: str) -> Alteration:
    parts = (record.key or b"").decode(errors="replace").split("/")
    expense_id = parts[1] if len(parts) == _KEY_PARTS else ""
    sequence = int(parts[2]) if len(parts) == _KEY_PARTS and parts[2].isdigit() else 0
    position = _position(record)
    return Alteration(
        kind, expense_id, sequence, position, f"the record of entry {'/'.join(parts)} at {position} {what}"
    )


def _position(record: Fetched) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
