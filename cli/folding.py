"""The state of expenses at a moment, folded from the audit log partition by partition in little memory.

Of an expense no more is kept than `audit.sketch` needs, most of it in a temporary file (`cli.shelf`); entries are
forgotten as they go by. What is shown of each expense goes to a file as well, a line each, and the files of all
partitions are merged: memory grows neither with entries nor with expenses.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit.entry import Entry
from audit.reconstruct import Expense, happened, known
from audit.sketch import Folding, Sketch
from audit.verify import Located
from cli import auditlog
from cli.context import Session
from cli.partitions import tell
from cli.shelf import Shelf
from schemas.codec import Codec
from schemas.topics import Topic
from streams.record import Fetched

__all__ = ["Question", "States", "begin", "changing", "folded", "lines"]


@dataclass(frozen=True, slots=True)
class Question:
    """Which state is asked for: of which expenses, by when, and by which clock."""

    moment: datetime
    event_time: bool = False
    expense: str = ""
    batch: str | None = None
    tenant: str | None = None

    def reaches(self, entry: Entry) -> bool:
        """Return whether the entry was known (or its cause had happened) at the moment."""
        return (happened if self.event_time else known)(entry) <= self.moment


class States:
    """Every expense that is asked for, as far as entries were taken."""

    def __init__(self, codec: Codec, asked: Question, shelf: Shelf[Sketch]) -> None:
        self._codec, self._asked, self._shelf = codec, asked, shelf
        self._folding = Folding(codec)

    def take(self, located: Located, entry: Entry) -> Sketch | None:
        """Take one more entry; return the expense's sketch where the entry says anything about one.

        Raises:
            LogDamaged: what it recorded cannot be decoded.
            Unreachable: the registry does not answer.

        """
        if self._asked.tenant is not None and entry.tenant_id != self._asked.tenant:
            return None
        before = self._shelf.get(entry.expense_id)
        output = located.sealed.output
        after = auditlog.sound(located.position, self._folding.apply, before, entry, output)
        if after is None or after is before:
            return None
        self._shelf[entry.expense_id] = after
        return after if self._belongs(after) else None

    def settled(self, sketch: Sketch) -> Expense:
        """Return the expense in full.

        Raises:
            LogDamaged: what it is made of cannot be decoded.
            Unreachable: the registry does not answer.

        """
        place = f"up to entry {sketch.expense.sequence} of expense {sketch.expense.expense_id}"
        return auditlog.sound(place, self._folding.settled, sketch)

    def all(self) -> Iterator[Expense]:
        """Yield every expense, sorted by id.

        Raises:
            LogDamaged: what one is made of cannot be decoded.
            Unreachable: the registry does not answer.

        """
        for _, sketch in self._shelf.by_key():
            if self._belongs(sketch):
                yield self.settled(sketch)

    def _belongs(self, sketch: Sketch) -> bool:
        return self._asked.batch is None or sketch.expense.batch_id == self._asked.batch


def folded(
    found: Session, partition: int, topic: Topic, asked: Question, show: Callable[[Expense], bytes], folder: Path
) -> Path:
    """Return a file in the folder with the expenses of one partition as they were, by id, a line each as `show` says.

    `show` is a function of a module, since it is named to another process; its lines sort by expense id.

    Raises:
        LogDamaged: something in the log is no entry.
        Unreachable: broker or registry does not answer.

    """
    path, codec = folder / str(partition), auditlog.codec(found)
    log = auditlog.read_on(found, topic.name, partition, tell)
    with Shelf[Sketch]() as shelf:
        states = States(codec, asked, shelf)
        for located, entry in auditlog.entries(log, codec, expense=asked.expense):
            if asked.reaches(entry):
                states.take(located, entry)
        with path.open("wb") as file:
            file.writelines(show(each) + b"\n" for each in states.all())
    return path


def begin(log: Iterable[Fetched], codec: Codec, asked: Question, states: States) -> dict[int, int]:
    """Take the entries up to the moment; return by partition the offset from which on others follow.

    Raises:
        LogDamaged: something in the log is no entry.
        Unreachable: the registry does not answer.

    """
    rest: dict[int, int] = {}
    beyond: set[int] = set()
    for located, entry in auditlog.entries(log, codec, expense=asked.expense):
        if asked.reaches(entry):
            states.take(located, entry)
        elif located.partition not in beyond:
            beyond.add(located.partition)
            rest[located.partition] = _offset(located)
        if located.partition not in beyond:
            rest[located.partition] = _offset(located) + 1
    return rest


def changing(log: Iterable[Fetched], codec: Codec, asked: Question, states: States) -> Iterator[Expense]:
    """Take the entries behind the moment; yield each expense that one of them changes, as it is then.

    Raises:
        LogDamaged: something in the log is no entry.
        Unreachable: the registry does not answer.

    """
    for located, entry in auditlog.entries(log, codec, expense=asked.expense):
        if not asked.reaches(entry) and (sketch := states.take(located, entry)) is not None:
            yield states.settled(sketch)


def _offset(located: Located) -> int:
    return int(located.position.rpartition("/")[2])


def lines(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield the lines of files, each sorted, as one sorted row without their ends; a line of each is in memory."""
    with ExitStack() as opened:
        files: list[Iterable[bytes]] = [opened.enter_context(path.open("rb")) for path in paths]
        for line in heapq.merge(*files):
            yield line[:-1]
