"""Verbs of the command line run in this process."""

from collections.abc import Callable
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from cli.context import Refused

__all__ = ["Run", "refusal", "runner"]

Run = Callable[..., Result]


def runner(add: Callable[[typer.Typer], None], group: str) -> Run:
    """Return a function that runs a group of verbs, as `add` adds it, with words."""
    app = typer.Typer()
    add(app)

    def invoke(*words: str | Path) -> Result:
        return CliRunner().invoke(app, [group, *map(str, words)])

    return invoke


def refusal(result: Result) -> str:
    """Return why a command refused; it becomes exit code 2 at the top."""
    assert isinstance(result.exception, Refused), (result.output, result.exception)
    return str(result.exception)
