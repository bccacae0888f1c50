"""`spendtrail bench calibration`: reads every labelled document there is, and says what confidence is worth on them."""

import json
import multiprocessing
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bench.calibration import measured
from bench.labelled import Labelled, labelled_documents, paths_of, read_file
from bench.report import Figure, Report
from bench.truths import DataMissing
from documents.calibration import FILE
from documents.reading import Reading, reading_from_bytes, reading_to_bytes

__all__ = ["measure", "report_of", "write"]

WIDE: Final = 2


def measure(data: Path, *, keep: Path | None = None) -> tuple[Report, dict[str, Any]]:
    """Read and measure; the report, and what would be shipped. `keep` is a folder for what was read, for a next run.

    Raises:
        DataMissing: there is no labelled document under `data`.

    """
    documents = list(labelled_documents(data, _reader(data, keep)))
    if not documents:
        msg = f"no labelled documents under {data}; set SPENDTRAIL_DATA to where they are"
        raise DataMissing(msg)
    shipped = {"documents": _counted(documents), **measured(documents)}
    return report_of(shipped), shipped


def report_of(shipped: Mapping[str, Any]) -> Report:
    """The figures for people: error per field, shares accepted, and how much of what was accepted is right."""
    figures: dict[str, Figure] = {"documents": sum(shipped["documents"].values())}
    figures |= {f"error_{field}": told["error"] for field, told in shipped["fields"].items()}
    figures["error_worst"] = max(told["error"] for told in shipped["fields"].values())
    for kind, told in shipped["accepted"].items():
        figures[f"{kind}_documents"] = told["documents"]
        figures[f"{kind}_accepted_percent"] = _percent(told["accepted"], told["documents"])
        figures[f"{kind}_person_percent"] = _percent(told["documents"] - told["accepted"], told["documents"])
        figures[f"{kind}_right_percent"] = _percent(told["fields_right"], told["fields"])
    ratios = {f"read_{field}": round(told["right"] / told["read"], 3) for field, told in shipped["fields"].items()}
    notes = {
        "documents": dict(shipped["documents"]),
        "folds": shipped["folds"],
        "threshold": shipped["threshold"],
        "ratios": "right of those read, per field; the error is that of what was said about them",
    }
    return Report("calibration", figures, notes, ratios)


def write(shipped: Mapping[str, Any]) -> Path:
    """Write what the product ships into the installed package; documentation is derived from it afterwards."""
    path = Path(str(files("documents").joinpath(FILE)))
    path.write_text(json.dumps(shipped, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _reader(data: Path, keep: Path | None) -> "_Shelf":
    shelf = _Shelf(data, keep)
    shelf.fill(paths_of(data))
    return shelf


class _Shelf:
    """What was read, by file: two processes read ahead, since recognising pictures takes nearly all of the time."""

    def __init__(self, data: Path, keep: Path | None) -> None:
        self._data, self._keep = data, keep
        self._read: dict[Path, bytes] = {}

    def fill(self, paths: list[Path]) -> None:
        """Read all files that are not kept from a run before."""
        kept = {path: self._file_of(path) for path in paths} if self._keep else {}
        self._read = {path: file.read_bytes() for path, file in kept.items() if file.is_file()}
        missing = [path for path in paths if path not in self._read]
        # Spawned, since a fork of a process that already runs threads may crash in them.
        with ProcessPoolExecutor(WIDE, multiprocessing.get_context("spawn")) as pool:
            for path, packed in zip(missing, pool.map(_pack, missing), strict=True):
                self._read[path] = packed
                if path in kept:
                    kept[path].parent.mkdir(parents=True, exist_ok=True)
                    kept[path].write_bytes(packed)

    def __call__(self, path: Path) -> Reading:
        return reading_from_bytes(self._read[path])

    def _file_of(self, path: Path) -> Path:
        return Path(str(self._keep)) / f"{path.relative_to(self._data)}.reading"


def _pack(path: Path) -> bytes:
    return reading_to_bytes(read_file(path))


def _counted(documents: list[Labelled]) -> dict[str, int]:
    return dict(Counter(document.source for document in documents))


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
