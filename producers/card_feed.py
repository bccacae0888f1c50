"""A card feed becomes expenses, one a line: streamed, in constant memory, no line lost.

The file is read to see that it is whole, and read again to publish. What is wrong with the
file as a whole stops before anything is published; a single bad row becomes a dead letter and the rest goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

from producers.bad_row import bury
from producers.batch import batch_closed
from producers.card_line import STAGE, CardLine, Holder, settle
from producers.edge import Edge
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds.formats import choose
from producers.feeds.record import BadRow, Reader, Record
from producers.opening import NOBODY, opening
from producers.spill import Spill
from schemas.events import ExpenseParsed
from schemas.identity import card_line_id
from schemas.lifecycle import State
from schemas.records import Problem
from vault.personal import pack

__all__ = ["Feed", "FeedReport", "send", "survey"]

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
        owner = _owner(holder, self.currency)
        for record in self.reader(_unheard):
            yield record, _settled(record, owner, self.format)


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
    reader, owner = chosen.open(path, given, holder), _owner(holder, given.currency)
    remarks: list[str] = []
    rows, good = 0, False
    fault: tuple[Record, BadRow] | None = None
    for record in reader(remarks.append):
        rows += 1
        # One good row is enough to see that rows can be read at all; sending looks at each.
        settled = None if good else _settled(record, owner, chosen.name)
        if isinstance(settled, BadRow):
            fault = fault or (record, settled)
        elif settled is not None:
            good = True
    if fault and not good:
        raise FeedRefused(f"not one of its {rows} rows can be an expense. The first: {_sentence(path, *fault)}")
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    return Feed(path, chosen.name, reader, rows, sha256, tuple(remarks), given.currency)


def _owner(holder: Holder, currency: str | None) -> Holder:
    # The column map is of this feed; what the holder says is of all their feeds.
    return replace(holder, currency=currency or holder.currency)


def _settled(record: Record, holder: Holder, source: str) -> CardLine | BadRow:
    if isinstance(record.found, BadRow):
        return record.found
    try:
        return settle(record.found, holder, source)
    except BadRow as fault:
        return fault


def _sentence(path: Path, record: Record, fault: BadRow) -> str:
    return f"{path}, line {record.line}: {fault.column} {fault}".replace(":  ", ": ")


@dataclass(slots=True)
class _Alike:
    """Which of several equal lines one is.

    Without a reference, the second coffee of a day is told from the first by being the second. Under one reference,
    equal lines in a row are parts of a purchase; a line that comes again further on is the same, exported twice.
    """

    without_reference: Spill
    last: tuple[str, str] = ("", "")
    run: int = 0

    def ordinal(self, line: str, reference: str) -> int:
        """Note a line once more and return its ordinal, from 1."""
        if not reference:
            return self.without_reference.note(line)
        self.run = self.run + 1 if self.last == (line, reference) else 1
        self.last = (line, reference)
        return self.run


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
        alike = _Alike(coffees)
        for record, line in feed.read(holder):
            if lag and pause and report.rows % _ROWS_BETWEEN_LOOKS == 0:
                _wait(lag, pause, edge.settings.lag_bound)
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


def _wait(lag: Callable[[], int], pause: Callable[[float], object], bound: int) -> None:
    while lag() > bound:
        pause(_PAUSE_S)


def _bad(feed: Feed, record: Record, fault: BadRow, edge: Edge, holder: Holder, report: FeedReport) -> None:
    report.dead_letters += 1
    if len(report.faults) < _TOLD:
        report.faults.append(_sentence(feed.path, record, fault))
    bury(record, fault, edge, holder, feed.sha256, report.batch_id)


def _good(line: CardLine, edge: Edge, holder: Holder, alike: _Alike, members: Spill, report: FeedReport) -> None:
    event = _event(line, edge, holder, report.batch_id, alike)
    edge.publisher.publish(event)
    report.events += 1
    report.repeated += members.note(event.expense_id) > 1
    report.totals[line.currency] = report.totals.get(line.currency, Decimal(0)) + line.amount


def _event(line: CardLine, edge: Edge, holder: Holder, batch_id: str, alike: _Alike) -> ExpenseParsed:
    tenant = holder.tenant
    subject = edge.pseudonyms.of(tenant, line.person)
    account = edge.pseudonyms.of(tenant, line.account) if line.account else subject
    identity = (tenant, account, line.day.isoformat(), line.amount, line.currency, line.merchant)
    who = (tenant, account, line.day, line.currency, line.merchant)
    # 3.2 and 3.20 are one amount.
    ordinal = alike.ordinal("\x1f".join((*map(str, who), f"{line.amount.normalize():f}")), line.reference)
    part = bool(line.reference) and ordinal > 1
    reference = f"{line.reference}#{ordinal}" if part else line.reference or str(ordinal)
    expense_id = card_line_id(*identity, reference)
    key_id = edge.keys.ensure(tenant, subject)
    return opening(
        ExpenseParsed,
        expense_id,
        batch_id,
        tenant=tenant,
        ledger=holder.ledger,
        subject=subject,
        expense_id=expense_id,
        batch_id=batch_id,
        at=edge.clock(),
        stage=STAGE,
        status=State.PARSED,
        problems=(*line.problems, *((_part(ordinal),) if part else ())),
        personal=edge.keys.vault.seal(tenant, subject, expense_id, pack(line.told), key_id=key_id),
        document=None,
        context=line.context,
        facts=line.with_account(account).facts if line.account else line.facts,
        lines=(line.line,),
    )


def _part(ordinal: int) -> Problem:
    return Problem(
        code="REPEATED_ROW",
        message=(
            f"The feed states this line {ordinal} times in a row under one reference. It is part of a purchase booked "
            f"in equal parts, or the same money again; say which."
        ),
        field="invoice_number",
        stage=STAGE,
    )
