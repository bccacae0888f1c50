"""What is done to each partition of the audit log, in a process that does nothing else."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audit.alteration import Alteration, Kind
from audit.chain import Head
from audit.kept import Kept, Record
from audit.verify import Coverage, Located, verify
from cli import auditlog
from cli.context import Session
from cli.partitions import tell
from schemas.topics import Topic

__all__ = ["Examined", "examine", "merged"]


@dataclass(slots=True)
class Examined:
    """What one partition came to: how many entries, where every chain ends, and what was altered.

    `processor_s` is what it took, in seconds of processor.
    """

    entries: int = 0
    processor_s: float = 0.0
    heads: dict[str, Head] = field(default_factory=dict)
    alterations: list[Alteration] = field(default_factory=list)

    def passing(self, entries: Iterator[Located]) -> Iterator[Located]:
        """Count entries on their way, and remember the head of every chain."""
        for located in entries:
            self.entries += 1
            sealed = located.sealed
            head = self.heads.get(sealed.expense_id)
            if head is None or sealed.sequence > head.sequence:
                self.heads[sealed.expense_id] = Head(sealed.sequence, sealed.hash)
            yield located


def examine(found: Session, partition: int, topic: Topic, kept: Kept | None, heads: Mapping[str, Head]) -> Examined:
    """Verify one partition against its checkpoints, and against heads that were kept; `heads` may be of others too.

    Raises:
        Unreachable: broker or registry does not answer.

    """
    examined, began = Examined(), time.process_time()
    coverage = Coverage({partition: kept}) if kept is not None else None
    sifted = auditlog.sift(
        auditlog.read_on(found, topic.name, partition, tell), auditlog.codec(found), examined.alterations
    )
    examined.alterations += verify(examined.passing(sifted), heads, coverage)
    examined.processor_s = time.process_time() - began
    return examined


def merged(parts: Sequence[Examined], record: Record) -> Examined:
    """Return what all partitions came to, given in order, and the alterations of what was kept."""
    whole = Examined(alterations=list(record.alterations))
    absent: dict[str, Alteration] = {}
    for part in parts:
        whole.entries += part.entries
        whole.processor_s += part.processor_s
        whole.heads |= part.heads
        for each in part.alterations:
            # Each partition is told the heads of all, and misses those of expenses that are not its own.
            if each.kind == Kind.TRUNCATED and each.expense_id and each.expense_id not in part.heads:
                absent[each.expense_id] = each
            else:
                whole.alterations.append(each)
    whole.alterations += [each for name, each in absent.items() if name not in whole.heads]
    gone = {p: kept for p, kept in record.partitions.items() if p >= len(parts)}
    whole.alterations += Coverage(gone).end()
    return whole
