"""`spendtrail run`: one replica of a stage, or one service, in the foreground."""

import os
from typing import Annotated

import typer

from cli.context import Refused, session
from cli.plan import service_command, stage_command
from consumers.stages import STAGES

__all__ = ["add"]

_SERVICES = ("upload", "ticker")


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("run")(run)


def run(
    stage: Annotated[str, typer.Argument(help=f"{', '.join(s.name for s in STAGES)}; or upload, ticker.")],
    instance: Annotated[
        str | None, typer.Option(help="Name of this replica: unique per stage, the same after a restart.")
    ] = None,
) -> None:
    """Run one replica until SIGTERM or Ctrl-C. Start it again with another --instance for more replicas.

    Partitions are the ceiling: a replica beyond the topic's partitions stays idle.
    """
    names = [s.name for s in STAGES]
    if stage not in (*names, *_SERVICES):
        msg = f"no stage {stage!r}; there are {', '.join((*names, *_SERVICES))}"
        raise Refused(msg)
    environment = {**os.environ, **session().environment()}
    if instance:
        environment["SPENDTRAIL_INSTANCE"] = instance
    command = stage_command(stage) if stage in names else service_command(stage)
    os.execve(command[0], command, environment)  # noqa: S606 - becomes the stage: signals reach it, no shell between
