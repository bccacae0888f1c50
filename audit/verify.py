"""Finding what was altered in an audit log, and where.

A chain without a key proves order and content up to its head; that the head itself is the one it was takes a head
known from elsewhere (a checkpoint, a bundle, an earlier look). Give those heads, and cut or rewritten tails show too.
What was kept with the checkpoints has the hash of every entry under them: against it a log that was written anew
throughout shows as well, and where it begins.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from audit.alteration import Alteration, Kind
from audit.chain import Head, digest, start
from audit.checkpoint import HASH_BYTES, Growing, Growth, Places
from audit.entry import UnreadableEntry, loaded
from audit.kept import Kept
from schemas.events import AuditSealed

__all__ = ["Chain", "Chains", "Coverage", "Located", "Placed", "verify"]


# What the envelope says again of what was sealed.
_LABELS = ("tenant_id", "ledger", "subject", "batch_id", "revision", "status", "recorded_at")


class Located(NamedTuple):
    """An entry and where it stands: partition and offset, or file and line; `partition` is whose checkpoints count.

    A tuple, for there is one for every entry.
    """

    position: str
    sealed: AuditSealed
    partition: int = 0


class Chain(NamedTuple):
    """How far one expense's chain was read: its last entry, and where that stands."""

    sequence: int
    hash: str
    position: str = ""


class Chains(Protocol):
    """A chain for each expense: a dictionary, or what holds more of them than memory does."""

    def get(self, key: str, /) -> Chain | None:
        """Return the expense's chain, None where it has no entry yet."""

    def __setitem__(self, key: str, value: Chain, /) -> None: ...


# By expense: missing sequences, and the hash each must have, where it is known.
_Gaps = dict[str, dict[int, str]]


@dataclass(slots=True)
class Coverage:
    """Holds a log, entry by entry, against what was kept with its checkpoints; `growths` is what it comes to.

    Per partition the first entry that differs is named: behind it every place is another one.
    """

    kept: Mapping[int, Kept] = field(default_factory=dict)
    growths: dict[int, Growth] = field(default_factory=dict)
    _lost: set[int] = field(default_factory=set)

    def grown(self, partition: int) -> Growing:
        """Return what the partition comes to so far."""
        growth = self.growths.get(partition)
        if growth is None:
            growth = self.growths[partition] = Growth()
        return growth

    def size(self, partition: int) -> int:
        """Return how many entries the partition has so far."""
        return self.growths[partition].size if partition in self.growths else 0

    def take(self, at: Located) -> Iterator[Alteration]:
        """Take in the next entry; yield what is wrong with its place."""
        growth = self.grown(at.partition)
        place = growth.size
        try:
            counts = growth.take(at.sealed)
        except ValueError as error:
            yield _found(Kind.UNREADABLE, at, f"has no hash: {error}")
            return
        kept = self.kept.get(at.partition)
        if not counts or kept is None or place >= kept.size or at.partition in self._lost:
            return
        signed = kept.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES].hex()
        if signed != at.sealed.hash:
            self._lost.add(at.partition)
            number = kept.covering(place)
            told = f"is at place {place} of partition {at.partition}, where checkpoint {number} covers {signed}"
            yield _found(Kind.REWRITTEN, at, told)

    def end(self) -> Iterator[Alteration]:
        """Yield the partitions that end before their last checkpoint."""
        for partition, kept in sorted(self.kept.items()):
            size = self.size(partition)
            if size < kept.size:
                number = kept.covering(size)
                place = f"partition {partition}, place {size}"
                told = f"partition {partition} has {size} entries; checkpoint {number} covers more, {kept.size} in all"
                yield Alteration(Kind.TRUNCATED, "", 0, place, told)


@dataclass(slots=True)
class Placed(Coverage):
    """Holds one partition against its checkpoints for whoever signs nothing: no hash is kept, only counted."""

    places: Places = field(default_factory=lambda: Places({}))

    def grown(self, partition: int) -> Growing:
        """Return the places so far; there is one partition."""
        del partition
        return self.places

    def size(self, partition: int) -> int:
        """Return how many entries there are so far."""
        del partition
        return self.places.size


