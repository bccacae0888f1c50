"""`spendtrail watch`: a folder whose documents go in by themselves."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.context import Refused, session
from cli.documents import Department, Ledger, Project, Role, Tenant, submitter_of
from cli.output import console
from producers.stopping import stop_on_signals
from producers.watch import watch as watch_folder
from schemas.records import Context

__all__ = ["add"]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("watch")(watch)


def watch(
    folder: Annotated[Path, typer.Argument(help="Folder to watch.")],
    tenant: Tenant = None,
    employee: Annotated[str, typer.Option(help="Employee id the expenses belong to.")] = "E-0001",
    department: Department = None,
    project: Project = None,
    role: Role = None,
    ledger: Ledger = "main",
) -> None:
    """Upload what is put into a folder, then move it to `done/`; refused files go to `refused/` with the reason."""
    submitter = submitter_of(tenant, employee, ledger, Context(department=department, project=project, role=role))
    if not folder.is_dir():
        msg = f"{folder}: is no folder"
        raise Refused(msg)
    with session().within(submitter.tenant).edge() as edge:
        console.print(f"watching {escape(str(folder))}; Ctrl-C ends it")
        watch_folder(folder, edge, submitter, stop_on_signals())
