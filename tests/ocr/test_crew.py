"""Many files side by side in real worker processes: order, limits, and what a hostile one costs."""

import subprocess
import sys
import zlib
from pathlib import Path

import pikepdf
import pytest

from consumers.ocr.crew import FileRead, read_files
from consumers.ocr.task import FileTask
from consumers.runtime.errors import Halted
from consumers.runtime.stage import Limits
from documents.engines import EngineMissing
from documents.limits import DEFAULT

# Each worker is a fresh interpreter that imports what reading takes.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LIMITS = Limits(workers=2, seconds=8, memory_bytes=500 * 2**20, attempts=2)


def _all(folder: Path, *names: str, reader: str = "tests.ocr.hostile:reader") -> list[FileRead]:
    tasks = [FileTask(folder / f"{name}.pdf", DEFAULT, 0.8) for name in names]
    for task in tasks:
        task.path.write_bytes(task.path.stem.encode())
    return list(read_files(tasks, LIMITS, reader))


def test_hostile_files_cost_themselves_only(tmp_path: Path) -> None:
    """One that kills its worker, hangs, eats memory or fails ends typed; all others are read, in the order given."""
    names = ("slow", "die", "a", "hang", "raise", "b", "hog", "c")
    found = {read.task.path.stem: read.documents for read in _all(tmp_path, *names)}
    assert tuple(found) == names
    codes = {name: [problem["code"] for problem in each["problems"]] for name, (each,) in found.items()}
    assert codes == {
        "slow": [], "a": [], "b": [], "c": [],
        "die": ["READ_FAILED"], "raise": ["READ_FAILED"],
        "hang": ["LIMIT_EXCEEDED"], "hog": ["LIMIT_EXCEEDED"],
    }  # fmt: skip
    messages = {name: each["problems"][0]["message"] for name, (each,) in found.items() if each["problems"]}
    assert "code -9" in messages["die"]
    assert "LookupError: a page of the impossible kind" in messages["raise"]
    assert "not done within 8 s" in messages["hang"]
    assert "memory" in messages["hog"]


def test_what_no_file_is_to_blame_for_ends_the_row(tmp_path: Path) -> None:
    """Without an engine, or with a worker that cannot start, nothing is known of any file, and none is blamed."""
    with pytest.raises(EngineMissing, match="no engine here"):
        _all(tmp_path, "missing")
    with pytest.raises(Halted, match="no reader today"):
        _all(tmp_path, "a", reader="tests.ocr.hostile:broken")


def _unfolding(path: Path, mebibytes: int) -> None:
    """Write a PDF of one page whose content is so many MiB of blanks, a thousandth of it on disk."""
    press = zlib.compressobj(1)
    packed = b"".join(press.compress(b" " * 2**20) for _ in range(mebibytes)) + press.flush()
    with pikepdf.new() as pdf:
        content = pikepdf.Stream(pdf, packed)
        content.Filter = pikepdf.Name.FlateDecode
        pdf.add_blank_page().Contents = pdf.make_indirect(content)
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def test_what_unfolds_to_more_than_its_memory_is_stopped(tmp_path: Path) -> None:
    """A small file of three gigabytes is ended at its limit by the real reader, and the next file is read."""
    bomb, note = tmp_path / "bomb.pdf", tmp_path / "note.txt"
    _unfolding(bomb, 3000)
    note.write_text("Harbour Garage Ltd\nTotal: GBP 22.00\n")
    assert bomb.stat().st_size < 2**24
    limits = Limits(workers=1, seconds=60, memory_bytes=2**30, attempts=1)
    first, second = read_files([FileTask(path, DEFAULT, 0.8) for path in (bomb, note)], limits)
    assert [problem["code"] for problem in first.documents[0]["problems"]] == ["LIMIT_EXCEEDED"]
    assert "memory" in first.documents[0]["problems"][0]["message"]
    assert second.documents[0]["total"] == "22.00"


def test_whoever_asks_loads_nothing_that_reading_takes() -> None:
    """The process that hands files out stays small: pictures, pages and networks are the workers' business."""
    heavy = {"cv2", "PIL", "pypdfium2", "onnxruntime", "rapidocr"}
    told = f"import sys, consumers.ocr.crew; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"
