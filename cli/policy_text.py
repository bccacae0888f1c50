"""Policies, decisions and comparisons as a person reads them on the command line."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.markup import escape
from rich.tree import Tree

from audit.story import money
from cli.backtesting import Comparison, Shift
from cli.differences import applies_to
from cli.instants import utc
from cli.output import console, pairs, say_json, table
from policy.explain import explain_decision
from policy.snapshot import Snapshot, Snapshots
from schemas.records import Decision

__all__ = ["decision_trees", "say_comparison", "say_policy", "say_versions"]


def say_versions(snapshots: Snapshots, in_force: Snapshot, *, json: bool) -> None:
    """Print the versions of a tenant, oldest first, and which is in force."""
    if json:
        for s in snapshots.all():
            known = {"version": s.version, "effective_from": s.effective_from, "name": s.document.name}
            say_json({**known, "in_force": s is in_force})
        return
    rows = [
        (s.version[:12], utc(s.effective_from), escape(s.document.name), "in force" if s is in_force else "")
        for s in snapshots.all()
    ]
    table("Policies", ["Version", "Effective from", "Name", ""], rows)


def say_policy(chosen: Snapshot) -> None:
    """Print one version, rule by rule."""
    document = chosen.document
    pairs(
        {
            "version": chosen.version,
            "name": escape(document.name),
            "effective from": utc(chosen.effective_from),
            "currency": document.currency,
            "warns above": f"{(document.warn_above * 100).normalize():f} %",
        }
    )
    limits = [(r.id, r.level, money(r.limit, document.currency), r.per, applies_to(r.match)) for r in document.limits]
    table("Limits", ["Rule", "Level", "Limit", "Per", "Applies to"], limits, right=["Limit"])
    if document.modifiers:
        rows = [(m.id, m.kind, m.factor, applies_to(m.match)) for m in document.modifiers]
        table("Modifiers", ["Rule", "Kind", "Factor", "Applies to"], rows, right=["Factor"])
    if document.per_diem:
        rules = [(r.id, r.component, r.per, ", ".join(r.categories), ", ".join(r.tables)) for r in document.per_diem]
        table("Per diem", ["Rule", "Component", "Per", "Categories", "Tables"], rules)
        known = [(t.id, t.name, str(t.since), str(t.until), len(t.places)) for t in document.per_diem_tables]
        table("Per diem tables", ["Table", "Name", "From", "Until", "Places"], known, right=["Places"])
    if document.budgets:
        each = [(b.id, f"{b.scope} {b.name}", money(b.limit, document.currency), b.per) for b in document.budgets]
        table("Budgets", ["Rule", "Whose", "Limit", "Per"], each, right=["Limit"])
    checks = [
        (code, c.severity, "yes" if c.blocking else "no", "" if c.enabled else "off")
        for code, c in document.checks.items()
    ]
    table("Checks", ["Code", "Severity", "Blocking", ""], checks)


def decision_trees(decisions: Sequence[Decision]) -> Iterator[Tree]:
    """Yield each decision with its path; lines judged alike in every respect are one tree."""
    alike: dict[Decision, list[int]] = {}
    for decision in decisions:
        alike.setdefault(replace(decision, line=0), []).append(decision.line)
    for decision, lines in alike.items():
        tree = _tree(replace(decision, line=lines[0]))
        if len(lines) > 1:
            tree.add(f"Judged just so: lines {', '.join(map(str, lines[1:]))}")
        yield tree


def _tree(decision: Decision) -> Tree:
    sentences = explain_decision(decision)
    # The path's entries are the last sentences, one per node.
    end = len(sentences) - len(decision.resolution_path)
    tree = Tree(escape(sentences[0]))
    for sentence in sentences[1:end]:
        tree.add(escape(sentence))
    path = tree.add("Rules looked at, top down")
    for sentence in sentences[end:]:
        path.add(escape(sentence.removeprefix("- ")))
    return tree


def say_comparison(found: Comparison) -> None:
    """Print what another policy would have said."""
    rows = [
        ("flagged", found.flagged_before, found.flagged_after),
        ("flagged a week", found.load_before, found.load_after),
    ]
    table(f"{found.judged} expenses judged anew", ["", "Then", "Now"], rows, right=["Then", "Now"])
    if len(found.weeks) > 1:
        weeks = [(week.monday, week.before, week.after) for week in found.weeks]
        table("Flagged by week of submission", ["Week of", "Then", "Now"], weeks, right=["Then", "Now"])
    _say_shift("newly flagged", found.newly_flagged)
    _say_shift("newly cleared", found.newly_cleared)


def _say_shift(what: str, shift: Shift) -> None:
    amounts = ", ".join(money(amount, currency) for currency, amount in shift.money.items())
    codes = ", ".join(f"{number} {code}" for code, number in shift.codes.items())
    console.print(f"{shift.number} {what}{f': {amounts}' if amounts else ''}{f'; {codes}' if codes else ''}")
    if shift.examples:
        rows = [(o.expense_id, money(o.amount, o.currency), o.before, o.after, escape(o.why)) for o in shift.examples]
        table("Examples", ["Expense", "Amount", "Then", "Now", "Why"], rows, right=["Amount"])
