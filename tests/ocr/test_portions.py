"""A file of several documents as expenses of their own: ids, seals, doubts, and what a second look gives."""

from typing import Any

import orjson

from consumers.stages import stage_named
from schemas.envelope import Event
from schemas.events import DocumentsFound, ExpenseRead, SubmissionRepeated
from schemas.identity import portion_id
from schemas.records import Assertion, Portion
from tests.documents.collected import invoices, mailed, merged
from tests.harness import StageRun
from tests.ocr.build import sealed, submitted
from tests.ocr.shelf import GlassVault, Shelf


def _three() -> bytes:
    first, _, third, fourth = invoices()
    return merged(first.content, third.content, fourth.content)


def _kept(event: ExpenseRead) -> dict[str, Any]:
    assert event.personal is not None
    kept: dict[str, Any] = orjson.loads(event.personal.ciphertext)
    return kept


def _reads(events: list[Event]) -> list[ExpenseRead]:
    return [event for event in events if isinstance(event, ExpenseRead)]


def test_each_document_is_an_expense(run: StageRun, shelf: Shelf) -> None:
    """The first keeps the file's id, the others have ids of their own; all know their place in the file."""
    event = submitted(shelf.put("acme/1", _three()))
    found, *reads = run(event)
    assert isinstance(found, DocumentsFound)
    ids = [event.expense_id, *(portion_id(event.expense_id, event.document.sha256, number) for number in (2, 3))]
    assert list(found.members) == [each.expense_id for each in reads] == ids
    assert (found.expense_id, found.status, found.batch_id) == (event.expense_id, "submitted", "b-1")
    assert [each.portion for each in _reads(reads)] == [
        Portion(number=at, of=3, file=event.expense_id, first_page=at, last_page=at) for at in (1, 2, 3)
    ]
    assert {(each.document, each.status, each.revision, each.batch_id, each.trace_id) for each in _reads(reads)} == {
        (event.document, "read", 1, "b-1", event.trace_id)
    }
    assert len({each.event_id for each in reads}) == 3


def test_each_has_its_own_words_under_its_own_seal(run: StageRun, shelf: Shelf) -> None:
    """An expense holds the pages of its own document and no others; the file's name goes with each."""
    _, *reads = run(submitted(shelf.put("acme/1", _three()), personal=sealed(file_name="post.pdf", employee_id="e-1")))
    kept = [_kept(each) for each in _reads(reads)]
    assert [[page[0] for page in each["pages"]["pages"]] for each in kept] == [[1], [2], [3]]
    assert {(each["file_name"], each["employee_id"]) for each in kept} == {("post.pdf", "e-1")}


def test_the_same_file_is_the_same_expenses(shelf: Shelf) -> None:
    """Read again from the start it gives the same events; entering again it ends at the door of the stage."""
    event = submitted(shelf.put("acme/1", _three()))
    first, second = (StageRun(stage_named("ocr"), given={"vault": GlassVault(), "blobs": shelf}) for _ in range(2))
    assert first(event) == second(event)
    (again,) = first(submitted(event.document, batch_id="b-2", event_id="later"))
    assert isinstance(again, SubmissionRepeated)


def test_attachments_are_told_by_their_number_and_bytes(run: StageRun, shelf: Shelf) -> None:
    """An attachment has its name and hash; pages only where it was cut."""
    first, _, third, fourth = invoices()
    mail = mailed(("a.pdf", first.content), ("b.pdf", merged(third.content, fourth.content)))
    _, *reads = run(submitted(shelf.put("acme/1", mail), personal=sealed(file_name="in.eml")))
    told = [each.portion for each in _reads(reads)]
    assert [(p.attachment, p.first_page, p.last_page) for p in told if p] == [(1, None, None), (2, 1, 1), (2, 2, 2)]
    assert [p.sha256 for p in told if p][1] == [p.sha256 for p in told if p][2] != told[0].sha256  # type: ignore[union-attr] # each has one
    assert [_kept(each)["file_name"] for each in _reads(reads)] == ["in.eml/a.pdf", "in.eml/b.pdf", "in.eml/b.pdf"]


def test_a_doubt_about_the_cut_rides_on_every_part(run: StageRun, shelf: Shelf) -> None:
    """Where two may be one document, none of the file's expenses goes on without a person."""
    first, second, *_ = invoices()
    mail = mailed(("a.pdf", first.content), ("b.pdf", second.content), ("c.pdf", first.content))
    _, *reads = run(submitted(shelf.put("acme/1", mail), personal=sealed(file_name="in.eml")))
    assert [[(p.code, p.stage) for p in each.problems] for each in reads] == [[("SEVERAL_DOCUMENTS", "ocr")]] * 3


def test_a_replacement_of_several_documents_begins_others(run: StageRun, shelf: Shelf) -> None:
    """A file that takes a document's place keeps its revision and what was stated on the first alone."""
    event = submitted(shelf.put("acme/1", b"%PDF-1.7 cut off"))
    run(event)
    stated = (Assertion(field="total", value="1.00", actor="r-1"),)
    claim = shelf.put("acme/2", _three())
    _, *reads = run(submitted(claim, expense_id=event.expense_id, revision=2, asserted=stated))
    assert [(each.revision, each.asserted) for each in reads] == [(2, stated), (1, ()), (1, ())]
    assert reads[1].expense_id == portion_id(event.expense_id, claim.sha256, 2)
