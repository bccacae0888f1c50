"""Where an expense stands while entries are folded into it, and how that is kept in its row."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from audit.entry import read
from audit.reconstruct import DeadLetter, Expense, Review, letters, reviewed, said
from audit.sketch import Word, heard
from audit.step import DEAD_LETTERED, Step, step
from consumers.project.gists import NOTHING, Gists, Kind
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import ReviewClosed, ReviewOpened
from schemas.frozen import changed, setters
from schemas.glance import Known

__all__ = ["KEPT", "Beside", "Said", "Standing", "expense_of", "stepped"]

KEPT: Final = (
    *("number", "expense_id", "tenant_id", "ledger", "subject", "batch_id", "correlation_id", "trace_id", "revision"),
    *("state", "stage", "sequence", "submitted_at", "occurred_at", "recorded_at", "beside", "words"),
)
"""The columns of `EXPENSES` that a standing is made of; the others say in columns what is in `words`."""

_FIELDS: Final = tuple(setters(Expense))
_NUMBER: Final = {name: number for number, name in enumerate(_FIELDS)}
_FRAME: Final = struct.Struct(">QI")
_REVIEWS: Final = (ReviewOpened, ReviewClosed)
# There are as many as ways an entry can meet an expense, times revisions.
stepped = lru_cache(4_096)(step)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the entries say of an expense, and no event does."""

    breaches: tuple[str, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    review: Review | None = None


_NOTHING_BESIDE: Final = Beside()
# The database is outside: what comes back is validated.
_BESIDE: Final = TypeAdapter(Beside)


class Said(NamedTuple):
    """What the rows beside an expense's own are made of: `says` as `Standing` has it, at some moment."""

    number: int
    tenant_id: str
    says: Mapping[str, Any]
    beside: Beside


@dataclass(slots=True, eq=False)
class Standing:
    """An expense as of its last entry. It changes with every entry, and belongs to one transaction at a time.

    Moments are the driver's own values. `says` has the fields that rows are made of, as the last words tell them;
    `known` is what reading the next event may take from those before.
    """

    number: int
    expense_id: str
    tenant_id: str
    ledger: str
    subject: str
    batch_id: str | None
    correlation_id: str
    trace_id: str
    revision: int
    state: str | None
    stage: str
    sequence: int
    submitted_at: Any
    occurred_at: Any
    recorded_at: Any
    beside: Beside = _NOTHING_BESIDE
    words: tuple[Word, ...] = ()
    says: dict[str, Any] = field(default_factory=NOTHING.copy)
    known: Known = field(default_factory=dict)
    # What was made of it for the rows, last: of its own row with what it was made of, and by table of those beside it.
    made: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)

    @classmethod
    def begun(cls, number: int, content: Mapping[str, Any], known: Known) -> "Standing":
        """Return an expense before its first entry, from what that says."""
        return cls(
            number,
            content["expense_id"],
            content["tenant_id"],
            content["ledger"],
            content["subject"],
            content["batch_id"],
            content["correlation_id"],
            content["trace_id"],
            content["revision"],
            None,
            content["stage"],
            0,
            content["submitted_at"],
            content["occurred_at"],
            content["recorded_at"],
            known=known,
        )

    @classmethod
    def kept(cls, row: Sequence[Any], gists: Gists) -> "Standing":
        """Return an expense from the columns `KEPT` of its row.

        Raises:
            Undecodable: an event in it is damaged.
            RegistryUnavailable: the registry does not answer.
            pydantic.ValidationError: the row was not written by this version.

        """
        *own, beside, words = row
        found = cls(*own)
        found.beside, found.words = _beside(beside), tuple(_words(words))
        for word in found.words:
            kind = gists.kind(word.output)
            event = kind.read(word.output, found.known)
            for name in kind.rows:
                if name in word.names:
                    found.says[name] = getattr(event, name)
        return found

    def said(self) -> Said:
        """Return what is said of it, as long as it does not move on."""
        return Said(self.number, self.tenant_id, self.says, self.beside)

    def columns(self) -> tuple[Any, ...]:
        """Return the values of the columns `KEPT`."""
        return (
            self.number,
            self.expense_id,
            self.tenant_id,
            self.ledger,
            self.subject,
            self.batch_id,
            self.correlation_id,
            self.trace_id,
            self.revision,
            self.state,
            self.stage,
            self.sequence,
            self.submitted_at,
            self.occurred_at,
            self.recorded_at,
            None if self.beside is _NOTHING_BESIDE else _BESIDE.dump_json(self.beside).decode(),
            b"".join([_FRAME.pack(_mask(word.names), len(word.output)) + word.output for word in self.words]),
        )

    def move(
        self,
        content: Mapping[str, Any],
        metadata: bytes,
        after: Step,
        output: bytes | None,
        kind: Kind | None,
        event: Event | None,
    ) -> None:
        """Move on by one entry: `content` is its metadata, `after` where it leads, `event` what it recorded."""
        action = content["action"]
        if content["breach"] or self.beside.dead_letters or action == DEAD_LETTERED or isinstance(event, _REVIEWS):
            entry, before = read(metadata), self.beside
            breaches = (*before.breaches, entry.breach) if entry.breach else before.breaches
            now = Beside(breaches, letters(before.dead_letters, entry), reviewed(before.review, entry, event))
            self.beside = before if now == before else now
        if after.news and output is not None and kind is not None and event is not None:
            anew = self.sequence > 0 and content["revision"] > self.revision
            if anew:
                self.says.update({name: value for name, value in NOTHING.items() if name not in _CARRIED})
            carried = not self.words or event.personal is not None
            self.words = heard(self.words, Word(output, kind.tells), carried=carried, anew=anew)
            for name in kind.rows:
                self.says[name] = getattr(event, name)
        self.state, self.revision, self.stage = after.state, after.revision, content["stage"]
        self.sequence = content["sequence"]
        self.occurred_at, self.recorded_at = content["occurred_at"], content["recorded_at"]


# A new revision goes on with these.
_CARRIED: Final = frozenset({"problems", "reason"})


def expense_of(row: Mapping[str, Any], codec: Codec) -> Expense:
    """Return all of an expense, from its row with moments as such.

    Raises:
        Undecodable: an event in it is damaged.
        pydantic.ValidationError: the row was not written by this version.

    """
    own = {name: row[name] for name in KEPT if name not in {"number", "beside", "words"}}
    beside = _beside(row["beside"])
    expense = Expense(**own, breaches=beside.breaches, dead_letters=beside.dead_letters, review=beside.review)
    for word in _words(row["words"]):
        expense = changed(expense, **said(codec.decode(word.output), word.names))
    return expense


def _beside(told: str | None) -> Beside:
    return _NOTHING_BESIDE if told is None else _BESIDE.validate_json(told)


def _words(data: bytes) -> Iterator[Word]:
    at = 0
    while at < len(data):
        mask, size = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        yield Word(bytes(data[at : at + size]), _names(mask))
        at += size


@lru_cache(4_096)
def _mask(names: Iterable[str]) -> int:
    return sum(1 << _NUMBER[name] for name in names)


@lru_cache(4_096)
def _names(mask: int) -> frozenset[str]:
    return frozenset(name for name, number in _NUMBER.items() if mask >> number & 1)
