"""Child processes that outlive their starter, known by pid and start time: a recycled pid is never signalled."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_POLL_S: Final = 0.05
_TAIL_BYTES: Final = 4_000
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_LOG_ROLLS_AT: Final = 20 * 1024 * 1024

# Popen objects of this process's own children: polled by `is_alive`, so that a dead child is reaped, no zombie.
_own: dict[int, "subprocess.Popen[bytes]"] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """One started process. `mark` is its start time as the system tells it: a later one with this pid has another."""

    pid: int
    mark: str


if sys.platform == "linux":

    def start_mark(pid: int) -> str | None:
        """Return what tells this process from any other that gets its pid; None if it does not run or is a zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # proc_pid_stat(5): after the name in parentheses, field 3 is the state, 20 the number of threads, 22 the start
        # in ticks since boot. A zombie that still has threads is not gone: they hold its ports and files open.
        fields = stat.rpartition(")")[2].split()
        if fields[0] == "X" or (fields[0] == "Z" and int(fields[17]) <= 1):
            return None
        return f"{_BOOT_ID.read_text(encoding='ascii').strip()}/{fields[19]}"

    def send(process: Process, number: signal.Signals) -> bool:
        """Signal this very process; False if it is gone. A stranger that has its pid by now is left alone."""
        try:
            # The descriptor pins the process, so that checking its mark and signalling it cannot be torn apart.
            handle = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return False
        try:
            alive = is_alive(process)
            if alive:
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return alive

else:

    def start_mark(pid: int) -> str | None:
        """Return what tells this process from any other that gets its pid; None if it does not run or is a zombie."""
        listed = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
        )
        state, _, started = listed.stdout.strip().partition(" ")
        return None if not state or state.startswith("Z") else started.strip()

    def send(process: Process, number: signal.Signals) -> bool:
        """Signal this very process; False if it is gone. A stranger that has its pid by now is left alone."""
        if not is_alive(process):
            return False
        os.kill(process.pid, number)
        return True


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    user: str | None = None,
) -> Process:
    """Start a program in a session of its own, its output appended to `log`.

    It survives this process and its terminal: record the returned value at once, or nothing can stop it later. A log
    over 20 MB is set aside first, one generation kept.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_ROLLS_AT:
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
    _own[child.pid] = child
    return Process(child.pid, start_mark(child.pid) or "gone before it was seen")


def is_alive(process: Process) -> bool:
    """Tell whether this very process runs, reaping it first if it is a dead child of ours."""
    exit_code(process)
    return start_mark(process.pid) == process.mark


def exit_code(process: Process) -> int | None:
    """Return how a child of ours ended (negative: the signal that ended it); None if it runs or is not our child."""
    child = _own.get(process.pid)
    return None if child is None else child.poll()


def end_group(process: Process) -> None:
    """Kill what a dead process left behind in its group: its worker processes must not go on without it.

    Where a live process has the pid by now, the group is its own: no pid is given out that still names a group.
    """
    if start_mark(process.pid) is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(probe: Callable[[], bool], *, timeout_s: float) -> bool:
    """Poll until the probe holds; False when the time is over."""
    deadline = time.monotonic() + timeout_s
    while not probe():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def end(processes: Sequence[Process], *, grace_s: float, ask: signal.Signals = signal.SIGTERM) -> None:
    """Ask all to end, wait `grace_s` seconds at most, then kill what is left; returns when all are gone."""
    for process in processes:
        send(process, ask)
    if not wait_for(lambda: not any(map(is_alive, processes)), timeout_s=grace_s):
        for process in processes:
            kill(process)


def kill(process: Process) -> None:
    """End a process at once, as a crash would; returns when it is gone."""
    if send(process, signal.SIGKILL):
        wait_for(lambda: not is_alive(process), timeout_s=30)


def tail(log: Path) -> str:
    """Return the last lines of a log, for a message that says why something did not start."""
    if not log.exists():
        return f"{log} was never written"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        lines = stream.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-12:])
