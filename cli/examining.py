"""What is done to each partition of the audit log when it is verified, in a process that does nothing else."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from audit.alteration import Alteration, Kind
from audit.chain import Head
from audit.checkpoint import Places
from audit.kept import Kept, Record
from audit.verify import Chain, Coverage, Located, Placed, verify
from cli import auditlog
from cli.context import Session
from cli.partitions import tell
from cli.shelf import Shelf
from schemas.topics import Topic

__all__ = ["Examined", "examine", "merged"]


@dataclass(slots=True)
class Examined:
    """What one partition came to: how many entries of how many expenses, and what was altered.

    `seen` are those of the heads it was given that it has a chain of. `processor_s` is what it took, in seconds of
    processor. `heads` is a file with the head of every chain, as JSON lines sorted by expense, where that was asked
    for: all of them would not be sent between processes for nothing.
    """

    entries: int = 0
    expenses: int = 0
    processor_s: float = 0.0
    seen: set[str] = field(default_factory=set)
    heads: Path | None = None
    alterations: list[Alteration] = field(default_factory=list)

    def passing(self, entries: Iterator[Located]) -> Iterator[Located]:
        """Count entries on their way."""
        for located in entries:
            self.entries += 1
            yield located


def examine(
    found: Session,
    partition: int,
    kept: Kept | None,
    topic: Topic,
    heads: Mapping[str, Head],
    folder: Path | None = None,
) -> Examined:
    """Verify one partition against its checkpoints, and against heads that were kept; `heads` may be of others too.

    With `folder`, where every chain ends is written to a file in it. Memory grows neither with entries nor with
    expenses: chains lie on a shelf.

    Raises:
        Unreachable: broker or registry does not answer.

    """
    examined, began = Examined(), time.process_time()
    with ExitStack() as open_:
        chains = open_.enter_context(Shelf[Chain]())
        coverage = None
        if kept is not None:
            coverage = Placed({partition: kept}, places=Places(open_.enter_context(Shelf[Head]())))
        log = auditlog.read_on(found, topic.name, partition, tell)
        sifted = auditlog.sift(log, auditlog.codec(found), examined.alterations)
        examined.alterations += verify(examined.passing(sifted), heads, coverage, chains)
        examined.expenses = len(chains)
        examined.seen = {expense_id for expense_id in heads if chains.get(expense_id) is not None}
        if folder is not None:
            examined.heads = folder / str(partition)
            with examined.heads.open("wb") as file:
                file.writelines(
                    orjson.dumps((expense_id, (chain.sequence, chain.hash))) + b"\n"
                    for expense_id, chain in chains.by_key()
                )
    examined.processor_s = time.process_time() - began
    return examined


def merged(parts: Sequence[Examined], record: Record) -> Examined:
    """Return what all partitions came to, given in order, and the alterations of what was kept."""
    whole = Examined(alterations=list(record.alterations))
    absent: dict[str, Alteration] = {}
    for part in parts:
        whole.entries += part.entries
        whole.processor_s += part.processor_s
        whole.expenses += part.expenses
        whole.seen |= part.seen
        for each in part.alterations:
            # Each partition is told the heads of all, and misses those of expenses that are not its own.
            if each.kind == Kind.TRUNCATED and each.expense_id and each.expense_id not in part.seen:
                absent[each.expense_id] = each
            else:
                whole.alterations.append(each)
    whole.alterations += [each for name, each in absent.items() if name not in whole.seen]
    gone = {p: kept for p, kept in record.partitions.items() if p >= len(parts)}
    whole.alterations += Coverage(gone).end()
    return whole
