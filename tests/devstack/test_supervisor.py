"""Supervised children come back when they die, and nothing is left alive when they are halted."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import process, supervisor
from devstack.children import delay_s, failures_after, read_watch

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home whose children are gone after the test, whatever it did."""
    yield tmp_path
    supervisor.halt(tmp_path)


def _pids(home: Path) -> dict[str, int | None]:
    return {child.name: child.pid for child in supervisor.children(home)}


def _eventually(home: Path, name: str, **expected: object) -> supervisor.ChildStatus:
    def found() -> supervisor.ChildStatus | None:
        rows = (row for row in supervisor.children(home) if row.name == name)
        return next((row for row in rows if all(getattr(row, key) == value for key, value in expected.items())), None)

    assert process.wait_for(lambda: found() is not None, timeout_s=15), (expected, supervisor.children(home))
    row = found()
    assert row is not None
    return row


def test_launched_children_run_and_halt_leaves_none(home: Path) -> None:
    """Launch returns with all running; halt names them and neither they nor the supervisor are left."""
    supervisor.launch(home, [supervisor.Child("one", SLEEP), supervisor.Child("two", SLEEP)])
    rows = supervisor.children(home)
    assert [(row.name, row.state, row.restarts) for row in rows] == [("one", "running", 0), ("two", "running", 0)]
    watch = read_watch(home / "supervisor.json")
    assert watch is not None
    assert supervisor.halt(home) == ["one", "two"]
    assert [process.start_mark(row.pid) for row in rows if row.pid] == [None, None]
    assert process.start_mark(watch.supervisor.pid) is None
    assert {row.state for row in supervisor.children(home)} == {"stopped"}
    assert supervisor.halt(home) == []


def test_killed_child_comes_back_counted(home: Path) -> None:
    """A child that died is started again with a new pid, and its death is on record."""
    supervisor.launch(home, [supervisor.Child("one", SLEEP)])
    before = _pids(home)["one"]
    assert before is not None
    os.kill(before, signal.SIGKILL)
    after = _eventually(home, "one", restarts=1, state="running")
    assert after.pid not in {before, None}
    assert after.last_exit == -signal.SIGKILL


def test_child_that_always_fails_waits_and_harms_no_other(home: Path) -> None:
    """Back-off is visible, counted and logged; the other children never notice."""
    failing = supervisor.Child("failing", (sys.executable, "-c", "raise SystemExit(7)"))
    supervisor.launch(home, [failing, supervisor.Child("one", SLEEP)])
    steady = _pids(home)["one"]
    row = _eventually(home, "failing", restarts=2, state="waiting")
    assert row.last_exit == 7
    assert _pids(home)["one"] == steady
    assert "failing ended unexpectedly with 7" in (home / "logs" / "supervisor.log").read_text()


def test_program_that_does_not_exist_is_a_waiting_child(home: Path) -> None:
    """One bad program neither ends the supervisor nor keeps the others from starting."""
    supervisor.launch(home, [supervisor.Child("absent", ("/nonexistent/program",)), supervisor.Child("one", SLEEP)])
    assert _eventually(home, "one", state="running").restarts == 0
    assert _eventually(home, "absent", state="waiting").pid is None


def test_second_launch_changes_only_what_differs(home: Path) -> None:
    """What is asked for unchanged keeps its pid; what is new starts, what is gone ends, what changed is replaced."""
    changed = supervisor.Child("changed", SLEEP)
    supervisor.launch(home, [supervisor.Child("kept", SLEEP), changed, supervisor.Child("gone", SLEEP)])
    before = _pids(home)
    renewed = supervisor.Child("changed", SLEEP, {"SETTING": "new"})
    supervisor.launch(home, [supervisor.Child("kept", SLEEP), renewed, supervisor.Child("new", SLEEP)])
    after = _pids(home)
    assert list(after) == ["kept", "changed", "new"]
    assert after["kept"] == before["kept"]
    assert after["changed"] != before["changed"]
    gone = before["gone"]
    assert gone is not None
    assert process.start_mark(gone) is None


def test_children_get_the_launching_environment_and_their_own(home: Path) -> None:
    """A child's own variables lie over those of whoever launched it."""
    program = "import os, time; print(os.environ['PATH'] != '', os.environ['MINE'], flush=True); time.sleep(60)"
    supervisor.launch(home, [supervisor.Child("one", (sys.executable, "-c", program), {"MINE": "here"})])
    log = home / "logs" / "one.log"
    assert process.wait_for(lambda: log.read_text() == "True here\n", timeout_s=10)


def test_children_of_a_killed_supervisor_are_found_again(home: Path) -> None:
    """They run on unsupervised, and the next launch ends them before starting its own: never two of one child."""
    supervisor.launch(home, [supervisor.Child("one", SLEEP)])
    orphan = _pids(home)["one"]
    assert orphan is not None
    watch = read_watch(home / "supervisor.json")
    assert watch is not None
    process.kill(watch.supervisor)
    assert [row.state for row in supervisor.children(home)] == ["unsupervised"]
    supervisor.launch(home, [supervisor.Child("one", SLEEP)])
    assert process.start_mark(orphan) is None
    assert _eventually(home, "one", state="running").pid != orphan


def test_halt_ends_the_children_of_a_killed_supervisor(home: Path) -> None:
    """No process is left even when the one that knew them was killed."""
    supervisor.launch(home, [supervisor.Child("one", SLEEP)])
    watch = read_watch(home / "supervisor.json")
    assert watch is not None
    orphan = _pids(home)["one"]
    assert orphan is not None
    process.kill(watch.supervisor)
    assert supervisor.halt(home) == ["one"]
    assert process.start_mark(orphan) is None


def test_worker_processes_end_with_their_child(home: Path) -> None:
    """What a killed child had started is ended before the child is started again."""
    program = f"import subprocess, time; print(subprocess.Popen({SLEEP!r}).pid, flush=True); time.sleep(60)"
    supervisor.launch(home, [supervisor.Child("one", (sys.executable, "-c", program))])
    log = home / "logs" / "one.log"
    assert process.wait_for(lambda: log.read_text().endswith("\n"), timeout_s=10)
    worker, child = int(log.read_text()), _pids(home)["one"]
    assert child is not None
    os.kill(child, signal.SIGKILL)
    _eventually(home, "one", restarts=1, state="running")
    assert process.wait_for(lambda: process.start_mark(worker) is None, timeout_s=5)


def test_what_to_run_is_readable_by_its_owner_alone(home: Path) -> None:
    """Environments carry passwords."""
    supervisor.launch(home, [supervisor.Child("one", SLEEP, {"PASSWORD": "secret"})])
    assert (home / "supervisor.wanted.json").stat().st_mode & 0o077 == 0


def test_two_children_of_one_name_are_refused(home: Path) -> None:
    """A name is how a child is found again."""
    with pytest.raises(ValueError, match="same name: one, one"):
        supervisor.launch(home, [supervisor.Child("one", SLEEP), supervisor.Child("one", SLEEP)])


def test_back_off_doubles_and_is_bounded() -> None:
    """Half a second, doubling, never over thirty, and a minute of steady running begins anew."""
    assert [delay_s(failures) for failures in (1, 2, 3, 7, 1000)] == [0.5, 1.0, 2.0, 30.0, 30.0]
    assert failures_after(6, ran_s=59.9) == 7
    assert failures_after(6, ran_s=60.0) == 1
