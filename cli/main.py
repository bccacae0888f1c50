"""The `spendtrail` command."""

import sys

import typer
from rich.markup import escape

from cli import (
    benching,
    demo,
    documents,
    extracting,
    feeds,
    letters,
    looking,
    policies,
    preparing,
    reviews,
    serving,
    stacking,
    trail,
    watching,
)
from cli.context import Refused, Unreachable
from cli.output import errors
from devstack.stack import StackError
from devstack.supervisor import SupervisorError
from producers.provisioning import ProvisioningFailed

__all__ = ["app", "run"]

app = typer.Typer(
    name="spendtrail",
    help="Audits what a company spends: documents and card lines in, postings or reviews out, every step provable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
stacking.add(app)
preparing.add(app)
serving.add(app)
documents.add(app)
feeds.add(app)
watching.add(app)
extracting.add(app)
looking.add(app)
reviews.add(app)
letters.add(app)
policies.add(app)
trail.add(app)
demo.add(app)
benching.add(app)


def run() -> None:
    """Run the command line: exit code 0 done, 1 failed or not so, 2 bad input."""
    try:
        app()
    except Refused as error:
        errors.print(f"[red]spendtrail:[/red] {escape(str(error))}")
        sys.exit(2)
    except (StackError, SupervisorError, Unreachable, ProvisioningFailed) as error:
        errors.print(f"[red]spendtrail:[/red] {escape(str(error))}")
        sys.exit(1)


if __name__ == "__main__":
    run()
