"""Each kind of bad input on real Kafka: its dead letter, its place in the audit log, and the way back."""

import io
import time
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import psutil
import pytest
from pikepdf import Pdf

from producers.batch import batch_closed
from samples.receipts import album
from schemas.codec import Codec
from schemas.dead_letters import PREFIX
from schemas.topics import PARSED, SUBMITTED
from tests.e2e.inside import Inside, invoice, now, until
from tests.e2e.whole import Whole

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITION = 1
READERS = {SUBMITTED.name: ["ocr"], PARSED.name: ["category", "currency", "vendor"]}


@dataclass(frozen=True)
class Bad:
    """A value nobody can handle, and what its dead letter must say."""

    name: str
    value: bytes
    reason: str = "UNDECODABLE"
    exception: str = "schemas.errors.Undecodable"

    @property
    def key(self) -> bytes:
        """The record's key."""
        return f"bad-{self.name}".encode()

    @property
    def schema_id(self) -> str:
        """What the header must say."""
        claimed = Codec.schema_id(self.value)
        return "" if claimed is None else str(claimed)


def bad_values(inside: Inside) -> list[Bad]:
    """Return one of each kind."""
    codec = inside.edge.codec
    event = inside.admit_invoice(90)
    sound = codec.encode(event)
    (closed,) = batch_closed("main", "main", event.subject, "foreign", [event.expense_id], now())
    return [
        Bad("garbage", b"\xff no record of ours"),
        Bad("unknown-schema", b"\0" + (987_654).to_bytes(4) + sound[5:]),
        Bad("damaged", sound[: len(sound) // 2]),
        Bad("left-over", sound + sound[5:]),
        Bad("foreign", codec.encode(closed), "FOREIGN_EVENT", "consumers.runtime.errors.Poisoned"),
    ]


@pytest.mark.parametrize("topic", sorted(READERS))
def test_bad_records_are_put_aside_and_the_partition_moves_on(whole: Whole, inside: Inside, topic: str) -> None:
    """Each bad record has a dead letter per reader with every header; good records behind it in its partition end."""
    bads = bad_values(inside)
    places = {bad.key: inside.produce(topic, bad.key, bad.value, partition=PARTITION) for bad in bads}
    first = 100 if topic == SUBMITTED.name else 120
    good = [inside.send_invoice(n) for n in range(first, first + 16)]
    assert set(inside.settle(good).values()) == {"posted"}
    inside.rest()
    assert any(r.partition == PARTITION and r.offset > max(places.values()) for r in inside.records(topic))
    found = {(r.key, _header(r.headers, "topic"), _header(r.headers, "group")): r for r in inside.dead_letters()}
    trail = {(entry.source, entry.stage): entry.reason for entry in inside.trail() if entry.action == "DeadLettered"}
    listed = {row["id"]: row["reason"] for row in whole.json("dlq", "list")}
    for bad in bads:
        source = f"{topic}/{PARTITION}/{places[bad.key]}"
        for group in READERS[topic]:
            letter = found[bad.key, topic, group]
            told = {n.removeprefix(PREFIX): v.decode() for n, v in letter.headers if n.startswith(PREFIX)}
            assert told.pop("message")
            assert abs(time.time() - int(told.pop("timestamp")) / 1000) < 120
            assert told == {
                "topic": topic,
                "partition": str(PARTITION),
                "offset": str(places[bad.key]),
                "group": group,
                "exception": bad.exception,
                "stage": group,
                "class": bad.reason,
                "schema.id": bad.schema_id,
                "replay.count": "0",
            }
            assert letter.value == bad.value
            assert dict(letter.headers)["origin"] == b"stranger"
            assert trail[source, group] == bad.reason
            assert listed[f"{source}/{group}"] == bad.reason
    shown = whole.run("dlq", "show", f"{topic}/{PARTITION}/{places[bads[0].key]}")
    assert shown.count("UNDECODABLE") >= len(READERS[topic])
    assert shown.count(bads[0].value.hex(" ", 4)) == len(READERS[topic])


def _header(headers: tuple[tuple[str, bytes], ...], name: str) -> str:
    return dict(headers)[f"{PREFIX}{name}"].decode()


def test_a_missing_document_is_replayed_once_it_is_back(whole: Whole, inside: Inside) -> None:
    """A document that the store lost is a dead letter; restored and replayed it ends, and the letter is settled."""
    event = inside.admit_invoice(200)
    stored = whole.home / "documents" / event.document.url
    kept = stored.read_bytes()
    stored.unlink()
    inside.publish(event)
    assert inside.settle([event.expense_id]) == {event.expense_id: "dead_lettered"}
    (letter,) = [one for one in whole.json("dlq", "list") if one["reason"] == "DOCUMENT_MISSING"]
    assert event.expense_id in letter["message"]
    stored.write_bytes(kept)
    whole.run("dlq", "replay", letter["id"])
    until(
        lambda: inside.settle([event.expense_id])[event.expense_id] == "posted", 60, lambda: "the replay does not end"
    )
    assert letter["id"] not in {one["id"] for one in whole.json("dlq", "list")}
    (settled,) = [one for one in whole.json("dlq", "list", "--all") if one["id"] == letter["id"]]
    assert settled["standing"] == "replayed"
    shown = whole.run("show", event.expense_id)
    assert "DOCUMENT_MISSING" in shown
    assert "replayed since" in shown
    assert "was replayed by" in whole.refused("dlq", "replay", letter["id"])
    inside.rest()
    assert inside.postings()[event.expense_id] == 1


def vast_picture(side: int = 30_000) -> bytes:
    """Return a black and white PNG of side by side pixels: small as a file, vast once unfolded."""
    row = bytes(1 + -(-side // 8))
    packer = zlib.compressobj(1)
    rows = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    header = side.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def endless_pdf(pages: int = 201) -> bytes:
    """Return a PDF of so many empty pages."""
    pdf, out = Pdf.new(), io.BytesIO()
    for _ in range(pages):
        pdf.add_blank_page()
    pdf.save(out)
    return out.getvalue()


def test_documents_over_a_limit_are_dead_letters_that_show(whole: Whole, inside: Inside) -> None:
    """A picture of too many pixels and a PDF of too many pages take only themselves along, and `show` says why."""
    hostile = {"pixels": inside.admit("vast.png", vast_picture()), "pages": inside.admit("endless.pdf", endless_pdf())}
    inside.publish(*hostile.values())
    after = inside.send_invoice(210)
    ids = [event.expense_id for event in hostile.values()]
    assert inside.settle([*ids, after]) == {**dict.fromkeys(ids, "dead_lettered"), after: "posted"}
    letters = {one.id: one for one in inside.letters()}
    for limit, event in hostile.items():
        shown = whole.run("show", event.expense_id)
        assert "LIMIT_EXCEEDED" in shown
        told = whole.json("show", event.expense_id)[0]["expense"]["dead_letters"]
        assert [each["reason"] for each in told] == ["LIMIT_EXCEEDED"]
        assert limit in letters[f"{told[0]['source']}/ocr"].message


def test_an_oversize_upload_is_refused_at_the_door(whole: Whole, tmp_path: Path, inside: Inside) -> None:
    """A file over the limit is refused with exit code 2, its name, its size and the limit; the others go in."""
    large, small = tmp_path / "large.xml", tmp_path / "small.xml"
    large.write_bytes(invoice(220) + b"\n" * 4_000)
    small.write_bytes(invoice(221))
    limited = whole.with_environment(SPENDTRAIL_UPLOAD_BYTES="6000")
    told = " ".join(limited.refused("upload", str(large)).split())
    for said in (large.name, f"{large.stat().st_size:,} bytes", "6,000 bytes", "SPENDTRAIL_UPLOAD_BYTES"):
        assert said in told
    answers = limited.json("upload", str(large), str(small), expect=(2,))
    accepted = [each["expense_id"] for each in answers if "expense_id" in each]
    assert len(answers) == 2
    assert inside.settle(accepted) == {accepted[0]: "posted"}


def _photograph(seed: int) -> bytes:
    """Return a picture that takes long enough to read for its reader to be caught at it."""
    numbers = Random(seed)  # noqa: S311 - what is printed on a receipt, no secret
    return album.take("taxi", numbers, np.random.default_rng(seed)).content


def _kill_reader(inside: Inside) -> None:
    """Kill the worker that reads a picture, once one does: a page is read inside the worker, so it is what computes."""
    stage = psutil.Process(inside.pid("ocr"))
    spent = {each.pid: each.cpu_times().user for each in stage.children()}
    reading: list[psutil.Process] = []

    def begun() -> bool:
        reading[:] = [each for each in stage.children() if each.cpu_times().user > spent.get(each.pid, 0.0) + 0.1]
        return bool(reading)

    until(begun, 30, lambda: "no worker began to read")
    reading[0].kill()


def _died(inside: Inside, deaths: float) -> bool:
    return inside.metric("ocr", "workers_died_total") == deaths


def test_a_document_whose_worker_always_dies_is_dead_lettered_alone(inside: Inside) -> None:
    """Killed in the middle of OCR at each of its three attempts, a picture goes; the document beside it ends well."""
    before = inside.metric("ocr", "workers_died_total")
    (bad,) = inside.publish(inside.admit("receipt-killer.jpg", _photograph(78), employee="E-231"))
    for deaths in (before + 1, before + 2):
        _kill_reader(inside)
        until(partial(_died, inside, deaths), 30, lambda: "the death of the worker was not seen")
    beside = inside.send_invoice(231)
    _kill_reader(inside)
    assert inside.settle([bad, beside]) == {bad: "dead_lettered", beside: "posted"}
    assert [one.reason for one in inside.letters() if one.key == bad.encode()] == ["WORKER_DIED"]


def test_a_killed_worker_costs_one_attempt(inside: Inside) -> None:
    """A worker killed with SIGKILL in the middle of a photograph is replaced, and the photograph ends."""
    before = inside.metric("ocr", "workers_died_total")
    expense = inside.publish(inside.admit("receipt-taxi.jpg", _photograph(77), employee="E-230"))[0]
    _kill_reader(inside)
    assert inside.settle([expense])[expense] in {"posted", "in_review"}
    assert inside.metric("ocr", "workers_died_total") == before + 1
    assert not [one for one in inside.letters() if one.key == expense.encode()]
    expense_known = inside.expense(expense)
    assert expense_known is not None
    assert expense_known.facts is not None
    assert expense_known.facts.total is not None
