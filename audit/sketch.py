"""An expense folded from its entries without decoding what later entries say again.

Most events of an expense repeat all that was found out before them: of eleven, one or two have the last word in
anything. A sketch therefore moves with each entry's metadata, as `reconstruct` says, and keeps an event as bytes only
as long as it has the last word in some field. `settled` decodes what is left. A property test holds the result to that
of decoding every event.

What is kept of an expense is bounded: an event has the last word in at least one field of `Expense`, so there are never
more of them than it has fields; usually there are one or two, of a few kilobytes.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from audit.entry import Entry
from audit.reconstruct import SUPERSEDED, TOLD_BY, Expense, ahead, moved, said
from schemas.codec import Codec
from schemas.events import ReviewClosed, ReviewOpened
from schemas.frozen import changed, defaults, setters
from schemas.glance import Carried

__all__ = ["Folding", "Sketch", "Word", "heard"]

# What these say is needed at once: a review is opened, told anew and closed in turn.
_AT_ONCE = (ReviewOpened, ReviewClosed)
_NONE = object()
_BEGUN = defaults(Expense)
_FIELDS = tuple(setters(Expense))
_PERSONAL = frozenset({"personal"})
_SUPERSEDED = frozenset(SUPERSEDED)
_TOLD_BY = {kind: frozenset(names) for kind, names in TOLD_BY.items()}


class Word(NamedTuple):
    """An event as written, and the fields of `Expense` in which it has the last word so far."""

    output: bytes
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sketch:
    """An expense as of its last entry: `expense` without what `words`, in order, have to say."""

    expense: Expense
    words: tuple[Word, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        # Most of an expense is not told yet: what is as it began is not written down with the rest.
        told = {name: value for name in _FIELDS if (value := getattr(self.expense, name)) != _BEGUN.get(name, _NONE)}
        return _again, (told, self.words)


def _again(told: dict[str, Any], words: tuple[Word, ...]) -> Sketch:
    return Sketch(Expense(**told), words)


class Folding:
    """Folds entries into sketches, as `reconstruct.apply` folds decoded ones into expenses."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._personal = Carried(codec, "personal")

    def apply(self, sketch: Sketch | None, entry: Entry, output: bytes | None) -> Sketch | None:
        """Return the sketch after one more entry; `output` is the event it recorded, as written.

        Raises:
            Undecodable: the event is none of the contracts, or is damaged where it was looked at.
            RegistryUnavailable: the registry does not answer.

        """
        before = sketch.expense if sketch else None
        after = ahead(before, entry)
        if after is None:
            return sketch
        words = sketch.words if sketch else ()
        event = None
        anew = False
        if output is not None:
            kind, _ = self._codec.written(output)
            if issubclass(kind, _AT_ONCE):
                event = self._codec.decode(output)
            if after.news:
                anew = before is not None and entry.revision > before.revision
                carried = not words or self._personal(output)
                words = heard(words, Word(output, _TOLD_BY[kind]), carried=carried, anew=anew)
        return Sketch(moved(before, entry, after, event, SUPERSEDED if anew else {}), words)

    def settled(self, sketch: Sketch) -> Expense:
        """Return the expense, with what the events that are left have to say.

        Raises:
            Undecodable: one of them is damaged.
            RegistryUnavailable: the registry does not answer.

        """
        expense = sketch.expense
        for word in sketch.words:
            expense = changed(expense, **said(self._codec.decode(word.output), word.names))
        return expense


def heard(words: tuple[Word, ...], word: Word, *, carried: bool, anew: bool) -> tuple[Word, ...]:
    """Return the words with one more: it has the last word in all it tells, so others lose theirs in that.

    `carried` is whether it has something personal to say, `anew` whether it begins a new revision.
    """
    left = _left(tuple([each.names for each in words]), word.names, carried=carried, anew=anew)
    return (*[Word(words[number].output, names) for number, names in left], word)


# There are as many as ways in which types of events can follow each other.
@lru_cache(4_096)
def _left(
    before: tuple[frozenset[str], ...], told: frozenset[str], *, carried: bool, anew: bool
) -> tuple[tuple[int, frozenset[str]], ...]:
    """Return which words are left, by number, and in what they still have the last word."""
    gone = told if carried else told - _PERSONAL
    if anew:
        gone |= _SUPERSEDED
    return tuple((number, names - gone) for number, names in enumerate(before) if names - gone)
