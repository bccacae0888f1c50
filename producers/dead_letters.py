"""Dead letters: read, sent once more to the stage that failed, or parked."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from producers.publisher import Publisher
from schemas.dead_letters import (
    ORIGIN,
    PREFIX,
    REPLAY_COUNT,
    REPLAY_GROUP,
    REPLAY_ORIGIN,
    SEALED_TENANT,
    UNREAD,
    unmarked,
)
from schemas.topics import DEAD_LETTERS, SETTLED
from streams.client import client_settings
from streams.record import Fetched, Headers
from streams.tail import KafkaTail

__all__ = ["DeadLetter", "DeadLetterRefused", "Standing"]
__all__ += ["find", "letter_of", "listed", "park", "replay", "replay_headers"]

_TIMEOUT_S = 30.0
_SETTLED = "__dlq.settled."
_STATE, _BY, _WHY, _KEY = (f"{_SETTLED}{name}" for name in ("state", "by", "why", "key"))
_NEWEST = 1_000


class DeadLetterRefused(ValueError):
    """A dead letter cannot be found, or not be replayed or parked. The message says what can be done instead."""


class Standing(StrEnum):
    """What was done about a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One record that a group could not handle.

    `id` is topic/partition/offset/group of the original; three groups that failed on one record leave three letters.
    For a row of a card feed it is card_feed/digest of the file/line/card_feed. `key` and `value` are the
    original's, `headers` the dead letter's with the original's among them; `failed_at` is UTC. `origin` is where the
    record lay when no event could be read of it for the first time, empty where one always could.
    """

    id: str
    topic: str
    group: str
    stage: str
    reason: str
    message: str
    exception: str
    schema_id: int | None
    replays: int
    failed_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers
    origin: str = ""
    standing: Standing = Standing.OPEN
    settled_by: str = ""
    settled_why: str = ""

    @property
    def replayable(self) -> bool:
        """Whether there is a record to send again: a row of a feed never was one."""
        return not any(name == SEALED_TENANT for name, _ in self.headers)


def listed(
    bootstrap_servers: str, options: Mapping[str, str] | None = None, *, newest: int = _NEWEST
) -> list[DeadLetter]:
    """Return the newest dead letters and every parked one, newest first, each with what was done about it.

    Memory holds `newest` letters, however many there are.

    Raises:
        TransportLost: the topics cannot be read.

    """
    kept: deque[DeadLetter] = deque(maxlen=newest)
    settled = {(record.key or b"").decode(): record for record in _read(bootstrap_servers, options, SETTLED.name)}
    for record in _read(bootstrap_servers, options, DEAD_LETTERS.name):
        kept.append(letter_of(record, settled.get(_id(record))))
    known = {letter.id for letter in kept}
    # A parked letter outlives the topic it died in.
    kept_for_ever = (
        letter_of(r, r) for key, r in settled.items() if key not in known and _standing(r) is Standing.PARKED
    )
    return sorted((*kept, *kept_for_ever), key=lambda letter: (letter.failed_at, letter.id), reverse=True)


def find(letters: Sequence[DeadLetter], names: Sequence[str]) -> list[DeadLetter]:
    """Return the letters of those ids; an id without its group means every group's.

    Raises:
        DeadLetterRefused: there is none of that id.

    """
    found: list[DeadLetter] = []
    for name in names:
        these = [each for each in letters if name in {each.id, each.id.rsplit("/", 1)[0]}]
        if not these:
            raise DeadLetterRefused(f"no dead letter {name!r}; `spendtrail dlq list` shows those there are")
        found += [each for each in these if each not in found]
    return found


def replay(letters: Sequence[DeadLetter], publisher: Publisher, *, by: str, again: bool = False) -> int:
    """Send the originals to their topics once more, each for the group that failed only, and return how many.

    The record is acknowledged before the letter is marked: a crash in between leaves it open, and a second replay is
    the same event again. `by` is a pseudonym or a role.

    Raises:
        DeadLetterRefused: a letter was replayed already (`again` allows it) or is a feed's row. Nothing was sent.
        PublishFailed: the brokers did not take it; those not marked can be replayed again.

    """
    for letter in letters:
        if not letter.replayable:
            raise DeadLetterRefused(
                f"{letter.id} is a row of a card feed: correct it there and send the feed again; its other rows stay "
                "the expenses they are"
            )
        if letter.standing is Standing.REPLAYED and not again:
            raise DeadLetterRefused(f"{letter.id} was replayed by {letter.settled_by}; say so to do it again")
    for letter in letters:
        publisher.send(letter.topic, letter.key, letter.value, replay_headers(letter))
    publisher.flush()
    for letter in letters:
        publisher.send(SETTLED.name, letter.id.encode(), b"", _mark(Standing.REPLAYED, by, ""))
    publisher.flush()
    return len(letters)


def replay_headers(letter: DeadLetter) -> Headers:
    """Return what a replay carries: the headers the record came with, and for whom it is and of what it is one."""
    return (
        *unmarked(letter.headers),
        (REPLAY_GROUP, letter.group.encode()),
        (REPLAY_COUNT, str(letter.replays + 1).encode()),
        *(((REPLAY_ORIGIN, letter.origin.encode()),) if letter.origin else ()),
    )


def park(letters: Sequence[DeadLetter], publisher: Publisher, *, by: str, why: str) -> int:
    """Set letters aside with a copy that is kept until somebody replays them, and return how many.

    Raises:
        DeadLetterRefused: no reason is given.
        PublishFailed: the brokers did not take it.

    """
    if not why.strip():
        raise DeadLetterRefused("say why: whoever finds it parked needs to know")
    for letter in letters:
        key = ((_KEY, letter.key),) if letter.key is not None else ()
        headers = (*_unsettled(letter.headers), *key, *_mark(Standing.PARKED, by, why))
        publisher.send(SETTLED.name, letter.id.encode(), letter.value, headers)
    publisher.flush()
    return len(letters)


def _read(bootstrap_servers: str, options: Mapping[str, str] | None, topic: str) -> Iterator[Fetched]:
    tail = KafkaTail(client_settings(bootstrap_servers, options or {}), topic, None, None, _TIMEOUT_S)
    try:
        while chunk := tail.catch_up():
            yield from chunk
    finally:
        tail.close()


def _text(record: Fetched, name: str) -> str:
    return (record.header(name) or b"").decode(errors="replace")


def _fact(record: Fetched, name: str) -> str:
    return _text(record, f"{PREFIX}{name}")


def _id(record: Fetched) -> str:
    return "/".join(_fact(record, name) for name in ("topic", "partition", "offset", "group"))


def letter_of(record: Fetched, settled: Fetched | None = None) -> DeadLetter:
    """Return what a record of the dead letters' topic says, `settled` being what was done about it."""
    at, schema, count = (_fact(record, name) for name in ("timestamp", "schema.id", "replay.count"))
    reason, place = _fact(record, "class"), _id(record).rpartition("/")[0]
    return DeadLetter(
        id=_id(record),
        topic=_fact(record, "topic"),
        group=_fact(record, "group"),
        stage=_fact(record, "stage"),
        reason=reason,
        message=_fact(record, "message"),
        exception=_fact(record, "exception"),
        schema_id=int(schema) if schema.isdigit() else None,
        replays=int(count) if count.isdigit() else 0,
        failed_at=datetime.fromtimestamp((int(at) if at.isdigit() else record.timestamp_ms) / 1000, UTC),
        key=record.header(_KEY) if record is settled else record.key,
        value=record.value,
        headers=record.headers,
        origin=_text(record, ORIGIN) or (place if reason in UNREAD else ""),
        standing=_standing(settled) if settled else Standing.OPEN,
        settled_by=_text(settled, _BY) if settled else "",
        settled_why=_text(settled, _WHY) if settled else "",
    )


def _standing(settled: Fetched) -> Standing:
    return Standing.PARKED if settled.header(_STATE) == Standing.PARKED.encode() else Standing.REPLAYED


def _mark(standing: Standing, by: str, why: str) -> Headers:
    return ((_STATE, standing.encode()), (_BY, by.encode()), (_WHY, why.encode()))


def _unsettled(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if not name.startswith(_SETTLED))
