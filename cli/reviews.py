"""`spendtrail review`: what waits for a person, and that person's word."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from audit.reconstruct import Expense
from audit.story import money
from cli.context import Refused, actor, now, session
from cli.cropping import crop
from cli.looking import expense_or_refuse, show
from cli.output import console, say_json, table
from desk.resolutions import assertion, resolve, superseded
from producers.door import DocumentRefused
from producers.edge import Edge
from producers.upload import read_document
from schemas.events import PairDismissed, ReviewResolved
from schemas.records import ClaimCheck

__all__ = ["add"]

Id = Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")]
Reason = Annotated[str, typer.Option(help="Why; it stays in the audit trail.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]

# How long a verb waits to say what became of the resolution, in seconds; the resolution itself is safe before that.
_ANSWER_S = 15.0


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(no_args_is_help=True, help="What waits for a person: list, show, crop, decide.")
    group.command("list")(waiting)
    group.command("show")(show)
    group.command("crop")(crop)
    group.command("approve")(approve)
    group.command("reject")(reject)
    group.command("correct")(correct)
    group.command("replace")(replace)
    group.command("dismiss")(dismiss)
    group.command("supersede")(supersede)
    app.add_typer(group, name="review")


def waiting(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 100,
    json: Json = False,
) -> None:
    """Expenses that wait for a person, the longest waiting first."""
    with session().read_model() as model:
        found = model.reviews(tenant=tenant, limit=limit)
    if json:
        for item in found:
            say_json(item)
        return
    rows = [
        (i.expense_id, escape(i.vendor or ""), money(i.total, i.currency), ", ".join(i.codes), escape(i.why))
        for i in found
    ]
    table(f"{len(found)} wait for a person", ["Expense", "Vendor", "Total", "Codes", "Why"], rows, right=["Total"])


def approve(expense: Id, reason: Reason = "", json: Json = False) -> None:
    """Let it be posted. Refused where it has no account or amount."""
    _decide(expense, "approve", reason, json=json)


def reject(expense: Id, reason: Reason = "", json: Json = False) -> None:
    """End it; it is never posted."""
    _decide(expense, "reject", reason, json=json)


def correct(
    expense: Id,
    stated: Annotated[list[str], typer.Argument(help="FIELD=VALUE, e.g. total=80.00 lines.1.category=meals")],
    reason: Reason = "",
    json: Json = False,
) -> None:
    """State what is right; it is judged again as a new revision, without the doubts that are settled."""
    _decide(expense, "correct", reason, stated=stated, json=json)


def replace(
    expense: Id,
    document: Annotated[Path, typer.Argument(help="The document to take its place.")],
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Replace an unreadable or wrong document; it is read again as a new revision."""
    _decide(expense, "replace", reason, document=document, json=json)


def dismiss(expense: Id, reason: Reason = "", json: Json = False) -> None:
    """Say that it is no duplicate and no part of a split; what holds it for other reasons still does."""
    _decide(expense, "dismiss", reason, json=json)


def supersede(
    expense: Id,
    posted: Annotated[str, typer.Argument(help="The posted expense whose place it takes, or a beginning of its id.")],
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Post it in place of one that is posted already and was the wrong one: that posting is reversed first, once."""
    _decide(expense, "supersede", reason, posted=posted, json=json)


def _decide(
    expense_id: str,
    action: str,
    reason: str,
    *,
    stated: list[str] | None = None,
    document: Path | None = None,
    posted: str | None = None,
    json: bool,
) -> None:
    seen, _ = expense_or_refuse(expense_id)
    who = session().pseudonyms().of(seen.tenant_id, actor())
    try:
        corrections = [assertion(text, who) for text in stated or ()]
        takes = None if posted is None else superseded(expense_or_refuse(posted)[0])
    except ValueError as error:
        raise Refused(str(error)) from error
    with session().edge() as edge:
        claim: ClaimCheck | None = None
        if document is not None:
            claim = _stored(edge, seen, document)
        event = resolve(
            seen,
            action,
            actor=who,
            reason=reason,
            at=now(),
            corrections=corrections,
            replacement=claim,
            supersedes=takes,
        )
        edge.publisher.publish(event)
        edge.publisher.flush()
    after, told, answer = _answer(seen, event)
    if json:
        say_json({"expense_id": seen.expense_id, "action": action, "state": after.state, "answer": told})
    else:
        console.print(f"{seen.expense_id}: {after.state}. {escape(told)}", highlight=False)
    if (after.state, after.revision) == (seen.state, seen.revision) and answer != PairDismissed.__name__:
        raise typer.Exit(1)


def _stored(edge: Edge, seen: Expense, document: Path) -> ClaimCheck:
    try:
        data = read_document(document, edge.settings.upload_bytes)
        owner = (seen.tenant_id, seen.subject, seen.expense_id)
        return edge.door.replacement(*owner, seen.revision + 1, document.name, data)
    except DocumentRefused as error:
        raise Refused(str(error)) from error


def _answer(seen: Expense, event: ReviewResolved) -> tuple[Expense, str, str]:
    """Wait until the approval stage has said what became of the resolution; return its words and its event's name."""
    deadline = time.monotonic() + _ANSWER_S
    while time.monotonic() < deadline:
        with session().read_model() as model:
            # The story first: an expense read before it might not yet be what the story tells of.
            fresh = [s for s in model.story(seen.expense_id) if s.sequence > seen.sequence and s.stage == "approval"]
            after = model.expense(seen.expense_id) or seen
        if fresh:
            return after, fresh[0].text, fresh[0].action
        time.sleep(0.2)
    return seen, f"The {event.action} is recorded; the approval stage has not answered yet.", ""
