"""The `spendtrail` command."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from rich.markup import escape

from cli.context import UNREACHABLE, UP, Refused, Unreachable
from cli.output import errors
from devstack.stack import StackError
from devstack.supervisor import SupervisorError
from producers.provisioning import ProvisioningFailed

__all__ = ["app", "run"]

# Verb -> module that adds it, in the order the help shows them. Only the module of the verb asked for is imported:
# all of them together cost a second.
_VERBS: Final = {
    "up": "stacking",
    "down": "stacking",
    "status": "stacking",
    "prepare": "preparing",
    "run": "serving",
    "upload": "documents",
    "card-feed": "feeds",
    "pull": "pulling",
    "watch": "watching",
    "extract": "extracting",
    "show": "looking",
    "list": "looking",
    "batch": "looking",
    "review": "reviews",
    "dlq": "letters",
    "policy": "policies",
    "audit": "trail",
    "drill": "archiving",
    "demo": "demo",
    "bench": "benching",
}


class _Verbs(typer.core.TyperGroup):
    """The verbs by name, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the help's order."""
        del ctx
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb, None where there is none of that name; then all are known, so that one can be suggested."""
        if cmd_name not in self.commands:
            for module in {_VERBS[cmd_name]} if cmd_name in _VERBS else set(_VERBS.values()):
                self.commands.update(_verbs_of(module))
        return super().get_command(ctx, cmd_name)


def _verbs_of(module: str) -> Mapping[str, Any]:
    verbs = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
    import_module(f"cli.{module}").add(verbs)
    return typer.main.get_group(verbs).commands


app = typer.Typer(
    cls=_Verbs,
    name="spendtrail",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _about() -> None:
    """Audits what a company spends: documents and card lines in, postings or reviews out, every step provable."""


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
    except UNREACHABLE as error:
        errors.print(f"[red]spendtrail:[/red] {escape(str(error))}. {UP}")
        sys.exit(1)


if __name__ == "__main__":
    run()
