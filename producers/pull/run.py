"""Pulling: every row in once, however often the process is killed.

A portion's expenses, its dead letters, its batch and the place where the next one begins are one Kafka transaction.
Killed in between, the next run ends what was left open, reads where the last commit stands and goes on there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Final

from producers.atomic import AtomicPublisher
from producers.bad_row import dead_letter
from producers.batch import batch_closed
from producers.card_feed import sentence, wait
from producers.card_line import CardLine, Holder
from producers.edge import Edge
from producers.feed_rows import FeedRefused
from producers.feeds.record import BadRow
from producers.line_event import line_event
from producers.opening import NOBODY, opening
from producers.publisher import Outgoing, encoded
from producers.pull.source import WHOLE, Portion, Pulled, Source
from schemas.events import PullAdvanced
from schemas.identity import derive
from schemas.topics import PULLS
from streams.client import client_settings
from streams.tail import KafkaTail

__all__ = ["PullReport", "pull", "pull_id"]

_STAGE: Final = "pull"
_TOLD: Final = 100
_TIMEOUT_S: Final = 30.0


@dataclass(slots=True)
class PullReport:
    """What became of a run: `rows` = `events` + `dead_letters`.

    `before` counts the rows of earlier runs of the same name. `totals` are of this run's events, by currency.
    `batches` are the first and the last. `refused` are the parts that could not be read as a whole.
    """

    name: str
    source: str
    before: int = 0
    rows: int = 0
    events: int = 0
    dead_letters: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    batches: tuple[str, ...] = ()
    faults: list[str] = field(default_factory=list)
    remarks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Progress:
    rows: int
    dead_letters: int
    positions: dict[str, str]


def pull_id(tenant: str, name: str, part: str = WHOLE) -> str:
    """Return the id of a pull or of one part of it, under which its progress is kept."""
    return derive(_STAGE, tenant, name, part)


def pull(
    source: Source,
    edge: Edge,
    holder: Holder,
    name: str,
    *,
    again: bool = False,
    lag: Callable[[], int] | None = None,
    pause: Callable[[float], object] | None = None,
    on_rows: Callable[[int], object] | None = None,
) -> PullReport:
    """Pull what earlier runs of this name have not; `again` begins anew: the same rows are the same expenses.

    `lag` gives the records that the stage furthest behind has yet to read; over `settings.lag_bound` it waits.

    Raises:
        FeedRefused: the source cannot be read as a whole, or none of its first rows can be an expense.
        SourceUnavailable, TransportLost, PublishFailed, Superseded: pull again; it goes on where it stopped.

    """
    tenant = holder.tenant
    with AtomicPublisher(
        edge.settings.bootstrap_servers or "", f"spendtrail-pull-{pull_id(tenant, name)}", edge.settings.kafka_options
    ) as sink:
        # Only now: what another process left open was ended by taking its name.
        done = _Progress(0, 0, {}) if again else _progress(edge, tenant, name)
        report = PullReport(name, source.where, before=done.rows)
        for portion in source.portions(
            lambda part: done.positions.get(pull_id(tenant, name, part)), edge, holder, done.rows
        ):
            if lag and pause:
                wait(lag, pause, edge.settings.lag_bound)
            _refuse_nonsense(portion, report)
            _send(portion, sink, edge, holder, report, done.dead_letters)
            if on_rows:
                on_rows(len(portion.rows))
        report.remarks, report.refused = source.remarks(), source.refused()
    return report


def _send(portion: Portion, sink: AtomicPublisher, edge: Edge, holder: Holder, report: PullReport, buried: int) -> None:
    """Commit a portion with its batch and the place behind it. Its records are let go of before the next is read."""
    first = report.before + report.rows + 1
    batch = f"{report.name} {first}-{first + len(portion.rows) - 1}"
    records = list(_records(portion, edge, holder, batch, report))
    # The rows and dead letters as they stand with this portion.
    at = (report.before + report.rows, buried + report.dead_letters)
    sink.commit([*records, *_marks(portion, holder.tenant, report.name, *at, edge)])
    report.batches = (*report.batches[:1], batch) if portion.rows else report.batches


def _progress(edge: Edge, tenant: str, name: str) -> _Progress:
    """Return what earlier runs committed; the topic is compacted, so it holds about one record a pull or object."""
    tail = KafkaTail(
        client_settings(edge.settings.bootstrap_servers or "", edge.settings.kafka_options),
        PULLS.name,
        None,
        None,
        _TIMEOUT_S,
    )
    positions: dict[str, str] = {}
    whole = pull_id(tenant, name)
    rows = dead_letters = 0
    try:
        while chunk := tail.catch_up():
            for record in chunk:
                event = edge.codec.decode(record.value) if record.value else None
                if not isinstance(event, PullAdvanced) or (event.tenant_id, event.source) != (tenant, name):
                    continue
                positions[event.expense_id] = event.position
                if event.expense_id == whole:
                    rows, dead_letters = event.rows, event.dead_letters
    finally:
        tail.close()
    return _Progress(rows, dead_letters, positions)


def _refuse_nonsense(portion: Portion, report: PullReport) -> None:
    """Refuse a map under which not one of the first rows makes sense, before every row becomes a dead letter."""
    faults = [_told(portion, pulled, pulled.line) for pulled in portion.rows if isinstance(pulled.line, BadRow)]
    if not report.before + report.rows and faults and len(faults) == len(portion.rows):
        raise FeedRefused(f"not one of its first {len(faults)} rows can be an expense. The first: {faults[0]}")


def _told(portion: Portion, pulled: Pulled, fault: BadRow) -> str:
    """Return what is wrong with a row, by its key or its line in the object."""
    if pulled.key is None:
        return sentence(portion.where, pulled.record, fault)
    return f"{portion.where}, row {pulled.key}: {fault.column} {fault}".replace(":  ", ": ")


def _records(portion: Portion, edge: Edge, holder: Holder, batch: str, report: PullReport) -> Iterator[Outgoing]:
    digest = sha256(f"{report.name}\x1f{portion.part}".encode()).hexdigest()
    members: set[str] = set()
    for pulled in portion.rows:
        report.rows += 1
        if isinstance(pulled.line, CardLine) and pulled.identity:
            event = line_event(pulled.line, pulled.identity, edge, holder, batch)
            members.add(event.expense_id)
            report.events += 1
            spent = report.totals.get(pulled.line.currency, Decimal(0))
            report.totals[pulled.line.currency] = spent + pulled.line.amount
            yield encoded(event, edge.codec)
        elif isinstance(pulled.line, BadRow):
            report.dead_letters += 1
            if len(report.faults) < _TOLD:
                report.faults.append(_told(portion, pulled, pulled.line))
            yield dead_letter(pulled.record, pulled.line, edge, holder, digest, batch, key=pulled.key)
    subject = edge.pseudonyms.of(holder.tenant, holder.employee_id) if holder.employee_id else NOBODY
    for closed in batch_closed(holder.tenant, holder.ledger, subject, batch, sorted(members), edge.clock()):
        yield encoded(closed, edge.codec)


def _marks(portion: Portion, tenant: str, name: str, rows: int, dead_letters: int, edge: Edge) -> Iterator[Outgoing]:
    """Yield the progress of the pull, and of the part where it has parts."""
    for part in dict.fromkeys((WHOLE, portion.part)):
        position = portion.position if part == portion.part else ""
        event = opening(
            PullAdvanced,
            tenant,
            name,
            part,
            position,
            str(rows),
            tenant=tenant,
            expense_id=pull_id(tenant, name, part),
            at=edge.clock(),
            stage=_STAGE,
            source=name,
            position=position,
            rows=rows,
            dead_letters=dead_letters,
        )
        yield encoded(event, edge.codec)
