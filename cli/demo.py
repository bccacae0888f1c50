"""`spendtrail demo`: sample documents from upload to posting or review, on a real broker."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from audit.reconstruct import Expense
from audit.story import money
from cli.context import Session, session
from cli.documents import submitter_of, upload_files
from cli.feeds import feed_file
from cli.output import console, errors, table
from cli.plan import spread
from cli.stacking import bring_up
from consumers.project.queries import ReadModel, Summary
from producers.card_line import Holder
from producers.upload import Received
from samples.sample import Sample
from schemas.lifecycle import ENDS, WAITING
from schemas.records import Context

__all__ = ["add"]

_TENANT = "demo"
# Reading photographs takes seconds each on two cores; what has not ended by then is counted as lost.
_WAIT_S = 300.0
_EXAMPLES = 12


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo")(demo)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What went in: each document with its expense, and the expenses of the card feed."""

    documents: Sequence[tuple[Sample, str]]
    feed: Sample
    feed_batch: str
    feed_rows: int
    feed_expenses: int


def demo() -> None:
    """Start everything, send a sample set through, wait until each has ended, show where and why.

    Exit code 0 when nothing was lost.
    """
    bring_up(1, spread(()))
    found = session()
    sent = _send(found)
    ended = _await(found, sent)
    with found.read_model() as model:
        lost = _report(model, sent, ended)
    _next_steps(found, sent)
    raise typer.Exit(0 if lost == 0 else 1)


def _send(found: Session) -> _Sent:
    from samples.catalogue import make  # noqa: PLC0415 - drawing documents takes libraries that no other verb should wait for

    folder = found.settings.home / "demo"
    samples = make(folder)
    documents = [s for s in samples if s.path.suffix != ".csv"]
    feed = next(s for s in samples if s.path.suffix == ".csv")
    console.print(f"{len(documents)} documents and a card feed lie in {folder}", highlight=False)
    submitter = submitter_of(_TENANT, "E-1042", "main", Context(department="operations"))
    answers = upload_files([s.path for s in documents], submitter, None, json=False)
    ids = {a.path: a.expense_id for a in answers if isinstance(a, Received)}
    report = feed_file(feed.path, None, Holder(tenant=_TENANT), None, quiet=False)
    return _Sent(
        [(s, ids[s.path]) for s in documents if s.path in ids], feed, report.batch_id, report.rows, report.expenses
    )


def _await(found: Session, sent: _Sent) -> dict[str, Expense]:
    """Wait until every expense ended or waits for a person, and return the documents' expenses."""
    wanted = {expense_id for _, expense_id in sent.documents}
    settled: dict[str, Expense] = {}
    lines = 0
    deadline = time.monotonic() + _WAIT_S
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as progress, found.read_model() as model:
        task = progress.add_task("reading, judging, posting", total=len(wanted) + sent.feed_expenses)
        while (len(settled) < len(wanted) or lines < sent.feed_expenses) and time.monotonic() < deadline:
            for expense_id in wanted - settled.keys():
                expense = model.expense(expense_id)
                if expense is not None and expense.state in ENDS | WAITING:
                    settled[expense_id] = expense
            lines = sum(n for state, n in _feed_counts(model).items() if state in ENDS | WAITING)
            progress.update(task, completed=len(settled) + min(lines, sent.feed_expenses))
            time.sleep(0.3)
    return settled


def _feed_counts(model: ReadModel) -> Counter[str]:
    """Return the card feed's expenses per state; lines of an earlier run count where they stand."""
    return Counter(s.state or "" for s in _feed_lines(model))


def _feed_lines(model: ReadModel) -> list[Summary]:
    return [s for s in model.expenses(tenant=_TENANT, limit=10_000) if s.kind == "card_line"]


def _report(model: ReadModel, sent: _Sent, ended: dict[str, Expense]) -> int:
    """Print what became of everything and return how many were lost."""
    rows = [_document_row(sample, ended.get(expense_id)) for sample, expense_id in sent.documents]
    columns = ["Document", "Expense", "What was read", "Ended", "Why", "Expected"]
    table("Documents", columns, rows)
    lines = _feed_lines(model)
    held = [s for s in lines if s.state != "posted"]
    examples = {s.why: s for s in reversed(held)}
    rows_told = f"{sent.feed_rows} rows, {sent.feed_expenses} expenses"
    table(
        f"Card feed {sent.feed.path.name}: {rows_told}; an example of each reason to hold one",
        ["Merchant", "Expense", "Total", "Ended", "Why"],
        [
            (
                escape(s.vendor or ""),
                s.expense_id[:8],
                money(s.total, s.currency),
                _coloured(s.state),
                escape(s.why or ""),
            )
            for s in list(examples.values())[:_EXAMPLES]
        ],
        right=["Total"],
    )
    distinct = {expense_id for _, expense_id in sent.documents}
    counts = Counter(e.state or "" for e in ended.values()) + _feed_counts(model)
    done = sum(counts[state] for state in ENDS | WAITING)
    lost = len(distinct) + sent.feed_expenses - done
    told = [
        ("posted", "posted"),
        ("in review", "in_review"),
        ("rejected", "rejected"),
        ("dead-lettered", "dead_lettered"),
    ]
    words = " / ".join(f"{name} {counts[state]}" for name, state in told)
    colour = "green" if lost == 0 else "red"
    console.print(f"\n[bold]{words} / [{colour}]lost {lost}[/{colour}][/bold]", highlight=False)
    return lost


def _document_row(sample: Sample, expense: Expense | None) -> tuple[str, ...]:
    expected = sample.expectation
    words = escape(f"{expected.outcome.replace('_', ' ')}: {expected.why}")
    if expense is None:
        return sample.path.name, "", "", "[red]lost[/red]", "", words
    facts = expense.facts
    read = "nothing"
    if facts and (facts.vendor_name or facts.total is not None):
        vendor, day = facts.vendor_name or "no vendor", facts.invoice_date or "no date"
        read = escape(f"{vendor}, {money(facts.total, facts.currency)}, {day}")
    return sample.path.name, expense.expense_id[:8], read, _coloured(expense.state), _why(expense), words


def _coloured(state: str | None) -> str:
    colour = {"posted": "green", "in_review": "yellow"}.get(state or "", "red")
    return f"[{colour}]{(state or 'lost').replace('_', ' ')}[/{colour}]"


def _why(expense: Expense) -> str:
    if expense.posting:
        return f"within policy; ERP posting {expense.posting.posting_id[:8]}"
    if expense.review and expense.review.findings:
        first, *others = expense.review.findings
        more = f" (and {len(others)} more)" if others else ""
        return escape(f"{first.code}: {first.message}{more}")
    return escape(expense.reason or "")


def _next_steps(found: Session, sent: _Sent) -> None:
    first = sent.documents[0][1][:8]
    steps = {
        f"spendtrail show {first}": "everything known about one expense, and its story",
        "spendtrail review list": "what waits for a person; then approve, reject or correct",
        f"spendtrail audit explain {first}": "its story from the audit log alone",
        "spendtrail status": "every stage: lag, rate, state",
        "spendtrail down": "stop everything; data stays, the next start finds it",
    }
    console.print("\nGo on with (the command lies in .venv/bin):")
    width = max(map(len, steps))
    for command, meaning in steps.items():
        console.print(f"  [bold]{command:<{width}}[/bold]  {meaning}", highlight=False)
    console.print(f"[dim]Data and logs lie in {found.settings.home}[/dim]", highlight=False)
