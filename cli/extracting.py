"""`spendtrail extract`: document to data, without Kafka."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.context import Refused, Unreachable, session
from cli.output import errors

__all__ = ["add"]

_MIB: Final = 2**20

Files = Annotated[list[Path], typer.Argument(help="Documents of any kind.", metavar="FILE...")]
Explain = Annotated[
    Path | None,
    typer.Option(help="Folder for a PNG of every page, with a named box around what each field was read from."),
]
Workers = Annotated[int | None, typer.Option(help="Files read side by side; as many as there are cores.", min=1)]
Seconds = Annotated[float | None, typer.Option(help="Time limit of one file; the ocr stage's otherwise.", min=1)]
Memory = Annotated[
    int | None, typer.Option(help="Memory limit of one file in MiB; the ocr stage's otherwise.", min=200)
]
Pages = Annotated[int | None, typer.Option(help="Most pages of one file.", min=1)]
Pixels = Annotated[int | None, typer.Option(help="Most pixels of one page, in millions.", min=1)]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("extract")(extract_files)


def extract_files(
    files: Files,
    explain: Explain = None,
    workers: Workers = None,
    seconds: Seconds = None,
    memory: Memory = None,
    pages: Pages = None,
    pixels: Pixels = None,
    assistant: Annotated[
        bool,
        typer.Option(
            "--assistant",
            help="Ask the model service that the settings name about documents in doubt; their text is sent there.",
        ),
    ] = False,
    indent: Annotated[bool, typer.Option(help="Indented, for a person to read.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line; that is the default here.")] = True,
) -> None:
    """Read documents and print one JSON object a line: fields, line items, confidence, problems.

    Each file is read in a process of its own with limits, and ends as data or as a problem; they come in the order
    given. Exit code 1 when any of them needs a person.
    """
    del json
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        msg = f"{missing}: no such file"
        raise Refused(msg)
    if explain:
        try:
            explain.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"{explain}: is no folder to draw into ({error.strerror}); name another"
            raise Refused(msg) from error
    bounds = _bounds(files, workers, seconds, memory, pages, pixels)
    accepted = _read(files, explain, indent=indent, **_assisted(bounds) if assistant else bounds)
    raise typer.Exit(0 if accepted else 1)


def _bounds(
    files: list[Path],
    workers: int | None,
    seconds: float | None,
    memory: int | None,
    pages: int | None,
    pixels: int | None,
) -> dict[str, Any]:
    """Return the limits of a worker and of a document: those of the ocr stage, unless said otherwise."""
    from consumers.stages import stage_named  # noqa: PLC0415 - no other verb should wait for what reading takes
    from documents.limits import DEFAULT  # noqa: PLC0415 - as above

    stage = stage_named("ocr").limits
    limits = replace(
        stage,
        workers=min(len(files), workers or _cores()),
        seconds=seconds or stage.seconds,
        memory_bytes=memory * _MIB if memory else stage.memory_bytes,
    )
    document = replace(DEFAULT, pages=pages or DEFAULT.pages, pixels=pixels * 1_000_000 if pixels else DEFAULT.pixels)
    return {"limits": limits, "document": document}


def _assisted(bounds: dict[str, Any]) -> dict[str, Any]:
    """Return the bounds with the service that the settings name, and the time that asking it may take."""
    from documents.completions import Service  # noqa: PLC0415 - as above

    settings = session().settings
    if not settings.assistant_url:
        raise Refused("--assistant: no service is named; set SPENDTRAIL_ASSISTANT_URL and SPENDTRAIL_ASSISTANT_MODEL")
    key, wait = settings.assistant_key.get_secret_value(), settings.assistant_timeout_s
    service = Service(settings.assistant_url, key, settings.assistant_model, wait)
    # A file may hold several documents: `consumers.ocr.files` asks until one question's time is spent, and one more.
    limits = replace(bounds["limits"], seconds=bounds["limits"].seconds + 2 * wait)
    return {**bounds, "limits": limits, "service": service}


def _read(
    files: list[Path], explain: Path | None, *, limits: Any, document: Any, indent: bool, service: Any = None
) -> bool:
    from consumers.ocr.crew import read_files  # noqa: PLC0415 - as above
    from consumers.ocr.task import FileTask  # noqa: PLC0415 - as above
    from consumers.runtime.errors import Halted  # noqa: PLC0415 - as above
    from documents.engines import EngineMissing  # noqa: PLC0415 - as above
    from documents.understanding import THRESHOLD  # noqa: PLC0415 - as above

    tasks = [FileTask(path, document, THRESHOLD, explain, service) for path in files]
    accepted = True
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # What goes to standard output must not be caught for the bar's own stream.
    with Progress(*columns, console=errors, transient=True, redirect_stdout=False) as progress:
        reading = progress.add_task("reading", total=len(files))
        try:
            for read in read_files(tasks, limits):
                for found in read.documents:
                    accepted = accepted and bool(found["accepted"])
                    _say(progress, found, indent=indent)
                progress.advance(reading)
        except (EngineMissing, Halted) as error:
            raise Unreachable(str(error)) from error
    return accepted


def _say(progress: Progress, found: dict[str, Any], *, indent: bool) -> None:
    shared = sys.stdout.isatty() and errors.is_terminal
    if shared:
        progress.stop()  # the bar and the answers share a screen: it makes room
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2 if indent else 0).decode() + "\n")
    sys.stdout.flush()
    if shared:
        progress.start()


def _cores() -> int:
    """Return the cores this process may use, which a container bounds below those there are."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
