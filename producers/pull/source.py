"""What is pulled, whatever it is pulled from: portions of rows, each with the place where the next one begins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from producers.card_line import CardLine, Holder
from producers.edge import Edge
from producers.feeds.record import BadRow, Record
from producers.line_event import Identity

__all__ = ["PORTION", "WHOLE", "At", "Portion", "Pulled", "Source", "SourceUnavailable"]

# Rows that are in Kafka together or not at all. They are held in memory as events, about 15 MiB.
PORTION: Final = 10_000
# The part of a source that is not made of parts.
WHOLE: Final = ""


class SourceUnavailable(ConnectionError):
    """A database or object store does not answer. What was pulled so far is in; pull again and it goes on there."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One row: the line it makes or its fault, and who it is. `key` is the row's own, where its source gives it one."""

    record: Record
    line: CardLine | BadRow
    identity: Identity | None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows that go in together. `position` is where the part goes on behind them, `where` what an operator calls it."""

    rows: tuple[Pulled, ...]
    position: str
    part: str
    where: str


# The position of a part, None where nothing of it was pulled yet.
At = Callable[[str], str | None]


class Source(Protocol):
    """Something to pull from. `where` names it without user or password."""

    @property
    def where(self) -> str:
        """What messages call it."""

    def portions(self, at: At, edge: Edge, holder: Holder, before: int) -> Iterator[Portion]:
        """Yield what lies behind the position of each part; `before` rows were read in earlier runs.

        Raises:
            FeedRefused: it cannot be read as a whole.
            SourceUnavailable: it does not answer.

        """

    def remarks(self) -> tuple[str, ...]:
        """Say what else the operator should know, once all portions were read."""

    def refused(self) -> tuple[str, ...]:
        """Say which parts could not be read as a whole, and why; the next pull tries them again."""
