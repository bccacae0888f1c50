"""`spendtrail audit alerts`: what seal raised an alert about."""

from collections.abc import Iterator
from typing import Annotated

import typer

from cli import auditlog
from cli.context import session
from cli.instants import instant, utc
from cli.output import as_json, console, table
from schemas.events import AlertRaised
from schemas.topics import AUDIT_ALERTS

__all__ = ["alerts"]


def alerts(
    start: Annotated[str | None, typer.Option("--from", help="Known from this moment or day on, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Known before this moment or day, UTC.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Alerts about the audit log: a step the lifecycle forbids, or something missing before an entry.

    Exit code 1 when there are any. Nothing in the log was altered by them; the runbook says what to do.
    """
    first, last = (instant("--from", start) if start else None), (instant("--to", end) if end else None)
    found = []
    for alert in _read(quiet=json):
        known = alert.recorded_at or alert.occurred_at
        if not ((first and known < first) or (last and known >= last) or tenant not in {None, alert.tenant_id}):
            found.append((known, alert))
    found.sort(key=lambda each: (each[0], each[1].expense_id, each[1].sequence))
    if json:
        for _, alert in found:
            print(as_json(alert))  # noqa: T201 - a program reads this
    elif found:
        rows = [
            (utc(known), alert.tenant_id, alert.expense_id, alert.sequence, alert.kind, alert.breach, alert.taken_by)
            for known, alert in found
        ]
        columns = ["When (UTC)", "Tenant", "Expense", "Entry", "Kind", "Step", "Stage"]
        table(f"{len(found)} alerts; `spendtrail audit explain` tells each story", columns, rows, right=["Entry"])
    else:
        console.print("no alerts", highlight=False)
    raise typer.Exit(1 if found else 0)


def _read(*, quiet: bool) -> Iterator[AlertRaised]:
    """Yield each alert once: a transaction that had to be repeated gives the same alert the same id."""
    found = session()
    seen: set[str] = set()
    for event in auditlog.decoded(auditlog.records(found, AUDIT_ALERTS, quiet=quiet), auditlog.codec(found)):
        if isinstance(event, AlertRaised) and event.event_id not in seen:
            seen.add(event.event_id)
            yield event
