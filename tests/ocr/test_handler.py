"""Reading as a stage: what goes on, what ends here, what waits and what is poison."""

import pytest

from consumers.ocr.handler import read_document
from consumers.runtime.errors import LimitExceeded, Poisoned
from schemas.events import ExpenseRead, SubmissionRepeated
from tests.harness import StageRun
from tests.ocr.build import INVOICE, sealed, submitted, words
from tests.ocr.shelf import GlassVault, Shelf
from vault.keys import KeyNotSeen


def test_words_travel_sealed(run: StageRun, shelf: Shelf) -> None:
    """The document's words are in the sealed part and nowhere else; what the employee stated stays beside them."""
    (read,) = run(submitted(shelf.put("acme/1", INVOICE.encode())))
    assert isinstance(read, ExpenseRead)
    assert (read.kind, read.pages, read.engine, read.status) == ("text", 1, "text 1", "read")
    assert "Brightwater" in words(read)
    assert read.personal is not None
    assert b'"employee_id":"e-1"' in read.personal.ciphertext
    assert "Brightwater" not in repr(read).replace(repr(read.personal), "")


def test_the_same_document_again_ends_here(run: StageRun, shelf: Shelf) -> None:
    """A second submission is told with the batch the first came with, and nobody fetches the document."""
    first = submitted(shelf.put("acme/1", INVOICE.encode()))
    run(first)
    (repeated,) = run(submitted(first.document, batch_id="b-2", event_id="later"))
    assert isinstance(repeated, SubmissionRepeated)
    assert (repeated.batch_id, repeated.first_batch_id, repeated.status) == ("b-2", "b-1", "submitted")
    assert repeated.personal is None
    assert shelf.asked == 1


def test_a_replaced_document_is_read(run: StageRun, shelf: Shelf) -> None:
    """A later revision of the same expense is no repetition; the same revision again is."""
    first = submitted(shelf.put("acme/1", b"%PDF-1.7 cut off"))
    run(first)
    (read,) = run(submitted(shelf.put("acme/2", INVOICE.encode()), expense_id=first.expense_id, revision=2))
    assert isinstance(read, ExpenseRead)
    assert read.problems == ()
    (again,) = run(submitted(first.document, revision=2))
    assert isinstance(again, SubmissionRepeated)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "EMPTY"), (b"%PDF-1.7 cut off", "CORRUPT"), (b"PK\x03\x04\x00\x01", "UNSUPPORTED")],
)
def test_an_unusable_document_goes_on_with_its_problem(run: StageRun, shelf: Shelf, content: bytes, code: str) -> None:
    """A person can replace it, so it is no error."""
    (read,) = run(submitted(shelf.put("acme/1", content), personal=sealed(file_name="scan")))
    assert isinstance(read, ExpenseRead)
    assert [(problem.code, problem.stage) for problem in read.problems] == [(code, "ocr")]


def test_a_missing_document_is_poison(shelf: Shelf) -> None:
    """A store that answers without the document cannot be waited for."""
    event = submitted(shelf.put("acme/1", b"x"))
    shelf.documents.clear()
    with pytest.raises(Poisoned) as poisoned:
        read_document(event, vault=GlassVault(), blobs=shelf)  # type: ignore[arg-type] # hand-written fakes
    assert poisoned.value.reason == "DOCUMENT_MISSING"


def test_a_broken_limit_is_poison(shelf: Shelf) -> None:
    """More than the limits allow is dead-lettered under the runner's own name for it."""
    event = submitted(shelf.put("acme/1", b"a b c " * 200_000))
    with pytest.raises(LimitExceeded, match="chars"):
        read_document(event, vault=GlassVault(), blobs=shelf)  # type: ignore[arg-type] # hand-written fakes


def test_the_key_of_the_event_is_used(shelf: Shelf) -> None:
    """Without personal fields the document's own key seals; one not seen yet is waited for."""
    event = submitted(shelf.put("acme/1", INVOICE.encode()), personal=None)
    (read,) = read_document(event, vault=GlassVault(), blobs=shelf)  # type: ignore[arg-type] # hand-written fakes
    assert read.personal is not None
    assert read.personal.key_id == event.document.key_id
    shelf.put("acme/1", INVOICE.encode())
    other = submitted(type(event.document)(url="acme/1", sha256="0", size=1, media_type="", key_id="k2"), personal=None)
    with pytest.raises(KeyNotSeen):
        read_document(other, vault=GlassVault(), blobs=shelf)  # type: ignore[arg-type] # hand-written fakes
