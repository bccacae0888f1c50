"""`spendtrail review crop`: the piece of the page that a doubt is about."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import Refused, session
from cli.looking import expense_or_refuse
from cli.output import console, say_json
from vault.blobs import BlobAltered, BlobMissing, BlobStoreUnavailable
from vault.keys import KeyErased

__all__ = ["crop"]


def crop(
    expense: Annotated[str, typer.Argument(help="Expense id, or a unique beginning of it.")],
    field: Annotated[
        str | None, typer.Argument(help="The field in doubt; the first doubt with a place otherwise.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="PNG file to write; EXPENSE-FIELD.png otherwise.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Write a picture of the place that a doubt is about, the value framed."""
    found, _ = expense_or_refuse(expense)
    placed = [problem for problem in found.problems if problem.page is not None and problem.box]
    chosen = next((problem for problem in placed if field in {None, problem.field}), None)
    if chosen is None or found.document is None:
        names = ", ".join(sorted({problem.field or "" for problem in placed})) or "none"
        about = f" about {field}" if field else ""
        msg = f"expense {found.expense_id} has no doubt with a place{about}; there are: {names}"
        raise Refused(msg)
    from documents import crops, limits  # noqa: PLC0415 - drawing takes libraries no other verb should wait for

    with session().edge() as edge:
        try:
            stored = found.portion.file if found.portion else found.expense_id
            data = edge.blobs.get(found.tenant_id, found.subject, stored, found.document)
        except (BlobMissing, BlobAltered, BlobStoreUnavailable, KeyErased) as error:
            raise Refused(str(error)) from error
    try:
        attachment = (found.portion.attachment if found.portion else None) or 1
        picture = crops.crop(data, chosen.page or 1, chosen.box, attachment=attachment)
    except (crops.NoPicture, limits.LimitExceeded) as error:
        raise Refused(f"{found.document.url}: {error}") from error
    path = out or Path(f"{found.expense_id}-{chosen.field}.png")
    path.write_bytes(picture)
    told = {"expense_id": found.expense_id, "field": chosen.field, "page": chosen.page, "box": chosen.box, "file": path}
    if json:
        say_json(told)
    else:
        console.print(f"{path}: {chosen.field}, page {chosen.page}. {chosen.message}", highlight=False, markup=False)
