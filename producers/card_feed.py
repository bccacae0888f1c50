"""A card feed becomes expenses, one a line: streamed, in constant memory, no line lost.

The file is read twice: once to find its notation and to see that it is whole, once to publish. What is wrong with the
file as a whole stops before anything is published; a single bad row becomes a dead letter and the rest goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any

from producers.bad_row import bury
from producers.batch import batch_closed
from producers.card_line import STAGE, BadRow, CardLine, Holder, Notation, read_line
from producers.edge import Edge
from producers.feed_map import REQUIRED, ColumnMap, Columns, FeedField, find_columns
from producers.feed_rows import FeedRefused, Row, Table, open_table, read_rows
from producers.feed_values import DATE_FORMATS, DECIMAL_MARKS, Ambiguous, Ballot, parse_date, parse_money
from producers.opening import NOBODY, opening
from producers.spill import Spill
from schemas.events import ExpenseParsed
from schemas.identity import card_line_id
from schemas.lifecycle import State
from vault.personal import pack

__all__ = ["Feed", "FeedReport", "send", "survey"]

# Bank exports put titles above the header, rarely more than a dozen lines.
_HEADER_WITHIN = 20
# Asking for the lag costs a round trip; a feed publishes this many rows in well under a second.
_ROWS_BETWEEN_LOOKS = 2_000
_PAUSE_S = 1.0
_TOLD = 100


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is whole: where its columns are, how it writes values, and its rows in number, without the header."""

    table: Table
    columns: Columns
    notation: Notation
    given: ColumnMap
    rows: int
    sha256: str

    def read(self) -> Iterator[Row]:
        """Yield the rows below the header."""
        return (row for row in read_rows(self.table) if row.line > self.columns.line)


@dataclass(slots=True)
class FeedReport:
    """What became of a feed: `rows` = `events` + `dead_letters`.

    `expenses` are distinct ones, `repeated` the rows that name one of them again. `totals` are of the events, by
    currency. `faults` are the first hundred bad rows, one sentence each.
    """

    batch_id: str
    rows: int = 0
    events: int = 0
    dead_letters: int = 0
    expenses: int = 0
    repeated: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def survey(path: Path, given: ColumnMap, holder: Holder) -> Feed:
    """Read a feed once without publishing: its columns, its notation, and whether it is whole.

    Raises:
        FeedRefused: no header, a column renamed, a notation that could be either of two, no currency, nobody named,
            or no text at all. The message names file, column and remedy.

    """
    table = open_table(path, given.delimiter)
    columns = _header(table, given)
    _complete(path, columns, given, holder)
    dates = Ballot((given.date_format,) if given.date_format else DATE_FORMATS, parse_date)
    marks = Ballot((given.decimal,) if given.decimal else DECIMAL_MARKS, parse_money)
    rows = 0
    for row in read_rows(table):
        if row.line > columns.line:
            rows += 1
            dates.note(columns.cell(row.cells, "date"))
            marks.note(columns.cell(row.cells, "amount"))
    if not rows:
        raise FeedRefused(f"{path}: has a header and no rows; export the feed again")
    notation = Notation(
        _decided(path, columns, "date", dates, "date_format"), _decided(path, columns, "amount", marks, "decimal")
    )
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    return Feed(table, columns, notation, given, rows, sha256)


def _header(table: Table, given: ColumnMap) -> Columns:
    seen = list(islice(read_rows(table), _HEADER_WITHIN))
    found = (find_columns(table.path, row.cells, row.line, given) for row in seen)
    columns = next((c for c in found if c is not None), None)
    if columns is None:
        raise FeedRefused(
            f"{table.path}: no header with columns for {', '.join(REQUIRED)} in the first {_HEADER_WITHIN} lines; it "
            f"begins with {', '.join(map(repr, seen[0].cells))}. Name the columns in a map"
        )
    return columns


def _complete(path: Path, columns: Columns, given: ColumnMap, holder: Holder) -> None:
    if "currency" not in columns.at and not (given.currency or holder.currency):
        raise FeedRefused(f"{path}: has no column for the currency; name one for the whole feed")
    if not {"employee", "account"} & set(columns.at) and not holder.employee_id:
        raise FeedRefused(f"{path}: has no column for employee or card account; name an employee for the whole feed")


def _decided(path: Path, columns: Columns, name: FeedField, ballot: Ballot[Any], setting: str) -> str:
    try:
        decided = ballot.decide()
    except Ambiguous as error:
        raise FeedRefused(
            f"{path}, column {columns.name(name)!r}: {error} and nothing in the column tells which; "
            f"say {setting} in the column map"
        ) from error
    if decided is None:
        raise FeedRefused(
            f"{path}, column {columns.name(name)!r}: not one cell can be read as {name}; "
            f"is it the right column? If so, say {setting} in the column map"
        )
    return decided


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
    report = FeedReport(batch_id)
    with Spill() as members, Spill() as alike:
        for row in feed.read():
            if lag and pause and report.rows % _ROWS_BETWEEN_LOOKS == 0:
                _wait(lag, pause, edge.settings.lag_bound)
            report.rows += 1
            _row(feed, row, edge, holder, alike, members, report)
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


def _row(feed: Feed, row: Row, edge: Edge, holder: Holder, alike: Spill, members: Spill, report: FeedReport) -> None:
    try:
        line = read_line(row, feed.columns, feed.notation, feed.given, holder)
    except BadRow as error:
        report.dead_letters += 1
        if len(report.faults) < _TOLD:
            report.faults.append(f"{feed.table.path}, line {row.line}: {error.column} {error}".replace(":  ", ": "))
        bury(row, error, edge, holder, feed.sha256, report.batch_id)
        return
    event = _event(line, edge, holder, report.batch_id, alike)
    edge.publisher.publish(event)
    report.events += 1
    report.repeated += members.note(event.expense_id) > 1
    report.totals[line.currency] = report.totals.get(line.currency, Decimal(0)) + line.amount


def _event(line: CardLine, edge: Edge, holder: Holder, batch_id: str, alike: Spill) -> ExpenseParsed:
    tenant = holder.tenant
    subject = edge.pseudonyms.of(tenant, line.person)
    account = edge.pseudonyms.of(tenant, line.account) if line.account else subject
    who = (tenant, account, line.day.isoformat(), line.amount, line.currency, line.merchant)
    # Without a reference, the second coffee of a day is told from the first by being the second.
    reference = line.reference or str(alike.note("\x1f".join(map(str, who))))
    expense_id = card_line_id(*who, reference)
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
        problems=line.problems,
        personal=edge.keys.vault.seal(tenant, subject, expense_id, pack(line.told), key_id=key_id),
        document=None,
        context=line.context,
        facts=line.with_account(account).facts if line.account else line.facts,
        lines=(line.line,),
    )
