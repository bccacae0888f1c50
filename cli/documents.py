"""`spendtrail upload`: documents in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.context import Refused, now, session
from cli.output import console, errors, say_json
from producers.batch import BatchNameRefused, batch_name, new_batch
from producers.door import DocumentRefused, Submitter
from producers.upload import Received, Upload, files_in
from producers.upload import Refused as Stayed
from schemas.records import Context

__all__ = [
    "Country",
    "Department",
    "Ledger",
    "Locality",
    "Project",
    "Role",
    "Tenant",
    "add",
    "submitter_of",
    "upload_files",
]

Tenant = Annotated[str | None, typer.Option(help="Tenant; SPENDTRAIL_TENANT otherwise.")]
Employee = Annotated[str, typer.Option(help="Employee id the expense belongs to; in Kafka only as a pseudonym.")]
Department = Annotated[str | None, typer.Option(help="Department or cost centre.")]
Project = Annotated[str | None, typer.Option(help="Project.")]
Role = Annotated[str | None, typer.Option(help="Role or grade that limits depend on.")]
Country = Annotated[str | None, typer.Option(help="Country of the spend, ISO 3166-1 alpha-2.")]
Locality = Annotated[str | None, typer.Option(help="City with state, county or ZIP of the spend; per diems need it.")]
Trip = Annotated[str | None, typer.Option(help="Trip it belongs to, as your organisation calls it.")]
Attendees = Annotated[int | None, typer.Option(help="How many people it was spent on.", min=1)]
Ledger = Annotated[str, typer.Option(help="Legal entity of the tenant.")]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("upload")(upload)


def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", metavar="PATH...")],
    tenant: Tenant = None,
    employee: Employee = "E-0001",
    department: Department = None,
    project: Project = None,
    role: Role = None,
    country: Country = None,
    locality: Locality = None,
    trip: Trip = None,
    attendees: Attendees = None,
    ledger: Ledger = "main",
    batch: Annotated[str | None, typer.Option(help="Name of the batch; made up otherwise.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a document.")] = False,
) -> None:
    """Send documents in; each becomes an expense.

    The same file of the same person is one expense however often it is sent; a file of several documents becomes as
    many expenses, which `batch` and `list --batch` show. Exit code 2 when any is refused.
    """
    context = Context(
        department=department,
        project=project,
        role=role,
        country=country,
        locality=locality,
        trip=trip,
        attendees=attendees,
    )
    submitter = submitter_of(tenant, employee, ledger, context)
    answers = upload_files(paths, submitter, batch, json=json)
    if any(isinstance(answer, Stayed) for answer in answers):
        raise typer.Exit(2)


def submitter_of(tenant: str | None, employee: str, ledger: str, context: Context) -> Submitter:
    """Return who submits.

    Raises:
        Refused: tenant or employee do not fit.

    """
    try:
        name = tenant or session().settings.tenant
        return Submitter(tenant=name, employee_id=employee, ledger=ledger, context=context)
    except DocumentRefused as error:
        raise Refused(str(error)) from error


def upload_files(paths: list[Path], submitter: Submitter, batch: str | None, *, json: bool) -> list[Received | Stayed]:
    """Upload, showing progress, and return what became of each file.

    Raises:
        Refused: a path does not exist, or the batch name does not fit.

    """
    try:
        files = list(files_in(paths))
        name = batch_name(batch) if batch is not None else None
    except (DocumentRefused, BatchNameRefused) as error:
        raise Refused(str(error)) from error
    if not files:
        msg = f"{', '.join(map(str, paths))}: there is no file to upload"
        raise Refused(msg)
    answers: list[Received | Stayed] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        session().within(submitter.tenant).edge() as edge,
        Progress(*columns, console=errors, disable=json) as progress,
    ):
        chosen = name or new_batch(submitter.tenant, edge.door.subject(submitter), now())
        task = progress.add_task("uploading", total=len(files))
        with Upload(edge.door, edge.publisher, submitter, chosen, clock=now) as batch_open:
            for path in files:
                answers.append(batch_open.add(path))
                _say(answers[-1], json=json)
                progress.advance(task)
    if not json:
        sent = sum(isinstance(answer, Received) for answer in answers)
        console.print(f"{sent} of {len(files)} documents sent as batch {escape(chosen)}", highlight=False)
        if sent:
            console.print(f"[dim]spendtrail batch {escape(chosen)}[/dim] shows how it stands", highlight=False)
    return answers


def _say(answer: Received | Stayed, *, json: bool) -> None:
    if json:
        say_json(answer)
    elif isinstance(answer, Stayed):
        errors.print(f"[red]refused[/red] {escape(answer.reason)}", highlight=False)
