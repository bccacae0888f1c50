"""`spendtrail audit redo`: deciding again what was decided, and comparing byte for byte."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated

import typer
from rich.markup import escape

from audit.alteration import Alteration
from audit.verify import Located
from cli import auditlog
from cli.context import Refused, session
from cli.output import console, say_json, table
from consumers.redo import Inputs, NotRedoable
from policy.errors import PolicyError
from policy.snapshot import Snapshot
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.events import PolicyPublished
from schemas.topics import AUDIT_LOG, POLICIES

__all__ = ["Redone", "redo", "redone"]

_SHOWN = 20
_TAKEN = frozenset({"ExpenseCoded", "ExpenseEvaluated", "ExpenseDecided"})


@dataclass(frozen=True, slots=True)
class Redone:
    """One decision made again: whether it is the same to the last byte, and if not, what differs or is missing."""

    expense_id: str
    sequence: int
    action: str
    same: bool
    why: str = ""


def redo(
    expense: Annotated[str, typer.Argument(help="Expense id, or a beginning of it; none: every expense.")] = "",
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Make every decision again from the recorded inputs and policy, and compare byte for byte.

    Exit code 1 when one differs, or cannot be made again.
    """
    found = session()
    opener = auditlog.codec(found)
    snapshots = _snapshots(auditlog.decoded(auditlog.records(found, POLICIES, quiet=True), opener))
    alterations: list[Alteration] = []
    log = (
        record
        for record in auditlog.records(found, AUDIT_LOG, quiet=json)
        if (record.key or b"").startswith(f"e/{expense}".encode())
    )
    number, others = 0, []
    for each in redone(auditlog.sift(log, opener, alterations), opener, snapshots):
        number += 1
        if not each.same:
            others.append(each)
    if not number and expense:
        raise Refused(f"the audit log has no decision about an expense that begins with {expense!r}")
    if json:
        say_json({"decisions": number, "identical": number - len(others), "others": others})
    else:
        rows = [(o.expense_id, o.sequence, o.action, escape(o.why)) for o in others[:_SHOWN]]
        if rows:
            table("Not the same", ["Expense", "Entry", "Decision", "Why"], rows, right=["Entry"])
        console.print(f"{number} decisions made again, {number - len(others)} identical", highlight=False)
    raise typer.Exit(1 if others or alterations else 0)


def redone(entries: Iterable[Located], opener: Codec, snapshots: Mapping[str, Snapshot]) -> Iterator[Redone]:
    """Yield every decision of the entries, made again.

    Memory grows with the number of expenses: what each was decided from is kept.

    Raises:
        LogDamaged: an event cannot be decoded.
        Unreachable: the registry does not answer.

    """
    inputs: dict[str, Inputs] = {}
    for located in entries:
        sealed = located.sealed
        entry = auditlog.entry_of(located)
        if entry.action not in _TAKEN or not sealed.output:
            continue
        event = auditlog.decode(opener, sealed.output)
        known = inputs.setdefault(sealed.expense_id, Inputs.under(snapshots))
        try:
            again = known.again(event, entry.cause_id)
        except NotRedoable as error:
            yield Redone(sealed.expense_id, sealed.sequence, entry.action, same=False, why=str(error))
        else:
            if again is not None:
                why = _difference(opener, event, sealed.output, again)
                yield Redone(sealed.expense_id, sealed.sequence, entry.action, same=not why, why=why)
        known.take(event)


def _difference(opener: Codec, event: Event, output: bytes, again: Event) -> str:
    """Return what differs, nothing where the bytes are the same."""
    if opener.encode(again) == output:
        return ""
    names = [f.name for f in fields(event) if getattr(event, f.name) != getattr(again, f.name)]
    # A schema that has grown since is written under another id; what it says may still be the same.
    return f"differs in {', '.join(names)}" if names else ""


def _snapshots(published: Iterable[Event]) -> dict[str, Snapshot]:
    found = {}
    for event in published:
        if isinstance(event, PolicyPublished):
            try:
                found[event.version] = Snapshot.read(event.snapshot.encode())
            except PolicyError as error:
                raise Refused(f"policy {event.version}: {error}") from error
    return found
