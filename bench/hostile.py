"""Damaged and hostile files through the reader: how each ends, and what the worst one takes.

Each is read as `extract` reads it, in watched workers, and what was read then goes through the parse stage's own
conversion. The worker measures itself, so that a peak between two looks of the watch counts.
"""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.report import Report
from bench.truths import DataMissing
from consumers.ocr.crew import FileRead, read_files
from consumers.ocr.files import documents_of
from consumers.ocr.task import FileTask
from consumers.parse.handler import STAGE
from consumers.parse.records import facts_of, line_doubts, lines_of, problems_of
from consumers.runtime.stage import Limits
from documents.extract import Document
from documents.limits import DEFAULT
from documents.reading import reading_from_plain, reading_to_plain
from documents.understanding import THRESHOLD, understand

__all__ = ["LIMITS", "measure", "reader"]

LIMITS: Final = Limits(workers=2, seconds=30, memory_bytes=2**30, attempts=1)
"""What one hostile file may take: half a minute, and a gibibyte with its OCR engine's own process."""

_KIB: Final = 1 if sys.platform != "darwin" else 1024
_MIB: Final = 1024


def reader() -> Callable[[FileTask], list[dict[str, Any]]]:
    """Return the function a worker calls with every file; its answers carry what they took."""
    return _read


def measure(folder: Path, limits: Limits = LIMITS) -> Report:
    """Read every file under a folder and return how many ended how.

    Raises:
        DataMissing: there is no file to read.

    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        msg = f"no documents under {folder}; set SPENDTRAIL_DATA to where they are"
        raise DataMissing(msg)
    began = time.monotonic()
    tasks = [FileTask(path, DEFAULT, THRESHOLD) for path in paths]
    return told(list(read_files(tasks, limits, "bench.hostile:reader")), limits, time.monotonic() - began)


def told(read: list[FileRead], limits: Limits, seconds: float) -> Report:
    """Return the report of files that were read within limits."""
    first = [(each.task.path.name, each.documents[0]) for each in read]
    codes = [(name, {problem["code"] for problem in found["problems"]}, found) for name, found in first]
    messages = [found["problems"][0]["message"] if found["problems"] else "" for _, found in first]
    slowest = max(first, key=lambda each: each[1].get("seconds", 0.0))
    largest = max(first, key=lambda each: each[1].get("peak_mib", 0.0))
    return Report(
        "hostile",
        {
            "files": len(read),
            "ended": sum(bool(known) or found["accepted"] for _, known, found in codes),
            "read": sum(found["kind"] != "unsupported" and found["pages"] > 0 for _, found in first),
            "crashed": sum("READ_FAILED" in known for _, known, _ in codes),
            "over_time": sum(message.startswith("not done within") for message in messages),
            "over_memory": sum("of memory, over the limit" in m or "ran out of memory" in m for m in messages),
            "accepted": sum(bool(found["accepted"]) for _, found in first),
            "slowest_s": slowest[1].get("seconds"),
            "largest_mib": largest[1].get("peak_mib"),
            "seconds": round(seconds, 1),
        },
        {
            "limits": {
                "seconds": limits.seconds,
                "memory_mib": limits.memory_bytes // 2**20,
                "workers": limits.workers,
            },
            "codes": dict(Counter(code for _, known, _ in codes for code in sorted(known)).most_common()),
            "slowest": slowest[0],
            "largest": largest[0],
        },
    )


def _read(task: FileTask) -> list[dict[str, Any]]:
    _forget_peak()
    began = time.monotonic()
    documents = documents_of(task)
    for document in documents:
        _parse(document)
    took = {"seconds": round(time.monotonic() - began, 2), "peak_mib": _peak_mib()}
    return [{**document.told(), **took} for document in documents]


def _parse(document: Document) -> None:
    """Do what the parse stage does with a reading, its way through the event included."""
    reading = reading_from_plain(json.loads(json.dumps(reading_to_plain(document.reading))))
    found = understand(reading).facts
    facts_of(found, reading)
    lines_of(found)
    problems_of(found.problems, found.places, STAGE)
    line_doubts(found, STAGE)


def _forget_peak() -> None:
    """Begin a new peak for this process, where the kernel can."""
    marks = Path("/proc/self/clear_refs")
    if marks.exists():
        marks.write_text("5")


def _peak_mib() -> int:
    """Return the peak of this process. Its engine's own process is small, and watched together with it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)
    if own is None:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB
    return own // _MIB
