"""`spendtrail show`, `list` and `batch`: what is known, from the read model."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from audit.reconstruct import Expense
from audit.story import Sentence, money, portion_told
from cli.context import Refused, session
from cli.output import console, pairs, say_json, table
from desk.proposals import Proposal, propose
from schemas.lifecycle import State
from schemas.records import Problem

__all__ = ["add", "expense_or_refuse", "where"]


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("show")(show)
    app.command("list")(list_expenses)
    app.command("batch")(batch)


def expense_or_refuse(expense_id: str) -> tuple[Expense, list[Sentence]]:
    """Return an expense and its story; a unique beginning of the id is enough.

    Raises:
        Refused: there is none, or several begin so.

    """
    with session().read_model() as model:
        ids = model.ids(expense_id)
        if len(ids) != 1:
            told = f"{len(ids)} expenses begin with" if ids else "no expense has the id"
            msg = f"{told} {expense_id!r}; `spendtrail list` shows the ids"
            raise Refused(msg)
        found = model.expense(ids[0])
        if found is None:
            msg = f"no expense has the id {expense_id!r}; `spendtrail list` shows the ids"
            raise Refused(msg)
        return found, model.story(ids[0])


def show(
    expense: Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Everything known about one expense, and its story."""
    found, told = expense_or_refuse(expense)
    with session().read_model() as model:
        proposals = propose(found, model.expense)
    if json:
        say_json({"expense": found, "story": told, "proposals": proposals})
        return
    pairs(_head(found))
    _lines(found)
    _reasons(found)
    for proposal in proposals:
        _proposal(proposal)
    for letter in found.dead_letters:
        state = "replayed since" if letter.settled else "open"
        console.print(
            f"[red]dead letter[/red]  {letter.stage}  {letter.reason}  {letter.source}  ({state})", highlight=False
        )
    table("Story", ["Entry", "When (UTC)", "Stage", "What happened"], [_told(s) for s in told], right=["Entry"])


def where(problem: Problem) -> str:
    """Return where a doubt's value stands, in words; nothing for a doubt about no place."""
    if problem.page is None or not problem.box:
        return ""
    return f" [page {problem.page}, box {' '.join(f'{edge:g}' for edge in problem.box)}; `review crop` shows it]"


def _proposal(proposal: Proposal) -> None:
    console.print(f"[yellow]proposal[/yellow]  {escape(proposal.words)}", highlight=False)
    if proposal.differences:
        console.print(f"          They differ in: {escape('; '.join(proposal.differences))}.", highlight=False)
    for choice in proposal.choices:
        console.print(f"  {choice.action}: {escape(choice.words)}", highlight=False)
        console.print(f"    {choice.command}", highlight=False, markup=False, soft_wrap=True)


def _reasons(found: Expense) -> None:
    """Print why it is held; what was doubted or found on the way where it is not."""
    if found.review and found.review.closed_at is None:
        told = [(f.severity, f.code, f.message) for f in found.review.findings]
    else:
        told = [("doubt", p.code, p.message) for p in found.problems]
        told += [(f.severity, f.code, f.message) for f in found.findings]
    places = {(p.code, p.message): where(p) for p in found.problems}
    for severity, code, message in told:
        colour = {"violation": "red", "info": "dim"}.get(severity, "yellow")
        console.print(
            f"[{colour}]{severity}[/{colour}]  {code}  {escape(message + places.get((code, message), ''))}",
            highlight=False,
        )


def _told(sentence: Sentence) -> tuple[str, ...]:
    when = f"{sentence.recorded_at:%Y-%m-%d %H:%M:%S}"
    return str(sentence.sequence), when, sentence.stage, escape(sentence.text)


def _head(found: Expense) -> dict[str, Any]:
    facts = found.facts
    head: dict[str, Any] = {"expense": found.expense_id, "state": found.state, "revision": found.revision}
    head |= {"tenant": found.tenant_id, "ledger": found.ledger, "batch": found.batch_id}
    head |= {"submitted": f"{found.submitted_at:%Y-%m-%d %H:%M:%S} UTC"}
    if facts:
        head |= {
            "kind": f"{facts.kind}, {facts.document_type or 'type unknown'}",
            "vendor": facts.vendor_name,
            "number": facts.invoice_number,
            "date": facts.invoice_date,
            "total": money(facts.total, facts.currency),
        }
    if found.conversion and facts and found.conversion.currency != facts.currency:
        rate = f"{found.conversion.rate.normalize():f}"
        converted = money(found.conversion.total, found.conversion.currency)
        head["reported as"] = f"{converted} at {rate} of {found.conversion.rate_date}"
    if found.document:
        head["document"] = f"{found.document.media_type}, {found.document.size} bytes, SHA-256 {found.document.sha256}"
    if found.portion:
        head["part"] = portion_told(found.portion)
    head |= {"outcome": found.outcome, "policy": found.policy_version}
    if found.posting:
        head["posting"] = found.posting.posting_id
    if found.reason:
        head["reason"] = found.reason
    return head


def _lines(found: Expense) -> None:
    if not found.lines:
        return
    categories = {c.line: c.category for c in found.categories}
    codings = {c.line: c for c in found.codings}
    currency = found.facts.currency if found.facts else None
    rows = [
        (
            line.number,
            escape(line.description or ""),
            money(line.amount, currency),
            categories.get(line.number) or "",
            codings[line.number].gl_code if line.number in codings else "",
            codings[line.number].recovery_status if line.number in codings else "",
        )
        for line in found.lines
    ]
    table("Lines", ["#", "Description", "Amount", "Category", "Account", "Recovery"], rows, right=["#", "Amount"])


def list_expenses(
    state: Annotated[str | None, typer.Option(help=f"One of {', '.join(State)}.")] = None,
    batch_id: Annotated[str | None, typer.Option("--batch", help="Only this batch.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 100,
    after: Annotated[str | None, typer.Option(help="Go on after this expense id.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Expenses, the latest first."""
    if state is not None and state not in set(State):
        msg = f"--state {state}: there is no such state; there are {', '.join(State)}"
        raise Refused(msg)
    with session().read_model() as model:
        found = model.expenses(state=state, tenant=tenant, batch=batch_id, limit=limit, after=after)
    if json:
        for summary in found:
            say_json(summary)
        return
    rows = [
        (s.expense_id, s.state, escape(s.vendor or ""), money(s.total, s.currency), s.kind, escape(s.why or ""))
        for s in found
    ]
    table(f"{len(found)} expenses", ["Expense", "State", "Vendor", "Total", "Kind", "Why"], rows, right=["Total"])


def batch(
    batch_id: Annotated[str, typer.Argument(help="Batch id, as `upload` and `card-feed` print it.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """How a batch stands: expenses per state."""
    with session().read_model() as model:
        found = model.batch(batch_id)
    if not found:
        msg = f"no batch {batch_id!r} has entered"
        raise Refused(msg)
    for each in found:
        if json:
            say_json(
                {
                    "batch_id": each.batch_id,
                    "tenant_id": each.tenant_id,
                    "counts": dict(each.counts),
                    "under_way": each.under_way,
                }
            )
        else:
            rows = [(state, number) for state, number in sorted(each.counts.items())]
            table(
                f"Batch {each.batch_id} of {each.tenant_id}, {each.under_way} under way",
                ["State", "Expenses"],
                rows,
                right=["Expenses"],
            )
