"""The answers of a join that is not complete, as the state has them: in the bytes they came in, one after the other."""

from dataclasses import dataclass
from typing import Final

import orjson

from consumers.coding.tracks import TRACKS, Answer
from schemas.codec import Codec
from schemas.events import CategoryResolved, CurrencyConverted, TrackFailed, VendorResolved
from schemas.plain import from_plain

__all__ = ["Pending", "opened", "packed", "read"]

# What a mark of a join that took place cannot begin with: that is JSON.
_PENDING: Final = b"\1"
# Since when it waits, as ISO 8601 with microseconds and without a zone.
_STAMP: Final = len("2026-03-04T05:06:07.000008")
_LENGTH: Final = 4


@dataclass(frozen=True, slots=True)
class Pending:
    """The answers of one join by track, and the stamp since when it waits.

    `old` are those that an earlier version of the state left, under keys of their own.
    """

    since: str
    answers: dict[str, bytes]
    old: bool = False


def packed(pending: Pending) -> bytes:
    """Return what is kept: a byte, the stamp, and for each answer its track's number, its length and its bytes."""
    parts = [_PENDING, pending.since.encode()]
    for track, answer in pending.answers.items():
        parts += (bytes((TRACKS.index(track),)), len(answer).to_bytes(_LENGTH), answer)
    return b"".join(parts)


def opened(stored: bytes) -> Pending:
    """Return what was kept."""
    at, answers = 1 + _STAMP, {}
    while at < len(stored):
        begins = at + 1 + _LENGTH
        ends = begins + int.from_bytes(stored[at + 1 : begins])
        answers[TRACKS[stored[at]]] = stored[begins:ends]
        at = ends
    return Pending(stored[1 : 1 + _STAMP].decode(), answers)


def read(stored: bytes, codec: Codec) -> Answer:
    """Return an answer that was kept; earlier versions kept it as JSON.

    Raises:
        TypeError: what was kept is no answer of a track, so the state is another stage's.
        Undecodable, RegistryUnavailable: see the codec.

    """
    if stored.startswith(b"{"):
        record = orjson.loads(stored)
        answer = from_plain({"event": record["kind"], **record["answer"]})
    else:
        answer = codec.beside(stored)
    if not isinstance(answer, CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed):
        msg = f"{type(answer).__name__} is no answer of a track"
        raise TypeError(msg)
    return answer
