"""Files read without Kafka: each ends as data or as one document that says why not."""

import hashlib
from pathlib import Path
from typing import Any

from consumers.ocr.files import failed, read_file
from consumers.ocr.task import FileTask
from documents.limits import DEFAULT, Limits

TEXT = """\
Harbour Garage Ltd
Invoice number: HG-4711
Date: 15 October 2026
Total: GBP 22.00
"""


def _read(path: Path, limits: Limits = DEFAULT, explain: Path | None = None) -> list[dict[str, Any]]:
    return read_file(FileTask(path, limits, 0.8, explain))


def _codes(document: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in document["problems"]]


def test_a_file_over_a_limit_is_one_document_that_says_so(tmp_path: Path) -> None:
    """A broken limit of the reader leaves an unread document with its hash, not the end of the row."""
    path = tmp_path / "note.txt"
    path.write_text(TEXT)
    (found,) = _read(path, Limits(chars=10))
    assert (found["file"], found["kind"], found["accepted"]) == ("note.txt", "unsupported", False)
    assert found["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert _codes(found) == ["LIMIT_EXCEEDED"]


def test_a_file_larger_than_allowed_is_never_read(tmp_path: Path) -> None:
    """A terabyte on paper costs nothing: it has a problem and no hash."""
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.truncate(2**40)
    (found,) = _read(path)
    assert (found["sha256"], _codes(found)) == (None, ["LIMIT_EXCEEDED"])


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A file gone meanwhile ends typed, with the reason the system gives."""
    (found,) = _read(tmp_path / "gone.pdf")
    assert _codes(found) == ["READ_FAILED"]
    assert "No such file" in found["problems"][0]["message"]


def test_a_file_whose_worker_died_keeps_its_hash(tmp_path: Path) -> None:
    """What killed a worker can be told apart from its neighbours by what it is."""
    path = tmp_path / "bomb.pdf"
    path.write_bytes(b"%PDF-")
    found = failed(FileTask(path, DEFAULT, 0.8), "the worker ended with code -9").told()
    assert found["sha256"] == hashlib.sha256(b"%PDF-").hexdigest()
    assert (_codes(found), found["problems"][0]["message"]) == (["READ_FAILED"], "the worker ended with code -9")


def test_pages_are_drawn_on_request(tmp_path: Path) -> None:
    """One PNG a page, named after the file and its hash."""
    path = tmp_path / "note.txt"
    path.write_text(TEXT)
    (found,) = _read(path, explain=tmp_path)
    assert found["total"] == "22.00"
    (picture,) = tmp_path.glob("*.png")
    assert picture.name == f"note.txt-{found['sha256'][:8]}-p1.png"
