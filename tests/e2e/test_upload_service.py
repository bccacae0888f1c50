"""The doors that stay open: documents over HTTP and from a watched folder, their limits, and the end of a batch."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from schemas.events import BatchCompleted
from schemas.topics import BATCH_COMPLETED
from tests.e2e.inside import Inside, invoice, until
from tests.e2e.whole import ROOT, Whole

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

LIMIT = 20_000
BOUND = 40
XML = "application/xml"


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Return limits that a test can reach."""
    return {"SPENDTRAIL_UPLOAD_BYTES": str(LIMIT), "SPENDTRAIL_LAG_BOUND": str(BOUND)}


@pytest.fixture(scope="module")
def http(whole: Whole) -> Iterator[httpx2.Client]:
    """Return a client of the upload service, once it takes documents in."""
    with httpx2.Client(base_url=whole.addresses["upload"], timeout=30) as client:
        until(lambda: _ready(client), 60, lambda: "the upload service does not get ready")
        yield client


def _ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def post(client: httpx2.Client, files: Mapping[str, bytes], **fields: str) -> httpx2.Response:
    """Send files as one form."""
    parts = [("file", (name, content, XML)) for name, content in files.items()]
    return client.post("/v1/documents", data={"employee": "E-600", **fields}, files=parts)


def completed(inside: Inside, batch_id: str) -> list[BatchCompleted]:
    """Return what was said about the end of a batch, the latest last."""
    events = (inside.edge.codec.decode(r.value) for r in inside.records(BATCH_COMPLETED.name))
    return [each for each in events if isinstance(each, BatchCompleted) and each.batch_id == batch_id]


def test_several_files_are_one_batch_that_completes(inside: Inside, http: httpx2.Client) -> None:
    """Files of one form are accepted with their ids, end, and the closed batch tells counts and manifest."""
    files = {"a.xml": invoice(600), "b.zip": b"PK\x03\x04 broken", "c.xml": invoice(600)}
    answer = post(http, files)
    assert answer.status_code == 202
    told = answer.json()
    ids = {each["file_name"]: each["expense_id"] for each in told["documents"]}
    assert list(ids) == list(files)
    assert ids["a.xml"] == ids["c.xml"] == told["expense_id"]
    assert [each["sha256"] for each in told["documents"]] == [hashlib.sha256(f).hexdigest() for f in files.values()]
    closed = http.post(f"/v1/batches/{told['batch_id']}/close", json={"expense_ids": list(ids.values())})
    assert closed.status_code == 202
    members = sorted(set(ids.values()))
    assert closed.json()["manifest_sha256"] == _sha256(f"{each}\n" for each in members)
    states = inside.settle(members)
    assert states == {ids["a.xml"]: "posted", ids["b.zip"]: "in_review"}
    until(lambda: bool(completed(inside, told["batch_id"])), 30, lambda: "the batch was not called complete")
    inside.rest()
    last = completed(inside, told["batch_id"])[-1]
    assert dict(last.counts) == {"posted": 1, "in_review": 1}
    assert last.members == 2
    assert last.final is False
    assert last.manifest_sha256 == _sha256(f"{each} {states[each]}\n" for each in members)


