"""The benches that read documents: what they count, on the smallest of runs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench import extraction, hostile, throughput
from bench.throughput import Passed
from bench.truths import DataMissing, Truth, agreement, invoices, lines_found, receipts
from consumers.ocr.crew import FileRead
from consumers.ocr.task import FileTask
from consumers.project.queries import Summary
from documents.limits import DEFAULT

RECEIPT = Truth(
    Path("a.jpg"),
    {"vendor_name": "Harbour Garage Ltd", "invoice_date": "2026-10-15", "total": "22.0"},
    (("Oil filter", Decimal("12.00")), ("Oil filter", Decimal("12.00")), ("Labour", Decimal("10.00"))),
)
READ: Mapping[str, Any] = {
    "vendor_name": "HARBOUR GARAGE LTD.",
    "invoice_date": "2026-10-15",
    "total": "22.00",
    "accepted": True,
    "line_items": [{"description": "Oil fitter", "amount": "12"}, {"description": "Labour", "amount": "1.00"}],
}


def test_agreement_counts_fields_and_lines() -> None:
    """Amounts by value, names and descriptions nearly, dates exactly; what was accepted is told apart."""
    wrong = {**READ, "total": "27.00", "invoice_date": None, "accepted": False, "line_items": []}
    assert agreement([(RECEIPT, READ), (RECEIPT, wrong)]) == {
        "vendor_name_right": "2 of 2",
        "invoice_date_right": "1 of 2",
        "total_right": "1 of 2",
        "lines_f1": 0.25,
        "accepted": 1,
        "accepted_right": 1.0,
    }


def test_a_true_line_is_found_once() -> None:
    """One line that was read is not two true ones, and two that were read are."""
    line = {"description": "Oil filter", "amount": "12.00"}
    assert [lines_found(RECEIPT.lines, [line] * number) for number in (1, 2, 3)] == [1, 2, 2]


def test_what_templates_tell_of_lines_is_understood(tmp_path: Path) -> None:
    """An amount of its own, else the price times the count; headings of sections, notes and bare positions are none."""
    rows = [
        {"sectionheader": "Food"},
        {"name": "Oil", "qty": 2.0, "price_unit": 1.0, "price_subtotal": 1.9},
        {"line_note": "in a re-usable bottle"},
        {"desc": "Exchange\nper unit", "qty": 3.0, "price": 3.89},
        {"name": "Storage", "price_unit": "0.01"},
        {"name": "Sample", "qty": 1.0, "price_subtotal": 0.0},
        {"pos": "7"},
    ]
    told = [{"invoice_number": "#7", "date": "2026-10-15", "amount": 13.58, "currency": "EUR", "lines": rows}]
    folder = tmp_path / "invoice2data" / "tests" / "compare"
    folder.mkdir(parents=True)
    (folder / "a.pdf").touch()
    (folder / "a.json").write_text(json.dumps(told))
    (truth,) = invoices(tmp_path)
    assert truth.fields == {
        "invoice_number": "7", "invoice_date": "2026-10-15", "total": "13.58", "currency": "EUR"
    }  # fmt: skip
    assert [(name, str(amount)) for name, amount in truth.lines] == [
        ("Oil", "1.9"), ("Exchange\nper unit", "11.670"), ("Storage", "0.01"), ("Sample", "0.0")
    ]  # fmt: skip
    nameless = [("", Decimal("1.9"))]
    assert lines_found(nameless, [{"description": "anything", "amount": "1.90"}]) == 1


def test_the_ratio_is_the_middle_of_the_rounds_own() -> None:
    """One slow round of everybody moves no ratio."""
    rounds = [{"ours": 40.0, "pdfplumber": 10.0, "pdfium": 400.0}, {"ours": 4.0, "pdfplumber": 1.0, "pdfium": 40.0}]
    scans = [{"ours": 2.0, "rapidocr": 1.0, "tesseract": 4.0}]
    told = extraction.told([*rounds, rounds[0]], scans, {"ours": 1.0, "rapidocr": 1.5}, {"scans": {"accepted": 3}})
    assert told.ratios == {
        "digital_to_pdfplumber": 4.0,
        "digital_to_pdfium": 0.1,
        "scans_to_rapidocr": 2.0,
        "scans_to_tesseract": 0.5,
        "scans_to_rapidocr_cpu": 1.5,
    }
    assert (told.figures["digital_pages_per_s"], told.figures["scans_accepted"]) == (40.0, 3)


def _file(name: str, code: str | None, message: str = "", **took: float) -> FileRead:
    problems = [{"code": code, "message": message, "field": None}] if code else []
    document = {"kind": "unsupported", "pages": 0, "problems": problems, "accepted": False, **took}
    return FileRead(FileTask(Path(name), DEFAULT, 0.8), [document])


def test_every_way_to_end_badly_is_counted() -> None:
    """A crash, a hang and a memory hog are told apart from a document that is refused; silence is no end."""
    read = [
        _file("crash.pdf", "READ_FAILED", "the worker ended with code -11"),
        _file("hang.pdf", "LIMIT_EXCEEDED", "not done within 30 s; send a smaller document"),
        _file("hog.pdf", "LIMIT_EXCEEDED", "used 2048 MiB of memory, over the limit of 1024 MiB; send a smaller one"),
        _file("locked.pdf", "ENCRYPTED", "the PDF needs a password", seconds=0.5, peak_mib=90),
        _file("silent.pdf", None, seconds=0.1, peak_mib=300),
    ]
    told = hostile.told(read, hostile.LIMITS, 3.0)
    counts = ("files", "ended", "crashed", "over_time", "over_memory", "slowest_s", "largest_mib")
    assert [told.figures[name] for name in counts] == [5, 4, 1, 1, 1, 0.5, 300]
    assert told.baselines["codes"]["LIMIT_EXCEEDED"] == 2


NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)
SUMMARY = Summary(
    expense_id="", tenant_id="main", batch_id=None, revision=1, state="posted", submitted_at=NOON, recorded_at=NOON,
    kind="image", vendor=None, invoice_number=None, currency=None, total=None, reporting_currency=None,
    reporting_total=None, outcome=None, why=None,
)  # fmt: skip


def test_what_needs_a_person_is_not_automatic_and_what_never_ends_is_lost() -> None:
    """Four documents in two seconds: two posted, one held, one lost; one of the posted is wrong."""
    files = {name: Path(name) for name in "abcd"}
    held = replace(SUMMARY, state="in_review", why="LOW_CONFIDENCE NO_GL_CODE")
    kinds = {"a": "receipts", "b": "invoices", "c": "invoices", "d": "invoices"}
    passed = Passed(files, {"a": SUMMARY, "b": SUMMARY, "c": held}, 2.0, kinds=kinds)
    survived = Passed({"x": Path("x")}, {"x": replace(SUMMARY, state="dead_lettered", why="LIMIT_EXCEEDED")}, 1.0, 2)
    wrong = {**READ, "total": "27.00"}
    told = throughput.told(passed, survived, [(RECEIPT, READ), (RECEIPT, wrong)])
    assert told.figures == {
        "files": 4, "documents": 4, "documents_per_s": 2.0, "documents_per_day": 172_800, "ended": 4, "lost": 1,
        "automation_percent": 50.0, "at_home": 2, "at_home_automation_percent": 100.0, "read_percent": 50.0,
        "posted_checked": 2, "posted_wrong_percent": 50.0,
        "hostile": 1, "hostile_posted": 0, "refused_at_the_door": 2, "seconds": 2.0,
    }  # fmt: skip
    assert told.baselines["why_held"] == {"LOW_CONFIDENCE": 1, "NO_GL_CODE": 1}
    assert told.baselines["kinds"]["invoices"] == {"documents": 3, "automatic": 1, "read": 1}
    assert told.baselines["posted_wrong"] == ["a.jpg"]


def test_absent_documents_are_named(tmp_path: Path) -> None:
    """A bench without its documents says where it looked and what to set."""
    for look in (lambda: receipts(tmp_path), lambda: hostile.measure(tmp_path), lambda: throughput.measure(tmp_path)):
        with pytest.raises(DataMissing, match=f"no documents under {tmp_path}.*SPENDTRAIL_DATA"):
            look()
