"""A card feed becomes expenses, one a line: streamed, in constant memory, no line lost.

The file is read to see that it is whole, and read again to publish. What is wrong with the
file as a whole stops before anything is published; a single bad row becomes a dead letter and the rest goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

from producers.bad_row import dead_letter
from producers.batch import batch_closed
from producers.card_line import CardLine, Holder, settle
from producers.edge import Edge
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds.formats import choose
from producers.feeds.record import BadRow, Reader, Record
from producers.line_event import Alike, identity_of, line_event
from producers.opening import NOBODY
from producers.spill import Spill

__all__ = ["Feed", "FeedReport", "owner_of", "send", "sentence", "settled", "survey", "wait"]

# Asking for the lag costs a round trip; a feed publishes this many rows in well under a second.
_ROWS_BETWEEN_LOOKS = 2_000
_PAUSE_S = 1.0
_TOLD = 100


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is whole: how it is read, the number of its rows, and what the operator should know of it."""

    path: Path
    format: str
    reader: Reader
    rows: int
    sha256: str
    remarks: tuple[str, ...]
    currency: str | None

    def read(self, holder: Holder) -> Iterator[tuple[Record, CardLine | BadRow]]:
        """Yield every record with the line it makes, or with its fault."""
        owner = owner_of(holder, self.currency)
        for record in self.reader(_unheard):
            yield record, settled(record, owner, self.format)


def _unheard(remark: str) -> None:
    del remark  # the survey has told it


@dataclass(slots=True)
class FeedReport:
    """What became of a feed: `rows` = `events` + `dead_letters`.

    `expenses` are distinct ones, `repeated` the rows that name one of them again. `totals` are of the events, by
    currency. `faults` are the first hundred bad rows, one sentence each; `remarks` what else the operator should know.
    """

    batch_id: str
    format: str = ""
    rows: int = 0
    events: int = 0
    dead_letters: int = 0
    expenses: int = 0
    repeated: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: tuple[str, ...] = ()


def survey(path: Path, given: ColumnMap, holder: Holder) -> Feed:
    """Read a feed once without publishing: its format, its notation, whether it is whole and what its trailer says.

    Raises:
        FeedRefused: it cannot be read as a whole, its own totals say it is not all there, or not one of its rows can
            become an expense. The message names file, place and remedy.

    """
    chosen = choose(path, given.format)
    reader, owner = chosen.open(path, given, holder), owner_of(holder, given.currency)
    remarks: list[str] = []
    rows, good = 0, False
    fault: tuple[Record, BadRow] | None = None
    for record in reader(remarks.append):
        rows += 1
        # One good row is enough to see that rows can be read at all; sending looks at each.
        line = None if good else settled(record, owner, chosen.name)
        if isinstance(line, BadRow):
            fault = fault or (record, line)
        elif line is not None:
            good = True
    if fault and not good:
        raise FeedRefused(f"not one of its {rows} rows can be an expense. The first: {sentence(path, *fault)}")
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    return Feed(path, chosen.name, reader, rows, sha256, tuple(remarks), given.currency)


def owner_of(holder: Holder, currency: str | None) -> Holder:
    """Return the holder with the currency of a column map: that is of this feed, what the holder says of all."""
    return replace(holder, currency=currency or holder.currency)


def settled(record: Record, holder: Holder, source: str) -> CardLine | BadRow:
    """Return the line that a record makes, or its fault; `source` names the format."""
    if isinstance(record.found, BadRow):
        return record.found
    try:
        return settle(record.found, holder, source)
    except BadRow as fault:
        return fault


def sentence(path: Path | str, record: Record, fault: BadRow) -> str:
    """Return what is wrong with a record, for an operator."""
    return f"{path}, line {record.line}: {fault.column} {fault}".replace(":  ", ": ")


def send(
    feed: Feed,
    edge: Edge,
    holder: Holder,
    batch_id: str,
    *,
    lag: Callable[[], int] | None = None,
    pause: Callable[[float], object] | None = None,
    on_row: Callable[[], object] = lambda: None,
) -> FeedReport:
    """Publish a feed and close its batch; returns when the brokers have everything.

    `lag` gives the records that the stage furthest behind has yet to read; over `settings.lag_bound` the feed waits,
    calling `pause` with seconds in between. Sent again after a failure, the same rows are the same expenses.

    Raises:
        TransportLost, PublishFailed, RegistryUnavailable: what it needs does not answer; send the feed again.

    """
    report = FeedReport(batch_id, feed.format, remarks=feed.remarks)
    with Spill() as members, Spill() as coffees:
        alike = Alike(coffees)
        for record, line in feed.read(holder):
            if lag and pause and report.rows % _ROWS_BETWEEN_LOOKS == 0:
                wait(lag, pause, edge.settings.lag_bound)
            report.rows += 1
            if isinstance(line, BadRow):
                _bad(feed, record, line, edge, holder, report)
            else:
                _good(line, edge, holder, alike, members, report)
            on_row()
        report.expenses = len(members)
        subject = edge.pseudonyms.of(holder.tenant, holder.employee_id) if holder.employee_id else NOBODY
        for event in batch_closed(holder.tenant, holder.ledger, subject, batch_id, members, edge.clock()):
            edge.publisher.publish(event)
    edge.publisher.flush()
    return report


def wait(lag: Callable[[], int], pause: Callable[[float], object], bound: int) -> None:
    """Return once the stage furthest behind is no further behind than `bound` records."""
    while lag() > bound:
        pause(_PAUSE_S)


def _bad(feed: Feed, record: Record, fault: BadRow, edge: Edge, holder: Holder, report: FeedReport) -> None:
    report.dead_letters += 1
    if len(report.faults) < _TOLD:
        report.faults.append(sentence(feed.path, record, fault))
    edge.publisher.send(*dead_letter(record, fault, edge, holder, feed.sha256, report.batch_id))


def _good(line: CardLine, edge: Edge, holder: Holder, alike: Alike, members: Spill, report: FeedReport) -> None:
    identity = identity_of(line, edge, holder, alike)
    event = line_event(line, identity, edge, holder, report.batch_id)
    edge.publisher.publish(event)
    report.events += 1
    report.repeated += members.note(event.expense_id) > 1
    report.totals[line.currency] = report.totals.get(line.currency, Decimal(0)) + line.amount
