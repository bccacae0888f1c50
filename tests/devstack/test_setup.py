"""The setup script says what is missing and how to get it, before it touches anything."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ("bash", "cat", "dirname", "mkdir", "id", "uname", "cksum", "tail", "timeout")
# Passes for a Python that is new enough and whole, and says where it is.
ANY_PYTHON: Final = 'case "$2" in *executable*) echo "$0";; esac'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a copy of the script and its lists, beside a `bin` that holds the basic tools and nothing else."""
    (tmp_path / "clone" / "scripts").mkdir(parents=True)
    for name in ("scripts/setup", "scripts/bootstrap.txt", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / "clone" / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def _program(machine: Path, name: str, body: str) -> None:
    program = machine / "bin" / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)


def _run(machine: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    script = [str(machine / "clone" / "scripts" / "setup")]
    bash = shutil.which("bash") or "bash"
    return subprocess.run([bash, *script], env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_old_python_is_refused_with_the_remedy(machine: Path) -> None:
    """Neither an old python3 nor a shim that only says "not installed" is taken, and the message says what to type."""
    _program(machine, "python3", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    _program(machine, "python3.12", "echo not installed >&2; exit 127")
    done = _run(machine)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; python3 is Python 3.9.2" in done.stderr
    assert "apt-get install python3.11" in done.stderr
    assert not (machine / "clone" / ".venv").exists()


def test_missing_packages_without_a_way_to_be_root_are_named_in_one_line_to_type(machine: Path) -> None:
    """Whoever has to ask for a password gets the whole command, and nothing was tried."""
    _program(machine, "python3", ANY_PYTHON)
    _program(machine, "dpkg-query", "exit 1")
    _program(machine, "apt-get", "echo must not run >&2; exit 9")
    (machine / "bin" / "id").unlink()
    _program(machine, "id", "echo 1000")
    done = _run(machine)
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y tesseract-ocr tesseract-ocr-eng" in done.stderr
    assert "must not run" not in done.stderr


def test_missing_tesseract_on_macos_names_the_brew_line(machine: Path) -> None:
    """Homebrew's packages have other names; the message has them."""
    _program(machine, "python3", ANY_PYTHON)
    (machine / "bin" / "uname").unlink()
    _program(machine, "uname", "echo Darwin")
    done = _run(machine)
    assert done.returncode == 1
    assert "brew install tesseract tesseract-lang" in done.stderr


def test_bootstrap_is_pinned_by_hash_and_names_no_index() -> None:
    """What installs everything else must itself be what was reviewed, wherever this machine gets packages."""
    text = (ROOT / "scripts" / "bootstrap.txt").read_text(encoding="utf-8")
    assert text.startswith("uv==")
    assert text.count("--hash=sha256:") > 10
    assert "://" not in text
    assert "index" not in text


def test_script_is_executable_and_parses() -> None:
    """A syntax error in it would be the first thing a stranger sees."""
    script = ROOT / "scripts" / "setup"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False, timeout=10).returncode == 0
