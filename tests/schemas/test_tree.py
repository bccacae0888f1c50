"""House rules that no linter knows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LONGEST = 400
# Put together so that this file does not find itself.
_MARKS = re.compile("|".join((r"#.*\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b", "NotImplemented" + "Error")))


def _tracked(suffix: str) -> list[Path]:
    if shutil.which("git") is None or not (_ROOT / ".git").exists():
        pytest.skip("no git checkout here: the tree cannot be listed")
    listed = subprocess.run(["git", "ls-files", f"*{suffix}"], cwd=_ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.splitlines() if (path := _ROOT / name).exists()]


def test_no_module_grows_beyond_its_subject() -> None:
    """A module over 400 lines has two subjects."""
    lengths = {p.relative_to(_ROOT): len(p.read_text(encoding="utf-8").splitlines()) for p in _tracked(".py")}
    assert {str(path): length for path, length in lengths.items() if length > _LONGEST} == {}


def test_nothing_is_left_for_later() -> None:
    """Unfinished work is an issue, not a mark in the code."""
    found = [
        f"{path.relative_to(_ROOT)}:{number}"
        for path in _tracked(".py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _MARKS.search(line)
    ]
    assert found == []
