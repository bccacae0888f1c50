"""`spendtrail card-feed`: card lines in."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from audit.story import money
from cli.context import Refused, Session, now, session
from cli.documents import Department, Ledger, Project, Role, Tenant
from cli.output import console, errors, say_json
from consumers.stages import STAGES
from producers.batch import BatchNameRefused, batch_name, new_batch
from producers.card_feed import FeedReport, send, survey
from producers.card_line import Holder
from producers.feed_map import ColumnMap, load_map
from producers.feed_rows import FeedRefused
from producers.feeds.formats import FORMATS
from producers.lag import Lags
from schemas.records import Context

__all__ = ["Strict", "add", "feed_file", "furthest_behind", "given_map", "stages_behind"]


Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a feed over what its totals otherwise only tell of in a note.")
]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("card-feed")(card_feed)


def card_feed(
    file: Annotated[Path, typer.Argument(help="Card transactions, in any of the formats.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"{', '.join(f.name for f in FORMATS)}; or a column map, YAML or JSON. Told by the content otherwise.",
        ),
    ] = None,
    tenant: Tenant = None,
    employee: Annotated[str | None, typer.Option(help="Whose lines they are, where the feed does not say.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, where the feed has none.")] = None,
    department: Department = None,
    project: Project = None,
    role: Role = None,
    ledger: Ledger = "main",
    batch: Annotated[str | None, typer.Option(help="Name of the batch; made up otherwise.")] = None,
    strict: Strict = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Send a card feed in; each transaction becomes an expense. A feed that is not whole is refused before that.

    A bad row becomes a dead letter and the rest goes on; exit code 1 then.
    """
    holder = Holder(
        tenant=tenant or session().settings.tenant,
        ledger=ledger,
        employee_id=employee,
        currency=currency,
        context=Context(department=department, project=project, role=role),
    )
    report = feed_file(file, form, holder, batch, quiet=json, strict=strict)
    if json:
        say_json(
            {
                "batch_id": report.batch_id,
                "format": report.format,
                "rows": report.rows,
                "events": report.events,
                "dead_letters": report.dead_letters,
                "expenses": report.expenses,
                "repeated": report.repeated,
                "totals": report.totals,
                "faults": report.faults,
                "remarks": report.remarks,
            }
        )
    else:
        _tell(report)
    raise typer.Exit(1 if report.dead_letters else 0)


def feed_file(
    file: Path, form: str | None, holder: Holder, batch: str | None, *, quiet: bool, strict: bool = False
) -> FeedReport:
    """Survey and send one feed, showing progress. `form` names a format or a column map.

    Raises:
        Refused: the file as a whole cannot be a feed; nothing was sent.

    """
    found = session().within(holder.tenant)
    try:
        feed = survey(file, given_map(form, strict=strict), holder)
        name = batch_name(batch) if batch is not None else None
    except (FeedRefused, BatchNameRefused, OSError) as error:
        raise Refused(str(error)) from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        found.edge() as edge,
        stages_behind(found) as asked,
        Progress(*columns, console=errors, disable=quiet) as progress,
    ):
        task = progress.add_task("sending", total=feed.rows)
        chosen = name or new_batch(holder.tenant, feed.sha256, now())
        return send(
            feed,
            edge,
            holder,
            chosen,
            lag=lambda: furthest_behind(asked),
            pause=time.sleep,
            on_row=lambda: progress.advance(task),
        )


def given_map(form: str | None, *, strict: bool = False) -> ColumnMap:
    """Return what `--format` and `--strict` say: nothing, the name of a format, or a file with a column map.

    Raises:
        FeedRefused: neither, or the file is no column map.

    """
    names = [f.name for f in FORMATS]
    if form is None or form in names:
        given = ColumnMap(format=form)
    elif Path(form).is_file():
        given = load_map(Path(form))
    else:
        raise FeedRefused(f"--format {form}: is no format ({', '.join(names)}) and no file with a column map")
    return given.model_copy(update={"strict": True}) if strict else given


def stages_behind(found: Session) -> Lags:
    """Return what asks how far the stages are behind."""
    return Lags(found.bootstrap, {s.name: s.reads.name for s in STAGES}, found.settings.kafka_options)


def furthest_behind(asked: Lags) -> int:
    """Return the lag of the stage furthest behind, in records."""
    return max(sum(partitions.values()) for partitions in asked.read().values())


def _tell(report: FeedReport) -> None:
    totals = ", ".join(money(total, currency) for currency, total in sorted(report.totals.items()))
    console.print(
        f"{report.rows} rows: {report.events} sent ({totals}), {report.dead_letters} dead-lettered; "
        f"{report.expenses} expenses, {report.repeated} rows name one of them again",
        highlight=False,
    )
    for remark in report.remarks:
        errors.print(f"[yellow]note[/yellow] {escape(remark)}", highlight=False)
    for fault in report.faults:
        errors.print(f"[red]dead letter[/red] {escape(fault)}", highlight=False)
    console.print(f"[dim]spendtrail batch {escape(report.batch_id)}[/dim] shows how it stands", highlight=False)
