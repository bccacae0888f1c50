"""`spendtrail extract`: document to data, without Kafka."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.context import Refused

__all__ = ["add"]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("extract")(extract_files)


def extract_files(
    files: Annotated[list[Path], typer.Argument(help="Documents of any kind.", metavar="FILE...")],
    indent: Annotated[bool, typer.Option(help="Indented, for a person to read.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line; that is the default here.")] = True,
) -> None:
    """Read documents and print one JSON object a line: fields, line items, confidence, problems.

    Exit code 1 when any of them needs a person.
    """
    from documents.extract import extract_bounded  # noqa: PLC0415 - reading takes libraries that no other verb should wait for

    del json
    accepted = True
    for path in files:
        if not path.is_file():
            msg = f"{path}: no such file"
            raise Refused(msg)
        for found in extract_bounded(path.name, path.read_bytes()):
            accepted = accepted and bool(found["accepted"])
            sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2 if indent else 0).decode() + "\n")
            sys.stdout.flush()
    raise typer.Exit(0 if accepted else 1)