def verify(
    entries: Iterable[Located],
    heads: Mapping[str, Head] | None = None,
    coverage: Coverage | None = None,
    chains: Chains | None = None,
) -> Iterator[Alteration]:
    """Yield each alteration of the entries, given in log order; the chains of many expenses may interleave.

    Memory grows with the number of expenses, not of entries, and not even with that where `chains`, empty at first,
    are elsewhere; and by what `coverage` holds. An entry read twice in a row (a record delivered again) is no
    alteration.
    """
    known = heads or {}
    chains = {} if chains is None else chains
    gaps: _Gaps = {}
    for at in entries:
        expense_id = at.sealed.expense_id
        yield from _content(at)
        yield from _order(chains, gaps, at)
        if coverage is not None:
            yield from coverage.take(at)
        head = known.get(expense_id)
        if head is not None and head.sequence == at.sealed.sequence and head.hash != at.sealed.hash:
            yield _found(Kind.REWRITTEN, at, f"has hash {at.sealed.hash}; it was known as {head.hash}")
    for expense_id, gap in gaps.items():
        chain = _chain(chains, expense_id)
        for sequence in sorted(gap):
            message = f"entry {sequence} of expense {expense_id} is missing; it stood before {chain.position}"
            yield Alteration(Kind.MISSING, expense_id, sequence, chain.position, message)
    for expense_id, head in known.items():
        chain = _chain(chains, expense_id)
        if chain.sequence < head.sequence:
            message = f"expense {expense_id} ends at entry {chain.sequence}; it was known up to {head.sequence}"
            yield Alteration(Kind.TRUNCATED, expense_id, chain.sequence + 1, chain.position, message)
    if coverage is not None:
        yield from coverage.end()


def _content(at: Located) -> Iterator[Alteration]:
    sealed = at.sealed
    metadata = sealed.metadata.encode()
    try:
        previous = bytes.fromhex(sealed.previous)
    except ValueError:
        previous = b""
    if digest(previous, metadata, sealed.output or b"").hex() != sealed.hash:
        yield _found(Kind.ALTERED, at, "was altered: its hash is not that of its content")
    try:
        entry = loaded(metadata)
    except UnreadableEntry as error:
        yield _found(Kind.UNREADABLE, at, str(error))
        return
    if (entry["expense_id"], entry["sequence"]) != (sealed.expense_id, sealed.sequence):
        yield _found(Kind.MISPLACED, at, f"was sealed as entry {entry['sequence']} of expense {entry['expense_id']}")
        return
    labels = _relabelled(sealed, entry)
    if labels:
        yield _found(Kind.RELABELLED, at, f"has an envelope that differs from what was sealed in {', '.join(labels)}")


def _relabelled(sealed: AuditSealed, entry: Mapping[str, Any]) -> list[str]:
    return [name for name in _LABELS if getattr(sealed, name) != entry[name]]


def _chain(chains: Chains, expense_id: str) -> Chain:
    """Return an expense's chain, or the beginning of one."""
    found = chains.get(expense_id)
    if found is None:
        head = start(expense_id)
        return Chain(head.sequence, head.hash)
    return found


def _order(chains: Chains, gaps: _Gaps, at: Located) -> Iterator[Alteration]:
    sealed = at.sealed
    head, gap = _chain(chains, sealed.expense_id), gaps.get(sealed.expense_id, {})
    if sealed.sequence > head.sequence:
        if sealed.sequence == head.sequence + 1:
            if sealed.previous != head.hash:
                yield _found(Kind.DETACHED, at, f"does not follow entry {head.sequence} at {head.position or 'start'}")
        else:
            gap |= dict.fromkeys(range(head.sequence + 1, sealed.sequence), "")
            gap[sealed.sequence - 1] = sealed.previous
            gaps[sealed.expense_id] = gap
        chains[sealed.expense_id] = Chain(sealed.sequence, sealed.hash, at.position)
    elif sealed.sequence in gap:
        expected = gap.pop(sealed.sequence)
        yield _found(Kind.REORDERED, at, f"comes after entry {head.sequence} at {head.position}")
        if expected and expected != sealed.hash:
            yield _found(Kind.DETACHED, at, f"is not what entry {sealed.sequence + 1} follows")
    elif sealed.hash != head.hash or sealed.sequence != head.sequence:
        yield _found(Kind.REPEATED, at, "stands here a second time; one of the two was inserted")


def _found(kind: Kind, at: Located, what: str) -> Alteration:
    sealed = at.sealed
    message = f"entry {sealed.sequence} of expense {sealed.expense_id} at {at.position} {what}"
    return Alteration(kind, sealed.expense_id, sealed.sequence, at.position, message)
