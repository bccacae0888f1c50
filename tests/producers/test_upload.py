"""Documents through the door, on the real broker, registry and a document folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from producers.batch import BatchNameRefused, batch_closed, batch_name
from producers.door import DocumentRefused, Submitter, media_type
from producers.edge import Edge
from producers.spill import Spill
from producers.upload import Received, Refused, Upload, files_in
from schemas.envelope import Event
from schemas.events import BatchClosed, ExpenseSubmitted, KeyWrapped
from schemas.identity import document_id
from schemas.records import Context
from tests.producers.conftest import START, Clock, Read
from vault.blobs import BlobStore
from vault.personal import unpack

Events = Callable[[str], list[Event]]


def _folder(tmp_path: Path, files: dict[str, bytes]) -> Path:
    folder = tmp_path / "in"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def _upload(edge: Edge, paths: list[Path], submitter: Submitter, batch: str) -> list[Received | Refused]:
    with Upload(edge.door, edge.publisher, submitter, batch, clock=edge.clock) as upload:
        return [upload.add(path) for path in files_in(paths)]


def test_files_are_found_in_order_and_hidden_ones_left_out(tmp_path: Path) -> None:
    """Folders are walked depth first, sorted; dot files and folders do not count; a missing path is named."""
    folder = _folder(tmp_path, {"b.pdf": b"b", "a/c.pdf": b"c", ".hidden": b"", ".git/x": b"", "a/.y": b""})
    assert [p.relative_to(folder).as_posix() for p in files_in([folder])] == ["b.pdf", "a/c.pdf"]
    with pytest.raises(DocumentRefused, match=r"nowhere\.pdf: no such file"):
        list(files_in([tmp_path / "nowhere.pdf"]))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "image/png"),
        (b"<?xml version='1.0'?><Invoice/>", "application/xml"),
        (b"Invoice 12, total 3.00 EUR", "text/plain"),
        (b"", "application/x-empty"),
        (b"\x00\x01\x02\x03" * 8, "application/octet-stream"),
    ],
)
def test_the_media_type_is_of_the_content(data: bytes, expected: str) -> None:
    """Names play no part."""
    assert media_type(data) == expected


def test_a_batch_closes_in_parts_with_one_manifest() -> None:
    """Every member is in exactly one part; the manifest is over all of them, one a line."""
    members = sorted(f"{n:036d}" for n in range(2_001))
    parts = list(batch_closed("acme", "main", "s", "b", members, START))
    assert [len(p.expense_ids) for p in parts] == [1_000, 1_000, 1]
    assert [m for p in parts for m in p.expense_ids] == members
    assert {p.manifest_sha256 for p in parts} == {
        hashlib.sha256("".join(f"{m}\n" for m in members).encode()).hexdigest()
    }
    assert [(p.part, p.parts) for p in parts] == [(1, 3), (2, 3), (3, 3)]
    assert len({p.event_id for p in parts}) == 3


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_batch_name_that_cannot_be_a_key_is_refused(name: str) -> None:
    """Blank, unprintable and endless names are refused."""
    with pytest.raises(BatchNameRefused):
        batch_name(name)


def test_a_spill_counts_and_sorts() -> None:
    """Keys come back once each and sorted, with how often each was noted."""
    with Spill() as spill:
        assert [spill.note(k) for k in ("b", "a", "b")] == [1, 1, 2]
        assert (list(spill), len(spill), "a" in spill, "c" in spill) == (["a", "b"], 2, True, False)


def test_a_submitter_without_person_or_with_an_unsafe_tenant_is_refused() -> None:
    """Tenant and employee are checked at once."""
    with pytest.raises(DocumentRefused, match="tenant"):
        Submitter(tenant="../x", employee_id="E1")
    with pytest.raises(DocumentRefused, match="employee"):
        Submitter(tenant="acme", employee_id=" ")


@pytest.mark.kafka
def test_a_folder_becomes_one_batch(
    edge: Edge, events: Events, read: Read, tenant: str, tmp_path: Path, clock: Clock
) -> None:
    """Each file is one event, bytes in the store, name sealed; the batch closes with the distinct ids."""
    folder = _folder(
        tmp_path, {"a.pdf": b"%PDF-1.4 a", "sub/b.txt": b"bill", "again.pdf": b"%PDF-1.4 a", "empty.pdf": b""}
    )
    submitter = Submitter(
        tenant=tenant, employee_id="E-77", employee_name="Ada Byron", context=Context(department="ops", project="P1")
    )
    results = _upload(edge, [folder], submitter, "october")
    received = {r.path.name: r for r in results if isinstance(r, Received)}
    assert {name: r.repeated for name, r in received.items()} == {
        "a.pdf": False,
        "again.pdf": True,
        "empty.pdf": False,
        "b.txt": False,
    }
    subject = edge.pseudonyms.of(tenant, "E-77")
    submitted = [e for e in events("expense.submitted") if isinstance(e, ExpenseSubmitted)]
    assert len(submitted) == 4
    first = next(e for e in submitted if e.document.size == 10)
    assert first.expense_id == document_id(tenant, subject, hashlib.sha256(b"%PDF-1.4 a").hexdigest())
    assert (first.subject, first.batch_id, first.submitted_at) == (subject, "october", clock.now)
    assert (first.document.media_type, first.context.department) == ("application/pdf", "ops")
    blobs = BlobStore(edge.settings.object_store_url, edge.keys.vault)
    assert blobs.get(tenant, subject, first.expense_id, first.document) == b"%PDF-1.4 a"
    assert first.personal
    told = unpack(edge.keys.vault.open(tenant, subject, first.expense_id, first.personal))
    assert told == {"employee_id": "E-77", "employee_name": "Ada Byron", "file_name": "a.pdf"}
    (closed,) = [e for e in events("batch.progress") if isinstance(e, BatchClosed)]
    assert closed.expense_ids == tuple(sorted({e.expense_id for e in submitted}))
    (key,) = [e for e in events("audit.keys") if isinstance(e, KeyWrapped)]
    assert key.key_id == first.personal.key_id
    raw = b"".join((r.key or b"") + (r.value or b"") for r in read("expense.submitted"))
    assert b"E-77" not in raw
    assert b"Ada" not in raw
    assert next(r for r in read("expense.submitted")).header("traceparent")


@pytest.mark.kafka
def test_the_same_file_again_is_the_same_expense_and_another_persons_is_not(
    edge: Edge, events: Events, tenant: str, tmp_path: Path
) -> None:
    """Ids derive from person and content; the key of a person is made once."""
    folder = _folder(tmp_path, {"a.txt": b"taxi 12.00"})
    for employee, batch in (("E1", "one"), ("e1 ", "two"), ("E2", "three")):
        _upload(edge, [folder], Submitter(tenant=tenant, employee_id=employee), batch)
    submitted = {e.batch_id: e for e in events("expense.submitted")}
    assert submitted["one"].expense_id == submitted["two"].expense_id != submitted["three"].expense_id
    assert submitted["one"].event_id != submitted["two"].event_id
    assert len(events("audit.keys")) == 2


@pytest.mark.kafka
def test_what_is_too_large_or_unreadable_is_refused_and_the_rest_goes_on(
    edge: Edge, events: Events, tenant: str, tmp_path: Path
) -> None:
    """The refusal names file, size and limit; nothing of it reaches a topic."""
    folder = _folder(tmp_path, {"fine.txt": b"3.00", "huge.bin": b""})
    with (folder / "huge.bin").open("r+b") as file:
        file.truncate(edge.settings.upload_bytes + 1)
    (folder / "dangling.pdf").symlink_to(folder / "gone")
    results = {r.path.name: r for r in _upload(edge, [folder], Submitter(tenant=tenant, employee_id="E1"), "b")}
    huge, dangling = results["huge.bin"], results["dangling.pdf"]
    assert isinstance(huge, Refused)
    assert "huge.bin: 26,214,401 bytes are over the limit of 26,214,400" in huge.reason
    assert isinstance(dangling, Refused)
    assert "cannot be read" in dangling.reason
    assert len(events("expense.submitted")) == 1
