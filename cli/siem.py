"""`spendtrail audit export`: the audit log as JSON lines, for a SIEM or for an auditor's own program."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from audit.alteration import Alteration
from audit.entry import Entry
from audit.siem import line
from audit.verify import Located
from cli import auditlog
from cli.context import Unreachable, session
from cli.inputs import Inputs
from cli.instants import instant
from cli.output import as_json, console, say_json
from schemas.topics import AUDIT_LOG

__all__ = ["export"]


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, one JSON object a line.")],
    start: Annotated[str | None, typer.Option("--from", help="Known from this moment or day on, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Known before this moment or day, UTC.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="With the bytes under each hash, for a verifier of one's own.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Write every entry of the audit log as a line of JSON: what, when, where, source, outcome and who.

    The fields are in the reference of audit formats. Nothing personal is in them but pseudonyms.
    """
    first, last = (instant("--from", start) if start else None), (instant("--to", end) if end else None)
    found = session()
    opener = auditlog.codec(found)
    alterations: list[Alteration] = []

    def entries() -> Iterator[tuple[Located, Entry]]:
        for located in auditlog.sift(auditlog.records(found, AUDIT_LOG, quiet=json), opener, alterations):
            if alterations:
                raise Unreachable(f"{alterations[0].message}; `spendtrail audit verify` says what else is wrong")
            yield located, auditlog.entry_of(located)

    def lines(inputs: Inputs) -> Iterator[str]:
        # What was handled may be in another partition, or behind: the log is read once for hashes, then for lines.
        for _, entry in entries():
            inputs.take(entry)
        for located, entry in entries():
            inputs.take(entry)
            known = entry.recorded_at
            if (first and known < first) or (last and known >= last) or tenant not in {None, entry.tenant_id}:
                continue
            written = located.sealed.output
            event = auditlog.decode(opener, written) if written else None
            yield as_json(line(located, entry, event, inputs.of(entry), sealed=sealed)) + "\n"

    number = 0
    with output.open("w", encoding="utf-8") as file, closing(Inputs()) as inputs:
        for each in lines(inputs):
            file.write(each)
            number += 1
    if json:
        say_json({"entries": number, "file": str(output)})
    else:
        console.print(f"{output}: {number} entries", highlight=False)