def _sha256(lines: Iterator[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_same_file_again_is_the_same_expense(inside: Inside, http: httpx2.Client) -> None:
    """A document sent twice has one id and one posting; its second batch ends with a member that was there before."""
    file = {"again.xml": invoice(610)}
    first, second = (post(http, file, employee="E-610", batch=f"try-{n}").json() for n in (1, 2))
    assert first["expense_id"] == second["expense_id"]
    assert inside.settle([first["expense_id"]]) == {first["expense_id"]: "posted"}
    http.post("/v1/batches/try-2/close", json={"expense_ids": [second["expense_id"]]}).raise_for_status()
    until(lambda: bool(completed(inside, "try-2")), 30, lambda: "the second batch was not called complete")
    assert dict(completed(inside, "try-2")[-1].counts) == {"repeated": 1}
    inside.rest()
    assert inside.postings()[first["expense_id"]] == 1


def test_a_file_over_the_limit_is_refused(http: httpx2.Client) -> None:
    """One byte too many is answered 413 with the limit; nothing of the form is taken in."""
    answer = post(http, {"large.xml": b"x" * (LIMIT + 1)})
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert f"{LIMIT:,} bytes" in answer.json()["detail"]


def test_a_batch_by_command_line_completes(whole: Whole, inside: Inside, tmp_path: Path) -> None:
    """What `upload` sends is closed by itself: BatchCompleted is final when no member waits for a person."""
    (tmp_path / "one.xml").write_bytes(invoice(620))
    (answer,) = whole.json("upload", str(tmp_path / "one.xml"), "--employee", "E-620", "--batch", "by-hand")
    assert inside.settle([answer["expense_id"]]) == {answer["expense_id"]: "posted"}
    until(lambda: bool(completed(inside, "by-hand")), 30, lambda: "the batch was not called complete")
    last = completed(inside, "by-hand")[-1]
    assert (dict(last.counts), last.members, last.final) == ({"posted": 1}, 1, True)


@contextmanager
def watching(whole: Whole, folder: Path) -> Iterator[None]:
    """Run `spendtrail watch` on a folder; leaving ends it with SIGTERM."""
    with (whole.home / "logs" / "watch.log").open("w") as log:
        command = whole.command("watch", str(folder), "--employee", "E-630")
        child = subprocess.Popen(command, cwd=ROOT, env=whole.environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            child.terminate()
            code = child.wait(30)
    assert code == 0


def test_a_watched_folder_takes_each_file_in_once(whole: Whole, inside: Inside, tmp_path: Path) -> None:
    """Files there and files added go in once and to `done/`, a refused one to `refused/` with its reason."""
    (tmp_path / "before.xml").write_bytes(invoice(630))
    with watching(whole, tmp_path):
        (tmp_path / "large.xml").write_bytes(b"x" * (LIMIT + 1))
        until((tmp_path / "done" / "before.xml").exists, 30, lambda: "the first file was not taken in")
        (tmp_path / "same.xml").write_bytes(invoice(630))
        until((tmp_path / "done" / "same.xml").exists, 30, lambda: "the second file was not taken in")
        until((tmp_path / "refused" / "large.xml.txt").exists, 30, lambda: "the large file was not refused")
    assert f"{LIMIT:,} bytes" in (tmp_path / "refused" / "large.xml.txt").read_text()
    assert not [path for path in tmp_path.iterdir() if path.is_file()]
    expense = inside.admit("before.xml", invoice(630), employee="E-630").expense_id
    assert inside.settle([expense]) == {expense: "posted"}
    inside.rest()
    assert inside.postings()[expense] == 1


def test_the_door_closes_while_a_stage_is_too_far_behind(inside: Inside, http: httpx2.Client) -> None:
    """A stage that hangs closes the door with 429 and Retry-After; once it has caught up, the same form goes in."""
    pid = inside.pid("ocr")
    os.kill(pid, signal.SIGSTOP)
    try:
        crowd = {f"{n}.xml": b"<note>%d</note>" % n for n in range(BOUND + 10)}
        sent = post(http, crowd)
        assert sent.status_code == 202
        until(lambda: post(http, {"late.xml": invoice(640)}).status_code == 429, 30, lambda: "the door stays open")
        refused = post(http, {"late.xml": invoice(640)})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "ocr" in refused.json()["detail"]
        assert http.get("/readyz").status_code == 503
    finally:
        os.kill(pid, signal.SIGCONT)
    inside.settle([each["expense_id"] for each in sent.json()["documents"]])
    until(lambda: post(http, {"late.xml": invoice(640)}).status_code == 202, 60, lambda: "the door stays shut")
    inside.rest()
