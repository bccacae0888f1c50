"""`review crop`: from an expense's doubt to a picture of its place."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from audit.reconstruct import Expense
from cli import cropping
from cli.context import Refused
from cli.main import app
from schemas.records import ClaimCheck, Portion, Problem

NOW = datetime(2024, 3, 5, tzinfo=UTC)
PLACED = Problem(
    code="LOW_CONFIDENCE", message="total: check it", field="total", stage="parse", page=1, box=(40, 30, 90, 45)
)
ELSEWHERE = Problem(code="MISSING_FIELD", message="currency: enter it", field="currency", stage="parse")
CLAIM = ClaimCheck(url="t/e/1", sha256="0" * 64, size=3, media_type="image/png", key_id="k1")


class Shelf:
    """A store with one document, and an edge and a session that lead to it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.blobs = self
        self.asked: list[tuple[str, str, str, ClaimCheck]] = []

    def get(self, tenant: str, subject: str, expense_id: str, claim: ClaimCheck) -> bytes:
        """Return the document, and remember who asked."""
        self.asked.append((tenant, subject, expense_id, claim))
        return self.data

    @contextmanager
    def edge(self) -> Iterator["Shelf"]:
        """Open the edge."""
        yield self


def _expense(*problems: Problem, portion: Portion | None = None) -> Expense:
    return Expense(
        expense_id="e-1",
        tenant_id="t",
        ledger="main",
        subject="s",
        batch_id=None,
        correlation_id="c",
        trace_id="",
        revision=1,
        state="in_review",
        stage="approval",
        sequence=7,
        submitted_at=NOW,
        occurred_at=NOW,
        recorded_at=NOW,
        problems=problems,
        document=CLAIM,
        portion=portion,
    )


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A picture in the store of an expense with one doubt that has a place and one that has none."""
    file = io.BytesIO()
    Image.new("L", (200, 120), 255).save(file, "PNG")
    made = Shelf(file.getvalue())
    monkeypatch.setattr(cropping, "session", lambda: made)
    monkeypatch.setattr(cropping, "expense_or_refuse", lambda _: (_expense(ELSEWHERE, PLACED), []))
    return made


def test_the_place_of_a_doubt_becomes_a_picture(shelf: Shelf, tmp_path: Path) -> None:
    """The first doubt with a place is cut out of the stored document and written where it was asked for."""
    out = tmp_path / "total.png"
    result = CliRunner().invoke(app, ["review", "crop", "e-1", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["field"], told["page"], told["file"]) == ("total", 1, str(out))
    assert shelf.asked == [("t", "s", "e-1", CLAIM)]
    assert Image.open(out).format == "PNG"


def test_a_part_of_a_file_is_cut_from_the_file(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document of an expense that is one of several lies under the expense the file entered as."""
    part = _expense(PLACED, portion=Portion(number=2, of=3, file="e-0", first_page=1, last_page=1))
    monkeypatch.setattr(cropping, "expense_or_refuse", lambda _: (part, []))
    result = CliRunner().invoke(app, ["review", "crop", "e-1", "--out", str(tmp_path / "x.png")])
    assert result.exit_code == 0, result.output
    assert shelf.asked == [("t", "s", "e-0", CLAIM)]


def test_a_doubt_without_a_place_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    """What is missing stands nowhere; the fields that can be shown are named."""
    result = CliRunner().invoke(app, ["review", "crop", "e-1", "currency", "--out", str(tmp_path / "x.png")])
    assert isinstance(result.exception, Refused)
    assert str(result.exception).endswith("no doubt with a place about currency; there are: total")
    assert shelf.asked == []


def test_a_document_without_a_picture_is_told(shelf: Shelf, tmp_path: Path) -> None:
    """A text has no page to cut from; the refusal names the document."""
    shelf.data = b"Total 12.00 GBP\n"
    result = CliRunner().invoke(app, ["review", "crop", "e-1", "--out", str(tmp_path / "x.png")])
    assert isinstance(result.exception, Refused)
    assert "t/e/1: the document is text" in str(result.exception)
