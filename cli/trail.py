"""`spendtrail audit`: what the system knew, when, and whether anything was altered or lost; from topics alone."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from audit import completeness
from audit.chain import Head
from audit.entry import Entry
from audit.reconciliation import Reconciliation
from audit.story import money, story
from cli import auditlog, notarising, partitions, proving, reconciling
from cli.alerts import alerts
from cli.archiving import archive
from cli.context import Refused, Unreachable, now, session
from cli.erasing import erase
from cli.examining import examine, merged
from cli.folding import lines
from cli.instants import instant, utc
from cli.output import console, say_json, table
from cli.partitions import Workers
from cli.redoing import redo
from cli.replaying import replay
from cli.retaining import retention
from cli.siem import export
from cli.witnessing import witness
from consumers.stages import STAGES
from schemas.envelope import Event
from schemas.topics import AUDIT_LOG, BATCHES, PARSED, SUBMITTED

__all__ = ["add"]

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Tenant = Annotated[str | None, typer.Option(help="Only this tenant.")]

_NO_ERP = "none is named: set SPENDTRAIL_ERP_URL, or give --erp"
_SHOWN = 20
"""Rows of a list that a person is shown; `--json` gives them all."""


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(
        no_args_is_help=True,
        help="The audit log: verify, sign, prove, replay to an instant, explain, account for all that entered, erase.",
    )
    group.command("verify")(verify_log)
    group.command("replay")(replay)
    group.command("explain")(explain)
    group.command("complete")(complete)
    group.command("checkpoint")(notarising.checkpoint)
    group.command("witness")(witness)
    group.command("rotate-key")(notarising.rotate_key)
    group.command("prove")(proving.prove)
    group.command("check")(proving.check)
    group.command("redo")(redo)
    group.command("export")(export)
    group.command("alerts")(alerts)
    group.command("archive")(archive)
    group.command("erase")(erase)
    group.command("retention")(retention)
    app.add_typer(group, name="audit")


def verify_log(
    heads: Annotated[
        Path | None, typer.Option(help="Heads kept from an earlier look: a cut or rewritten tail shows too.")
    ] = None,
    keep_heads: Annotated[
        Path | None, typer.Option(help="Write the heads of all chains here, for --heads of the next look.")
    ] = None,
    store: notarising.Store = None,
    trusted: notarising.Trusted = None,
    seen: notarising.Seen = None,
    witness: Annotated[
        str | None, typer.Option(help="Public key of a witness who must have signed each last checkpoint.")
    ] = None,
    workers: Workers = 0,
    json: Json = False,
) -> None:
    """Read the whole audit log, check every hash, chain and checkpoint, and name each alteration with its place.

    Exit code 1 when anything was altered.

    Chains prove content and order up to their last entry. What was cut off behind it, or written anew throughout, shows
    against the signed checkpoints, and behind the last of those against heads kept with --keep-heads, off this machine.
    """
    earlier = _heads(heads) if heads else {}
    found = session()
    record = notarising.kept(notarising.opened(found, store), trusted, seen, witness)
    with tempfile.TemporaryDirectory(prefix="spendtrail-heads-") as folder:
        given = (AUDIT_LOG, earlier, Path(folder) if keep_heads else None)
        parts = partitions.each(found, AUDIT_LOG, workers, examine, *given, own=record.partitions, quiet=json)
        if keep_heads:
            _keep(keep_heads, lines([part.heads for part in parts if part.heads]))
    entries = merged(parts, record)
    alterations = entries.alterations
    covered = sum(each.size for each in record.partitions.values())
    if json:
        told = {"entries": entries.entries, "expenses": entries.expenses, "under_checkpoints": covered}
        say_json({**told, "processor_s": round(entries.processor_s, 3), "alterations": alterations})
    else:
        if alterations:
            rows = [(a.kind, a.expense_id, a.sequence or "", a.position, escape(a.message)) for a in alterations]
            table("Alterations", ["Kind", "Expense", "Entry", "Place", "What"], rows, right=["Entry"])
        said = f"{len(alterations)} alterations" if alterations else "nothing was altered"
        console.print(f"{entries.entries} entries of {entries.expenses} expenses: {said}", highlight=False)
        console.print(f"{covered} entries are under {len(record.partitions)} signed checkpoints", highlight=False)
    raise typer.Exit(1 if alterations else 0)


def _keep(path: Path, heads: Iterator[bytes]) -> None:
    """Write an object with the head of every chain, one a line."""
    with path.open("wb") as file:
        before = b"{\n"
        for line in heads:
            expense_id, head = orjson.loads(line)
            file.write(before + b"  " + orjson.dumps(expense_id) + b": " + orjson.dumps(head))
            before = b",\n"
        file.write((b"" if before == b",\n" else before) + b"\n}\n")


def _heads(path: Path) -> dict[str, Head]:
    try:
        kept = orjson.loads(path.read_bytes())
        return {str(expense_id): Head(int(sequence), str(known)) for expense_id, (sequence, known) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        msg = f"--heads {path}: {error}; give a file that --keep-heads wrote"
        raise Refused(msg) from error


def _history(expense: str, *, quiet: bool) -> auditlog.History:
    found = session()
    log = auditlog.records(found, AUDIT_LOG, quiet=quiet)
    return auditlog.history(log, auditlog.codec(found), expense=expense)


def explain(
    expense: Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")], json: Json = False
) -> None:
    """Tell the story of one expense in plain sentences, from the audit log alone."""
    told: dict[str, list[tuple[Entry, Event | None]]] = {}
    for entry, event in _history(expense, quiet=json):
        told.setdefault(entry.expense_id, []).append((entry, event))
    if len(told) != 1:
        said = f"{len(told)} expenses begin with" if told else "the audit log knows no expense that begins with"
        msg = f"{said} {expense!r}; `spendtrail list` shows the ids"
        raise Refused(msg)
    ((expense_id, entries),) = told.items()
    sentences = story(entries)
    if json:
        say_json({"expense_id": expense_id, "story": sentences})
        return
    console.print(f"[bold]Expense {expense_id}[/bold]", highlight=False)
    for sentence in sentences:
        when = f"[dim]{utc(sentence.recorded_at)}[/dim]"
        console.print(f"{when}  {sentence.stage}: {escape(sentence.text)}", highlight=False)


def complete(
    start: Annotated[str | None, typer.Option("--from", help="Submitted from this moment or day on, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Submitted before this moment or day, UTC.")] = None,
    tenant: Tenant = None,
    erp: Annotated[
        str | None, typer.Option(help="Base URL of the ERP; none: what SPENDTRAIL_ERP_URL says, or that of `up`.")
    ] = None,
    json: Json = False,
) -> None:
    """Account for everything that entered: each expense ended exactly once or waits for a person, and its money.

    What is posted is held against the ERP's own list of postings, count by count and amount by amount.

    Exit code 1 when anything is still under way, lost, or ended twice, when the ERP has other postings, or when
    there is one that does not answer.

    What entered is read from the topics producers write to, what came of it from the audit log. Topics of intake are
    kept for 30 days; of older expenses the audit log alone speaks.
    """
    reckoning = completeness.Reckoning(
        instant("--from", start) if start else None, instant("--to", end) if end else None, tenant
    )
    found = session()
    opener = auditlog.codec(found)
    books = reconciling.Books()
    stages = {stage.name for stage in STAGES}
    # Intake first: whatever enters meanwhile can then be in the log without being missed, never the other way.
    for topic in (SUBMITTED, PARSED, BATCHES):
        for event in auditlog.decoded(auditlog.records(found, topic, quiet=json), opener):
            if event.stage not in stages:
                reckoning.enter(event)
    for entry, event_told in auditlog.history(auditlog.records(found, AUDIT_LOG, quiet=json), opener):
        reckoning.take(entry, event_told)
        books.take(event_told)
    report = reckoning.report()
    agreed, why = _with_erp(books, reckoning, erp or reconciling.erp_of(found), found.settings.erp_timeout_s)
    if json:
        told = agreed and {name: getattr(agreed, name) for name in Reconciliation.__dataclass_fields__}
        say_json({"complete": report.complete, **_plain(report), "erp": told, "erp_not_asked": why})
    else:
        _say(report)
        if agreed:
            reconciling.say(agreed, _SHOWN)
        else:
            console.print(f"[yellow]not held against the ERP[/yellow]: {why}", highlight=False)
    raise typer.Exit(0 if report.complete and (agreed.agrees if agreed else why == _NO_ERP) else 1)


def _with_erp(
    books: reconciling.Books, reckoning: completeness.Reckoning, url: str, timeout_s: float
) -> tuple[Reconciliation | None, str | None]:
    """Return what the ERP's list comes to, or why it was not had."""
    if not url:
        return None, _NO_ERP
    try:
        return books.held_against(url, timeout_s, reckoning), None
    except Unreachable as error:
        return None, str(error)


