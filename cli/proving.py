"""`spendtrail audit prove` and `check`: handing somebody a proof, and what they do with it."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from audit import check as checker
from audit.alteration import Alteration
from audit.bundle import NotProvable, Proof, pack
from audit.verify import Located
from cli import auditlog
from cli.context import Refused, Session, Unreachable, session
from cli.notarising import Json, Store, Trusted, kept, opened, seen_of
from cli.output import console, say_json
from schemas.events import PolicyPublished
from schemas.topics import AUDIT_LOG, POLICIES

__all__ = ["check", "prove"]


def prove(
    expense: Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The zip file to write.")],
    store: Store = None,
    trusted: Trusted = None,
    seen: Annotated[
        Path | None, typer.Option(help="A checkpoint the auditor kept: proves that the log went on from it.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a bundle that proves one expense's whole trail offline: entries, paths, checkpoint, policies, documents."""
    found = session()
    opener = auditlog.codec(found)
    record = kept(opened(found, store), trusted)
    if record.alterations:
        raise Unreachable(f"no proof can stand on these checkpoints: {record.alterations[0].message}")
    expense_id = _whole_id(found, expense)
    proof = Proof(expense_id, record.partitions)
    for located in _entries(found, quiet=json):
        proof.take(located)
    events = [auditlog.decode(opener, sealed.output) for _, sealed in proof.entries if sealed.output]
    versions = {str(version) for event in events if (version := getattr(event, "policy_version", None))}
    documents = [claim.sha256 for event in events if (claim := getattr(event, "document", None))]
    body = seen_of(seen).get("body") if seen else None
    if body is not None and not isinstance(body, dict):
        raise Refused(f"--seen {seen}: this is no checkpoint file")
    try:
        packed = pack(proof, record, _policies(found, versions), documents, body)
    except (NotProvable, KeyError) as error:
        raise Refused(str(error)) from error
    output.write_bytes(packed)
    last = record.partitions[proof.partition or 0].last
    if json:
        said = {"expense_id": expense_id, "entries": len(proof.entries), "later": proof.later}
        say_json({**said, "checkpoint": last["number"], "partition": proof.partition, "key": last["key"]})
        return
    console.print(f"{output}: {len(proof.entries)} entries under checkpoint {last['number']}", highlight=False)
    if proof.later:
        told = f"{proof.later} entries came after it; `spendtrail audit checkpoint`, then prove again"
        console.print(told, highlight=False)
    console.print(f"checked offline by {checker.__file__}, a file of its own", highlight=False)


def check(
    bundle: Annotated[Path | None, typer.Argument(help="A bundle that `audit prove` wrote.")] = None,
    trusted: Trusted = None,
    seen: Annotated[Path | None, typer.Option(help="A checkpoint file you kept from before.")] = None,
    script: Annotated[
        bool, typer.Option("--script", help="Print the checking program itself, for an auditor.")
    ] = False,
    json: Json = False,
) -> None:
    """Check a bundle offline, without this system. Exit code 1 when anything in it is not what was signed."""
    if script:
        sys.stdout.write(Path(checker.__file__).read_text("utf-8"))
        return
    if bundle is None:
        raise Refused("name the bundle to check, or ask for the checking program with --script")
    try:
        proven = checker.check_bundle(bundle, trusted, seen_of(seen) if seen else None)
    except checker.Broken as error:
        if json:
            say_json({"proven": False, "why": str(error)})
        else:
            console.print(f"[red]not proven[/red]: {escape(str(error))}", highlight=False)
        raise typer.Exit(1) from error
    if json:
        say_json({"proven": True, **asdict(proven)})
    else:
        console.print(checker.described(proven), highlight=False, end="")


def _whole_id(found: Session, beginning: str) -> str:
    """Return the one expense id that begins so, from the keys of the log."""
    prefix = f"e/{beginning}"
    ids = {
        key.split("/")[1]
        for record in auditlog.records(found, AUDIT_LOG, quiet=True)
        if (key := (record.key or b"").decode(errors="replace")).startswith(prefix)
    }
    if len(ids) != 1:
        said = f"{len(ids)} expenses begin with" if ids else "the audit log knows no expense that begins with"
        raise Refused(f"{said} {beginning!r}; `spendtrail list` shows the ids")
    return ids.pop()


def _entries(found: Session, *, quiet: bool) -> Iterator[Located]:
    alterations: list[Alteration] = []
    log = auditlog.records(found, AUDIT_LOG, quiet=quiet)
    for located in auditlog.sift(log, auditlog.codec(found), alterations):
        if alterations:
            raise Unreachable(f"{alterations[0].message}; `spendtrail audit verify` says what else is wrong")
        yield located


def _policies(found: Session, versions: set[str]) -> dict[str, str]:
    opener = auditlog.codec(found)
    snapshots = {
        event.version: event.snapshot
        for event in auditlog.decoded(auditlog.records(found, POLICIES, quiet=True), opener)
        if isinstance(event, PolicyPublished) and event.version in versions
    }
    if missing := versions - snapshots.keys():
        raise Unreachable(f"policy {min(missing)} is no longer in {POLICIES.name}; restore that topic from its archive")
    return snapshots
