"""A file of several documents over the whole DAG in memory: each of its expenses lives and ends on its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.completeness import Completeness, Reckoning
from audit.entry import read
from producers.batch import batch_closed
from schemas.events import AuditSealed, BatchCompleted, ExpenseSubmitted
from schemas.identity import portion_id
from schemas.records import Context
from tests.dag.system import System
from tests.documents.collected import invoices, mailed, merged
from tests.ocr.build import sealed, submitted
from tests.ocr.shelf import GlassVault, Shelf

pytestmark = pytest.mark.slow

SUBJECT = "a" * 32
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def shelf() -> Shelf:
    """An empty shelf."""
    return Shelf()


@pytest.fixture
def system(tmp_path: Path, shelf: Shelf) -> System:
    """Return a running system that reads documents from the shelf."""
    found = System(tmp_path, {"vault": GlassVault(), "blobs": shelf, "confidence": {}})
    # The samples are dated: before that day they would lie in the future.
    found.clock.time = AT + timedelta(hours=1)
    return found


def _file(shelf: Shelf, data: bytes, **changes: Any) -> ExpenseSubmitted:
    known = {
        "personal": sealed(file_name="post"),
        "tenant_id": "main",
        "subject": SUBJECT,
        "occurred_at": AT,
        "submitted_at": AT,
    }
    return submitted(
        shelf.put("main/1", data),
        **{**known, "batch_id": "post", "context": Context(department="operations"), **changes},
    )


def _three() -> bytes:
    first, second, third, _ = invoices()
    return merged(first.content, second.content, third.content)


def _ids(event: ExpenseSubmitted, of: int = 3) -> list[str]:
    others = (portion_id(event.expense_id, event.document.sha256, number) for number in range(2, of + 1))
    return [event.expense_id, *others]


def _complete(system: System, *entered: ExpenseSubmitted) -> Completeness:
    reckoning = Reckoning()
    for event in entered:
        reckoning.enter(event)
    for record in system.broker.records("audit.log"):
        sealed = system.codec.decode(record.value)
        assert isinstance(sealed, AuditSealed)
        reckoning.take(read(sealed.metadata.encode()), system.codec.decode(sealed.output) if sealed.output else None)
    return reckoning.report()


def test_each_document_is_posted_once_and_counted(system: System, shelf: Shelf) -> None:
    """Three invoices in one PDF are three postings of three amounts, three members of the batch, and all accounted."""
    event = _file(shelf, _three())
    ids = _ids(event)
    system.publish(event, *batch_closed("main", "main", SUBJECT, "post", [event.expense_id], AT))
    system.run()
    assert [system.state(each) for each in ids] == ["posted"] * 3
    assert sorted(system.postings()) == sorted(ids)
    totals = {system.expense(each).facts.total for each in ids}  # type: ignore[union-attr] # posted, so it was read
    assert totals == {each.facts.total for each in invoices()[:3]}
    told = [system.codec.decode(r.value) for r in system.broker.records("batch.completed")][-1]
    assert isinstance(told, BatchCompleted)
    assert (told.members, told.counts, told.final) == (3, {"posted": 3}, True)
    report = _complete(system, event)
    assert report.complete
    assert report.entered == 3
    assert system.expense(ids[1]).breaches == ()


def test_the_story_names_file_and_part(system: System, shelf: Shelf) -> None:
    """The first expense's story names the others, theirs the file and the pages."""
    event = _file(shelf, _three())
    system.submit(event)
    ids = _ids(event)
    first, second = (" ".join(s.text for s in system.model.story(each)) for each in ids[:2])
    assert (
        f"The file holds 3 documents, each an expense of its own: this one is the first, the others are {ids[1]}"
        in first
    )
    assert f"document 2 of 3 in the file of expense {event.expense_id}, pages 2-4" in second


def test_entering_again_changes_nothing(system: System, shelf: Shelf) -> None:
    """The same file in another batch is the same three expenses, posted once."""
    event = _file(shelf, _three())
    system.submit(event)
    system.submit(_file(shelf, _three(), batch_id="again", event_id="later"))
    assert [system.state(each) for each in _ids(event)] == ["posted"] * 3
    assert sorted(system.postings()) == sorted(_ids(event))
    assert len(system.model.expenses()) == 3


def test_the_same_file_of_another_person_is_flagged_part_by_part(system: System, shelf: Shelf) -> None:
    """Each document is held against its own twin, and none against its neighbours in the file."""
    first, other = _file(shelf, _three()), _file(shelf, _three(), subject="b" * 32, expense_id="f" * 8, event_id="b")
    system.submit(first)
    system.submit(other)
    held = [system.expense(each) for each in _ids(other)]
    assert [each.state for each in held] == ["in_review"] * 3
    twins = [{f.other for f in each.findings if f.code == "DUPLICATE_EXACT"} for each in held]
    assert twins == [{each} for each in _ids(first)]


def test_one_part_is_corrected_or_rejected_alone(system: System, shelf: Shelf) -> None:
    """In doubt all parts wait; what a person says of one is about that one, and it stays a part of the file."""
    first, second, *_ = invoices()
    event = _file(shelf, mailed(("a.pdf", first.content), ("b.pdf", second.content), ("c.pdf", first.content)))
    system.submit(event)
    ids = _ids(event)
    assert [system.state(each) for each in ids] == ["in_review"] * 3
    assert system.postings() == []
    system.resolve(ids[2], "reject")
    system.resolve(ids[1], "correct", "department=sales")
    assert [system.state(each) for each in ids] == ["in_review", "in_review", "rejected"]
    corrected = system.expense(ids[1])
    assert (corrected.revision, corrected.portion and corrected.portion.attachment) == (2, 2)
    system.resolve(ids[0], "approve")
    system.resolve(ids[1], "approve")
    assert sorted(system.postings()) == sorted(ids[:2])
    assert _complete(system, event).complete


def test_a_part_that_left_no_trail_is_missed(system: System, shelf: Shelf) -> None:
    """What a file was said to hold is asked for, as what entered at the door is."""
    event = _file(shelf, _three())
    system.submit(event)
    gone = _ids(event)[2]
    reckoning = Reckoning()
    for record in system.broker.records("audit.log"):
        sealed = system.codec.decode(record.value)
        assert isinstance(sealed, AuditSealed)
        if sealed.expense_id != gone:
            reckoning.take(
                read(sealed.metadata.encode()), system.codec.decode(sealed.output) if sealed.output else None
            )
    assert [each.expense_id for each in reckoning.report().lost] == [gone]
