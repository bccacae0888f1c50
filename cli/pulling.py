"""`spendtrail pull`: card lines in, from a database or an object store."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from audit.story import money
from cli.context import Refused, Unreachable, session
from cli.documents import Department, Ledger, Project, Role, Tenant
from cli.feeds import Strict, furthest_behind, given_map, stages_behind
from cli.output import console, errors, say_json
from producers.batch import BatchNameRefused, batch_name
from producers.card_line import Holder
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from schemas.records import Context

if TYPE_CHECKING:
    from producers.pull.run import PullReport
    from producers.pull.source import Source

__all__ = ["add"]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("pull")(pull)


def pull(
    source: Annotated[
        str,
        typer.Argument(
            help="URL of a database (SQLAlchemy) or of a prefix (s3://, gs://, az://, file:///).",
            envvar="SPENDTRAIL_PULL_URL",
        ),
    ],
    table: Annotated[str | None, typer.Option(help="Of a database: table or view, with its schema if need be.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Column that tells rows apart; repeatable. Primary key otherwise.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="Column map, YAML or JSON; of a prefix also the name of a format.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Under which it goes on next time; the source otherwise.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="From the beginning: the same rows, the same expenses.")
    ] = False,
    strict: Strict = False,
    tenant: Tenant = None,
    employee: Annotated[str | None, typer.Option(help="Whose lines they are, where the source does not say.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, where the source has none.")] = None,
    department: Department = None,
    project: Project = None,
    role: Role = None,
    ledger: Ledger = "main",
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Pull card lines in; each row becomes an expense. Killed or run again, it goes on where it stopped.

    A bad row becomes a dead letter and the rest goes on; exit code 1 then, and where an object cannot be read.
    """
    holder = Holder(
        tenant=tenant or session().settings.tenant,
        ledger=ledger,
        employee_id=employee,
        currency=currency,
        context=Context(department=department, project=project, role=role),
    )
    report = _pulled(source, table, key or [], form, name, holder, again=again, strict=strict, quiet=json)
    if json:
        say_json(
            {
                "name": report.name,
                "source": report.source,
                "before": report.before,
                "rows": report.rows,
                "events": report.events,
                "dead_letters": report.dead_letters,
                "totals": report.totals,
                "batches": report.batches,
                "faults": report.faults,
                "remarks": report.remarks,
                "refused": report.refused,
            }
        )
    else:
        _tell(report)
    raise typer.Exit(1 if report.dead_letters or report.refused else 0)


def _pulled(
    url: str,
    table: str | None,
    keys: list[str],
    form: str | None,
    name: str | None,
    holder: Holder,
    *,
    again: bool,
    strict: bool,
    quiet: bool,
) -> "PullReport":
    # Both bring a library that takes a while to load and no other verb needs.
    from producers.atomic import Superseded  # noqa: PLC0415 - see above
    from producers.pull.run import pull as run  # noqa: PLC0415 - see above
    from producers.pull.source import SourceUnavailable  # noqa: PLC0415 - see above

    found = session().within(holder.tenant)
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f} rows"), TimeElapsedColumn())
    try:
        source = _source(url, table, keys, given_map(form, strict=strict), holder)
        chosen = batch_name(name or source.where)
        with (
            found.edge() as edge,
            stages_behind(found) as asked,
            Progress(*columns, console=errors, disable=quiet) as progress,
        ):
            task = progress.add_task("pulled", total=None)
            return run(
                source,
                edge,
                holder,
                chosen,
                again=again,
                lag=lambda: furthest_behind(asked),
                pause=time.sleep,
                on_rows=lambda rows: progress.advance(task, rows),
            )
    except (FeedRefused, BatchNameRefused) as error:
        raise Refused(str(error)) from error
    except (SourceUnavailable, Superseded) as error:
        raise Unreachable(str(error)) from error


def _source(url: str, table: str | None, keys: list[str], given: ColumnMap, holder: Holder) -> "Source":
    from producers.pull.objects import SCHEMES, open_prefix  # noqa: PLC0415 - as above

    scheme, found, _ = url.partition("://")
    if not found:
        hint = f"; for a folder say {Path(url).absolute().as_uri()}" if Path(url).exists() else ""
        raise Refused(f"{url!r} is no URL: name a database or a prefix, for example postgresql:// or s3://{hint}")
    if scheme.casefold() in SCHEMES:
        if table or keys:
            raise Refused("--table and --key go with a database; objects under a prefix are read by their format")
        return open_prefix(url, given)
    if not table:
        raise Refused("--table is missing: name the table or view to pull from the database")
    from producers.pull.table import open_table  # noqa: PLC0415 - as above

    return open_table(url, table, given, holder, keys=keys)


def _tell(report: "PullReport") -> None:
    totals = ", ".join(money(total, currency) for currency, total in sorted(report.totals.items()))
    console.print(
        f"{report.rows} rows behind {report.before} of earlier runs: {report.events} sent"
        f"{f' ({totals})' if totals else ''}, {report.dead_letters} dead-lettered",
        highlight=False,
    )
    for remark in report.remarks:
        errors.print(f"[yellow]note[/yellow] {escape(remark)}", highlight=False)
    for refusal in report.refused:
        errors.print(f"[red]not read[/red] {escape(refusal)}", highlight=False)
    for fault in report.faults:
        errors.print(f"[red]dead letter[/red] {escape(fault)}", highlight=False)
    for batch in report.batches:
        console.print(f"[dim]spendtrail batch {escape(repr(batch))}[/dim]", highlight=False)
