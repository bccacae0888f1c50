"""`spendtrail policy`: write, check, publish and compare policies, and see why an expense was judged as it was."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from cli.context import Refused, Session, now, session
from cli.differences import differences
from cli.instants import instant
from cli.looking import expense_or_refuse
from cli.output import console, errors, say_json
from cli.policy_input import Json, Paths, Tenant, connected, loaded, refusing
from cli.policy_signing import approve, make_key
from cli.policy_text import decision_trees, say_policy, say_versions
from cli.publishing import publish
from cli.rate_tables import per_diem_table
from cli.trying import backtest
from policy.documents import json_schema
from policy.errors import PolicyError
from policy.explain import explain_findings
from policy.snapshot import Snapshot, Snapshots
from policy.validate import notices
from producers.policy_publish import read_policies

__all__ = ["add"]

_BAD_INPUT = 2


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Policies: validate, publish, approve, key, show, diff, backtest, explain, schema, per-diem-table.",
    )
    group.command("validate")(validate)
    group.command("publish")(publish)
    group.command("approve")(approve)
    group.command("key")(make_key)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("backtest")(backtest)
    group.command("explain")(explain)
    group.command("schema")(schema)
    group.command("per-diem-table")(per_diem_table)
    app.add_typer(group, name="policy")


def validate(paths: Paths, json: Json = False) -> None:
    """Check a policy: every fault with file, line, field and remedy, and what its author may not have meant.

    Notices (CONTRADICTION, OVERLAP, UNREACHABLE, GAP) do not make it invalid. Exit code 2 when it is.
    """
    try:
        snapshot = loaded(paths)
    except PolicyError as error:
        if json:
            say_json({"valid": False, "faults": error.faults, "notices": []})
        else:
            for fault in error.faults:
                errors.print(f"[red]fault[/red]  {escape(str(fault))}", highlight=False, soft_wrap=True)
        raise typer.Exit(_BAD_INPUT) from error
    found = notices(snapshot.document)
    if json:
        say_json({"valid": True, "version": snapshot.version, "faults": [], "notices": found})
        return
    for notice in found:
        console.print(f"[yellow]notice[/yellow]  {escape(str(notice))}", highlight=False, soft_wrap=True)
    document = snapshot.document
    counts = {
        "limits": document.limits,
        "per diems": document.per_diem,
        "budgets": document.budgets,
        "checks": document.checks,
    }
    said = ", ".join(f"{len(rules)} {name}" for name, rules in counts.items())
    console.print(f"{escape(document.name)} is valid: {said}; version {snapshot.version[:12]}", highlight=False)


def _snapshots(found: Session, tenant: str | None) -> Snapshots:
    with refusing():
        connected(found)
        policies = read_policies(found.settings)
    whose = tenant or found.settings.tenant
    for key, why in sorted(policies.refused.items()):
        if key.startswith(f"{whose}/"):
            errors.print(f"[red]refused[/red]  {escape(key)}: {escape(why)}; nothing is judged by it", highlight=False)
    return policies.of(whose)


def _version(snapshots: Snapshots, beginning: str) -> Snapshot:
    matching = {s.version: s for s in snapshots.all() if s.version.startswith(beginning)}
    if len(matching) != 1:
        told = f"{len(matching)} versions begin with" if matching else "no version begins with"
        msg = f"{told} {beginning!r}; `spendtrail policy show` lists them"
        raise Refused(msg)
    return next(iter(matching.values()))


def show(
    at: Annotated[str | None, typer.Option(help="The one in force at this moment, ISO 8601.")] = None,
    version: Annotated[str | None, typer.Option(help="The one whose version begins so.")] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Every published version; with --at or --version one of them, rule by rule."""
    if at is not None and version is not None:
        raise Refused("--at and --version name one policy each; give one of them")
    moment = instant("--at", at) if at is not None else now()
    snapshots = _snapshots(session(), tenant)
    in_force = snapshots.at(moment)
    if at is None and version is None:
        say_versions(snapshots, in_force, json=json)
        return
    chosen = in_force if version is None else _version(snapshots, version)
    if json:
        policy = orjson.loads(chosen.canonical)
        say_json({"version": chosen.version, "effective_from": chosen.effective_from, "policy": policy})
    else:
        say_policy(chosen)


def diff(
    before: Annotated[str, typer.Argument(help="File, folder, or the beginning of a published version.")],
    after: Annotated[str, typer.Argument(help="File, folder, or the beginning of a published version.")],
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """What the second policy changes about the first, in words, rule by rule."""
    with refusing():
        one, other = _named(before, tenant), _named(after, tenant)
    found = differences(one.document, other.document)
    if json:
        say_json({"before": one.version, "after": other.version, "differences": found})
        return
    colours = {"added": "green", "removed": "red", "changed": "yellow"}
    for d in found:
        said = f"[{colours[d.kind]}]{d.kind}[/]  {d.about} {d.name}: {escape(d.message)}"
        console.print(said, highlight=False, soft_wrap=True)
    console.print(f"{len(found)} differences" if found else "both judge the same", highlight=False)


def _named(name: str, tenant: str | None) -> Snapshot:
    path = Path(name)
    return loaded([path]) if path.exists() else _version(_snapshots(session(), tenant), name)


def schema(json: Annotated[bool, typer.Option("--json", help="On one line.")] = False) -> None:
    """Print the JSON Schema of a policy, for editors and for programs that write policies."""
    found = json_schema()
    if json:
        say_json(found)
    else:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def explain(
    expense: Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")], json: Json = False
) -> None:
    """Why an expense was judged as it was: each line's decision, every rule looked at, and what would pass."""
    found, _ = expense_or_refuse(expense)
    if not found.decisions:
        msg = f"expense {found.expense_id} was not judged yet; it is {found.state}"
        raise Refused(msg)
    findings = explain_findings(found.findings)
    if json:
        head = {"expense_id": found.expense_id, "trace_id": found.trace_id, "policy_version": found.policy_version}
        say_json({**head, "outcome": found.outcome, "decisions": found.decisions, "findings": found.findings})
        return
    console.print(f"[bold]Expense {found.expense_id}: {found.outcome}[/bold]", highlight=False)
    for tree in decision_trees(found.decisions):
        console.print(tree, highlight=False)
    for finding in findings:
        console.print(escape(finding), highlight=False)
