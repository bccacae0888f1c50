"""The documents of a file as expenses of their own: which part of the file each is, and where its life begins.

The first keeps the expense that the file entered under, since that is what the door told and the batch counts. The
others begin here, with ids that derive from it: the same file read again gives the same expenses.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from documents.parts import Part
from schemas.events import ExpenseSubmitted
from schemas.identity import portion_id
from schemas.records import Portion

__all__ = ["begin", "portions_of"]


def portions_of(event: ExpenseSubmitted, parts: Sequence[Part]) -> list[Portion]:
    """Return which part of the file each of its documents is, in order."""
    pieces = Counter(part.attachment for part in parts)
    portions = []
    for number, part in enumerate(parts, start=1):
        portion = Portion(
            number=number,
            of=len(parts),
            file=event.expense_id,
            attachment=part.attachment,
            sha256=None if part.attachment is None else hashlib.sha256(part.content).hexdigest(),
        )
        if pieces[part.attachment] > 1:
            pages = part.reading.pages
            portion = replace(portion, first_page=pages[0].number, last_page=pages[-1].number)
        portions.append(portion)
    return portions


def begin(event: ExpenseSubmitted, portion: Portion) -> ExpenseSubmitted:
    """Return the submission as one document's own: the first's is the file's.

    What a person stated about the file's expense before was not about the others, and their count of revisions is
    their own.
    """
    if portion.number == 1:
        return event
    expense_id = portion_id(event.expense_id, event.document.sha256, portion.number)
    return replace(event, expense_id=expense_id, revision=1, problems=(), asserted=())