def _plain(report: completeness.Completeness) -> dict[str, object]:
    return {name: getattr(report, name) for name in completeness.Completeness.__dataclass_fields__}


def _say(report: completeness.Completeness) -> None:
    at = now()
    rows = [(s.state, s.number, utc(s.oldest), (at - s.oldest).days) for s in report.states]
    columns = ["State", "Expenses", "First in it since", "Days"]
    table(f"{report.entered} expenses entered", columns, rows, right=["Expenses", "Days"])
    sums = [
        (currency, what, money(amount, currency))
        for currency, amounts in report.money.items()
        for what, amount in amounts.items()
    ]
    table("Money, from intake to its end", ["Currency", "What", "Amount"], sums, right=["Amount"])
    if report.unread:
        console.print(f"{report.unread} expenses have no known amount", highlight=False)
    changed = [
        (d.expense_id, d.state, money(d.entered, d.entered_currency), money(d.now, d.currency), d.why)
        for d in report.differences[:_SHOWN]
    ]
    if changed:
        title = f"{len(report.differences)} amounts changed on the way"
        table(title, ["Expense", "State", "Entered", "Now", "Why"], changed, right=["Entered", "Now"])
    for title, standings in (
        ("are under way", report.under_way),
        ("entered and left no trail; lag, or lost: `spendtrail status` shows the lag", report.lost),
        ("ended more than once", report.ended_twice),
    ):
        if standings:
            each = [(s.expense_id, s.tenant_id, s.state or "none", utc(s.since)) for s in standings[:_SHOWN]]
            table(f"{len(standings)} {title}", ["Expense", "Tenant", "State", "Since"], each)
    if report.complete:
        console.print("[green]complete[/green]: every one ended once or waits for a person", highlight=False)
