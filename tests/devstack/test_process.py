"""Processes are known by pid and start time, end when told to, and strangers are left alone."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from devstack import process

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]


def test_spawned_process_has_a_session_of_its_own_and_ends_when_asked(tmp_path: Path) -> None:
    """It survives its starter's terminal, and SIGTERM ends it within the grace period."""
    started = process.spawn(SLEEP, log=tmp_path / "log", env=os.environ)
    assert process.is_alive(started)
    assert os.getsid(started.pid) == started.pid
    process.end([started], grace_s=5)
    assert not process.is_alive(started)
    assert process.exit_code(started) == -signal.SIGTERM


def test_process_that_ignores_the_request_is_killed_after_the_grace_period(tmp_path: Path) -> None:
    """No process outlives a stop, however stubborn."""
    started = process.spawn(STUBBORN, log=tmp_path / "log", env=os.environ)
    assert process.wait_for(lambda: (tmp_path / "log").read_text() == "deaf\n", timeout_s=10)
    process.end([started], grace_s=0.2)
    assert process.exit_code(started) == -signal.SIGKILL


def test_recycled_pid_is_never_signalled(tmp_path: Path) -> None:
    """A record of an earlier process with this pid counts as gone, and killing it does not touch the present one."""
    started = process.spawn(SLEEP, log=tmp_path / "log", env=os.environ)
    earlier = process.Process(started.pid, "an earlier start")
    assert not process.is_alive(earlier)
    assert not process.send(earlier, signal.SIGKILL)
    process.end_group(earlier)
    process.end([earlier], grace_s=0.1)
    assert process.is_alive(started)
    process.kill(started)
    assert not process.is_alive(started)


def test_dead_child_is_no_zombie(tmp_path: Path) -> None:
    """A child that ended by itself counts as dead at once and is reaped by being looked at."""
    started = process.spawn([sys.executable, "-c", "raise SystemExit(3)"], log=tmp_path / "log", env=os.environ)
    assert process.wait_for(lambda: not process.is_alive(started), timeout_s=10)
    assert process.exit_code(started) == 3
    assert process.start_mark(started.pid) is None


def test_group_left_behind_is_ended(tmp_path: Path) -> None:
    """The worker processes of a killed child do not go on without it."""
    program = f"import subprocess, time; print(subprocess.Popen({SLEEP!r}).pid, flush=True); time.sleep(60)"
    started = process.spawn([sys.executable, "-c", program], log=tmp_path / "log", env=os.environ)
    assert process.wait_for(lambda: (tmp_path / "log").read_text().endswith("\n"), timeout_s=10)
    worker = int((tmp_path / "log").read_text())
    process.kill(started)
    assert process.start_mark(worker) is not None
    process.end_group(started)
    assert process.wait_for(lambda: process.start_mark(worker) is None, timeout_s=10)


def test_large_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log over its limit becomes the one kept generation, so that logs never fill the disk."""
    monkeypatch.setattr(process, "_LOG_ROLLS_AT", 10)
    log = tmp_path / "log"
    log.write_text("more than ten bytes")
    started = process.spawn([sys.executable, "-c", "print('new')"], log=log, env=os.environ)
    assert process.wait_for(lambda: not process.is_alive(started), timeout_s=10)
    assert (tmp_path / "log.1").read_text() == "more than ten bytes"
    assert process.tail(log) == "new"


def test_waiting_gives_up_in_time() -> None:
    """A condition that never holds costs the time-out and no more."""
    began = time.monotonic()
    assert not process.wait_for(lambda: False, timeout_s=0.2)
    assert 0.2 <= time.monotonic() - began < 2
