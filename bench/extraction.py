"""Reading documents: pages a second beside the bare engines in the same run, with the accuracy of that run.

Digital pages are read on one core, scans on two, a process each with one thread. The contestants take turns on the same
few pages, so that whatever else the machine does meets all of them; a ratio is the median of the rounds' own ratios.
Processor seconds of a page, an engine's own process included, stand beside it: what else runs hardly moves them.
"""

import multiprocessing as mp
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.contestants import DIGITAL, SCANS, Reads, pages_of
from bench.report import Report, middle, per_second, ratio
from bench.truths import Truth, agreement, invoices, receipts

__all__ = ["measure", "told"]

CORES: Final = 2
_ROUNDS: Final = 3
_REPEATS: Final = 3
_TURN: Final = 6
"""Scans a contestant reads before the next one has its turn: few enough that a busy minute meets all alike."""

Rounds = Sequence[Mapping[str, float]]

_reads: Reads | None = None


def measure(data: Path, *, scans: int | None = None) -> Report:
    """Return pages a second and accuracy; `scans` bounds how many receipts are read, all of them otherwise.

    Raises:
        DataMissing: the documents are not under `data`.

    """
    digital, digital_read = _digital(invoices(data))
    scanned, cost, scanned_read = _scanned(receipts(data)[:scans])
    return told(digital, scanned, cost, {"digital": agreement(digital_read), "scans": agreement(scanned_read)})


def told(
    digital: Rounds, scanned: Rounds, cost: Mapping[str, float], accuracy: Mapping[str, Mapping[str, Any]]
) -> Report:
    """Return the report of rounds, each with the pages a second of every contestant; `cost` in seconds a scan."""

    def rate(rounds: Rounds, name: str) -> float | None:
        return middle(found[name] for found in rounds)

    def beside(rounds: Rounds, name: str) -> float | None:
        return middle(ratio(found["ours"], found[name]) for found in rounds)

    return Report(
        "extract",
        {
            "digital_pages_per_s": rate(digital, "ours"),
            "pdfplumber_pages_per_s": rate(digital, "pdfplumber"),
            "pdfium_pages_per_s": rate(digital, "pdfium"),
            "scan_pages_per_s": rate(scanned, "ours"),
            "rapidocr_pages_per_s": rate(scanned, "rapidocr"),
            "tesseract_pages_per_s": rate(scanned, "tesseract"),
            **{f"{name}_cpu_s_per_scan": seconds for name, seconds in cost.items()},
            **{f"{kind}_{name}": value for kind, each in accuracy.items() for name, value in each.items()},
        },
        {
            "digital": "one core; pdfplumber's extract_words; pdfium's text without places",
            "scans": f"{CORES} processes of one thread; RapidOCR and Tesseract find words only",
            "digital_rounds": digital,
            "scan_rounds": scanned,
        },
        {
            "digital_to_pdfplumber": beside(digital, "pdfplumber"),
            "digital_to_pdfium": beside(digital, "pdfium"),
            "scans_to_rapidocr": beside(scanned, "rapidocr"),
            "scans_to_tesseract": beside(scanned, "tesseract"),
            "scans_to_rapidocr_cpu": ratio(cost["rapidocr"], cost["ours"]),
        },
    )


def _digital(truths: Sequence[Truth]) -> tuple[Rounds, list[tuple[Truth, Mapping[str, Any]]]]:
    """Read every invoice three times a round with each contestant, one after the other in this process."""
    made = {name: make() for name, make in DIGITAL.items()}
    pages = sum(pages_of(truth.path) for truth in truths)
    # The first time pays for what is loaded when it is needed, and is the one whose answers are looked at.
    read = [(truth, made["ours"](truth.path)[0]) for truth in truths]
    for name in made.keys() - {"ours"}:
        made[name](truths[0].path)
    rounds = []
    for _ in range(_ROUNDS):
        taken = {name: _seconds(partial(_repeat, reads, truths)) for name, reads in made.items()}
        rounds.append({name: per_second(pages * _REPEATS, seconds) for name, seconds in taken.items()})
    return rounds, read


def _repeat(reads: Reads, truths: Sequence[Truth]) -> None:
    for _ in range(_REPEATS):
        for truth in truths:
            reads(truth.path)


def _scanned(
    truths: Sequence[Truth],
) -> tuple[Rounds, dict[str, float], list[tuple[Truth, Mapping[str, Any]]]]:
    """Read the receipts, a few at a time, each contestant on both cores; return also its processor seconds a page."""
    paths = [truth.path for truth in truths]
    rounds: list[Mapping[str, float]] = []
    read: list[Mapping[str, Any]] = []
    cost = dict.fromkeys(SCANS, 0.0)
    with ExitStack() as stack:
        pools = {name: stack.enter_context(_pool(name)) for name in SCANS}
        for pool in pools.values():
            list(pool.map(_read, paths[:CORES]))  # what is loaded at the first page is not what a page takes
        for start in range(0, len(paths), _TURN):
            part = paths[start : start + _TURN]
            found: dict[str, float] = {}
            for name, pool in pools.items():
                began = time.monotonic()
                answers = list(pool.map(_read, part))
                found[name] = round(len(part) / (time.monotonic() - began), 3)
                cost[name] += sum(seconds for _, seconds in answers)
                if name == "ours":
                    read.extend(each[0] for each, _ in answers)
            rounds.append(found)
    cost = {name: round(seconds / len(paths), 3) for name, seconds in cost.items()}
    return rounds, cost, list(zip(truths, read, strict=True))


def _pool(name: str) -> ProcessPoolExecutor:
    # Spawned, as the stages' workers are: a fork of a process that already runs threads may crash in them.
    return ProcessPoolExecutor(CORES, mp.get_context("spawn"), initializer=_make, initargs=(name,))


def _make(name: str) -> None:
    global _reads  # noqa: PLW0603 - a worker process holds the one engine it was made for
    _reads = SCANS[name]()


def _read(path: Path) -> tuple[Any, float]:
    """Read one scan; return our own answer and the processor seconds it took."""
    if _reads is None:
        msg = "the worker was not made for any contestant"
        raise RuntimeError(msg)
    began = _cpu_s()
    answer = _reads(path)
    # Words of a bare engine are not sent: only our own answers are looked at.
    return (answer if isinstance(answer, list) else None), _cpu_s() - began


def _cpu_s() -> float:
    """Return the processor seconds of this process and of the engines it ran."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
