"""`spendtrail audit replay`: the state of every expense at a moment, and from there on as it is sealed."""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from audit.reconstruct import Expense
from audit.sketch import Sketch
from audit.story import money
from cli import auditlog, columns, partitions
from cli.context import Refused, Session, session
from cli.folding import Question, States, begin, changing, folded, lines
from cli.instants import instant, utc
from cli.output import as_line, console, table
from cli.partitions import Workers
from cli.shelf import Shelf
from schemas.topics import AUDIT_LOG

__all__ = ["replay"]

_COLUMNS: Final = ("Expense", "State", "Revision", "Total", "Outcome", "Last step (UTC)")
_PAGE: Final = 1_000
"""Rows that are drawn at once: a table's columns are as wide as its widest row, so all of them are in memory."""


class Form(StrEnum):
    """How states are given out."""

    TABLE = "table"
    JSON = "json"
    PARQUET = "parquet"


def replay(
    as_of: Annotated[str, typer.Option(help="Moment in ISO 8601, UTC unless it has a zone: 2026-03-14T10:02:00Z.")],
    event_time: Annotated[
        bool, typer.Option("--event-time", help="By when things happened, not by when the log knew of them.")
    ] = False,
    expense: Annotated[str, typer.Option(help="Only expenses whose id begins so.")] = "",
    batch: Annotated[str | None, typer.Option(help="Only expenses of this batch.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what was sealed after that moment, until interrupted.")
    ] = False,
    form: Annotated[
        Form, typer.Option("--format", help="table; json: an object an expense, with everything known; parquet.")
    ] = Form.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="parquet: the file to write.")] = None,
    workers: Workers = 0,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Rebuild the state of every expense as it was at a moment, that moment included, from the audit log alone.

    With --follow each expense is shown again whenever an entry changes it, in the order of the log.
    """
    asked = Question(instant("--as-of", as_of), event_time, expense, batch, tenant)
    form = Form.JSON if json and form == Form.TABLE else form
    _refuse(form, output, json=json, follow=follow, event_time=event_time)
    found, json = session(), form == Form.JSON
    if follow:
        _follow(found, asked, json=json)
        return
    with tempfile.TemporaryDirectory(prefix="spendtrail-replay-") as folder:
        shown: Callable[[Expense], bytes] = _row if form == Form.TABLE else as_line
        given = (AUDIT_LOG, asked, shown, Path(folder))
        paths = partitions.each(found, AUDIT_LOG, workers, folded, *given, quiet=json)
        if output is None:
            _say(lines(paths), asked, json=json)
        else:
            _write(output, lines(paths))


def _refuse(form: Form, output: Path | None, *, json: bool, follow: bool, event_time: bool) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if follow and event_time:
        raise Refused("--follow goes on in the order the log knew of things; leave --event-time out")
    if json and form != Form.JSON:
        raise Refused(f"--json and --format {form.value} are two answers; give one of them")
    if follow and form == Form.PARQUET:
        raise Refused("--follow has no end and a Parquet file needs one; take --format json")
    if (form == Form.PARQUET) != (output is not None):
        raise Refused("--format parquet and --output FILE go together; what is printed can be redirected")


def _write(path: Path, found: Iterable[bytes]) -> None:
    try:
        number = columns.write(path, found)
    except OSError as error:
        raise Refused(f"--output {path}: {error.strerror or error}; name a file that can be written") from error
    console.print(f"{path}: {number} expenses", highlight=False)


def _say(found: Iterable[bytes], asked: Question, *, json: bool) -> None:
    if json:
        for line in found:
            sys.stdout.write(line.decode() + "\n")
        return
    title, counts = f"As of {utc(asked.moment)}", Counter[str]()
    rows: Iterator[list[str]] = map(orjson.loads, found)
    while (page := list(islice(rows, _PAGE))) or title:
        table(title, _COLUMNS, page, right=["Revision", "Total"])
        counts.update(row[1] for row in page)
        title = ""
    told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    console.print(f"{counts.total()} expenses{f': {told}' if told else ''}", highlight=False)


def _row(found: Expense) -> bytes:
    facts = found.facts
    total = money(facts.total, facts.currency) if facts else ""
    last = f"{found.recorded_at:%Y-%m-%d %H:%M:%S}"
    return orjson.dumps((found.expense_id, found.state or "", str(found.revision), total, found.outcome or "", last))


def _follow(found: Session, asked: Question, *, json: bool) -> None:
    """Show every expense as of the moment, then each that a later entry changes, until interrupted."""
    codec = auditlog.codec(found)
    with Shelf[Sketch]() as shelf:
        states = States(codec, asked, shelf)
        rest = begin(auditlog.records(found, AUDIT_LOG, quiet=json), codec, asked, states)
        _say(map(as_line if json else _row, states.all()), asked, json=json)
        with suppress(KeyboardInterrupt):
            for chunk in auditlog.following(found, AUDIT_LOG, rest):
                for each in changing(chunk, codec, asked, states):
                    sys.stdout.write((as_line(each).decode() if json else "  ".join(orjson.loads(_row(each)))) + "\n")
                sys.stdout.flush()
