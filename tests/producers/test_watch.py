"""The watched folder: each file once, whole, and out of the way afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from producers.door import Submitter
from producers.edge import Edge
from producers.watch import watch
from schemas.envelope import Event
from schemas.events import BatchClosed, ExpenseSubmitted

pytestmark = pytest.mark.kafka
Events = Callable[[str], list[Event]]


@contextmanager
def _watching(folder: Path, edge: Edge, tenant: str) -> Iterator[None]:
    stop = threading.Event()
    submitter = Submitter(tenant=tenant, employee_id="E1")
    thread = threading.Thread(target=watch, args=(folder, edge, submitter, stop), kwargs={"settle_s": 0.2})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "nothing happened within 15 s"
        time.sleep(0.05)


def test_files_are_uploaded_once_and_moved(edge: Edge, events: Events, tenant: str, tmp_path: Path) -> None:
    """What lay there and what arrives is submitted; hidden and unfinished files wait; a restart sends nothing again."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "early.txt").write_text("taxi 12.00")
    (folder / "scan.pdf.part").write_text("half")
    with _watching(folder, edge, tenant):
        _until((folder / "done" / "early.txt").exists)
        (folder / "march").mkdir()
        (folder / "march" / "late.txt").write_text("lunch 9.00")
        _until((folder / "done" / "march" / "late.txt").exists)
    with _watching(folder, edge, tenant):
        (folder / "early.txt").write_text("hotel 90.00")
        _until((folder / "done" / "early-2.txt").exists)
    submitted = [e for e in events("expense.submitted") if isinstance(e, ExpenseSubmitted)]
    assert [e.origin for e in submitted] == ["folder"] * 3
    assert len({e.expense_id for e in submitted}) == 3
    closed = [e for e in events("batch.progress") if isinstance(e, BatchClosed)]
    assert {e.batch_id for e in closed} == {e.batch_id for e in submitted}
    assert (folder / "scan.pdf.part").exists()


def test_a_file_still_growing_waits(edge: Edge, events: Events, tenant: str, tmp_path: Path) -> None:
    """A slow copy is submitted whole, not in halves."""
    folder = tmp_path / "in"
    folder.mkdir()
    with _watching(folder, edge, tenant):
        with (folder / "slow.txt").open("w") as file:
            for _ in range(20):
                file.write("line 1.00\n")
                file.flush()
                time.sleep(0.05)
        _until((folder / "done" / "slow.txt").exists)
    (submitted,) = events("expense.submitted")
    assert isinstance(submitted, ExpenseSubmitted)
    assert submitted.document.size == 200


def test_a_refused_file_is_put_aside_with_its_reason(edge: Edge, events: Events, tenant: str, tmp_path: Path) -> None:
    """Too large a file lands in `refused/`, and a text beside it says why."""
    folder = tmp_path / "in"
    folder.mkdir()
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(edge.settings.upload_bytes + 1)
    with _watching(folder, edge, tenant):
        _until((folder / "refused" / "huge.bin.txt").exists)
    assert "over the limit" in (folder / "refused" / "huge.bin.txt").read_text()
    assert (folder / "refused" / "huge.bin").exists()
    assert events("expense.submitted") == []
