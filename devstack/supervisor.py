"""Keeps any number of child processes running, in a process of its own that outlives the terminal.

`launch`, `halt` and `children` are for whoever brings the stages up and down; `python -m devstack.supervisor HOME` is
the supervising process, which `launch` starts. They meet in two files: what to run, what runs.
"""

import fcntl
import hashlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from devstack import process
from devstack.children import (
    Child,
    ChildStatus,
    Record,
    Watch,
    delay_s,
    failures_after,
    read_children,
    read_watch,
    write_children,
    write_watch,
)
from devstack.errors import StackError

__all__ = ["Child", "ChildStatus", "SupervisorError", "children", "halt", "launch"]

GRACE_S: Final = 20.0
_LAUNCH_S: Final = 30.0
_TICK_S: Final = 0.1
_log: Final = logging.getLogger("devstack.supervisor")


class SupervisorError(StackError):
    """The supervising process did not come up, or did not start what it was told to; the message names its log."""


def launch(home: Path, wanted: Sequence[Child]) -> None:
    """Have exactly these children run, and return once each was started.

    A supervisor that already runs takes the new list over: what is unchanged goes on undisturbed, the rest is ended or
    started. Children left by a supervisor that was killed are ended first. Raises ValueError for a name given twice.
    """
    home = home.absolute()
    names = [child.name for child in wanted]
    if len(set(names)) < len(names):
        raise ValueError(f"two children have the same name: {', '.join(sorted(names))}")
    with _locked(home, ".supervisor.lock"):
        write_children(_wanted_file(home), wanted)
        launched = _fingerprint(home)
        watch = read_watch(_watch_file(home))
        if watch is None or not process.is_alive(watch.supervisor):
            _end_left_over(watch)
            argv = [sys.executable, "-P", "-m", "devstack.supervisor", str(home)]
            started = process.spawn(argv, log=_log_file(home), env=os.environ)
        else:
            started = watch.supervisor

        def carried_out() -> bool:
            seen = read_watch(_watch_file(home))
            return seen is not None and seen.supervisor == started and seen.launch == launched

        process.wait_for(lambda: carried_out() or not process.is_alive(started), timeout_s=_LAUNCH_S + GRACE_S)
        if not carried_out():
            raise SupervisorError(
                f"the supervisor did not start its children. The end of {_log_file(home)}:\n"
                f"{process.tail(_log_file(home))}"
            )


def halt(home: Path) -> list[str]:
    """End the children (SIGTERM, 20 s to finish, SIGKILL) and their supervisor; return the names of those that ran."""
    home = home.absolute()
    if not _watch_file(home).exists():
        return []
    with _locked(home, ".supervisor.lock"):
        ran = [child.name for child in children(home) if child.pid is not None]
        watch = read_watch(_watch_file(home))
        if watch is not None:
            process.end([watch.supervisor], grace_s=GRACE_S + 10)
            _end_left_over(read_watch(_watch_file(home)))
    return sorted(ran)


def children(home: Path) -> list[ChildStatus]:
    """Return one row per child in launch order; an empty list for a home in which nothing was launched."""
    watch = read_watch(_watch_file(home.absolute()))
    if watch is None:
        return []
    supervised = process.is_alive(watch.supervisor)
    rows: list[ChildStatus] = []
    for record in watch.records:
        alive = record.process is not None and process.is_alive(record.process)
        pid = record.process.pid if record.process is not None and alive else None
        state = {(True, True): "running", (True, False): "waiting", (False, True): "unsupervised"}
        rows.append(
            ChildStatus(record.name, pid, record.restarts, state.get((supervised, alive), "stopped"), record.last_exit)
        )
    return rows


@dataclass(slots=True)
class _Kept:
    """One child under supervision; `failures` is its present row of failures, `due` when to start it (monotonic s)."""

    child: Child
    running: process.Process | None = None
    since: float = 0.0
    due: float = 0.0
    failures: int = 0
    restarts: int = 0
    last_exit: int | None = None


@dataclass(slots=True)
class _Supervision:
    """The supervising process's work: `tick` is called until `stopping` is set, then `end`."""

    home: Path
    launched: str = ""
    kept: dict[str, _Kept] = field(default_factory=dict)
    stopping: bool = False

    def tick(self, now: float) -> None:
        """Take over a new launch, note deaths, start what is due; write down whatever changed."""
        changed = self._note_deaths(now)
        launched = _fingerprint(self.home)
        if launched != self.launched:
            self._take_over(read_children(_wanted_file(self.home)))
        for kept in self.kept.values():
            if kept.running is None and now >= kept.due:
                self._start(kept, now)
                changed = True
        if changed or launched != self.launched:
            self.launched = launched
            self._write()

    def end(self) -> None:
        """End all children, gracefully first; nothing is left alive afterwards."""
        self._end(list(self.kept.values()))
        self._write()

    def _note_deaths(self, now: float) -> bool:
        died = [kept for kept in self.kept.values() if kept.running and not process.is_alive(kept.running)]
        for kept in died:
            self._bury(kept)
            kept.failures = failures_after(kept.failures, ran_s=now - kept.since)
            kept.due = now + delay_s(kept.failures)
            kept.restarts += 1
            _log.warning(
                "%s ended unexpectedly with %s; restart %d in %.1f s",
                kept.child.name,
                kept.last_exit,
                kept.restarts,
                delay_s(kept.failures),
            )
        return bool(died)

    def _take_over(self, wanted: Sequence[Child]) -> None:
        by_name = {child.name: child for child in wanted}
        self._end([kept for name, kept in self.kept.items() if by_name.get(name) != kept.child])
        held = {name: kept for name, kept in self.kept.items() if by_name.get(name) == kept.child}
        self.kept = {child.name: held.get(child.name) or _Kept(child) for child in wanted}

    def _start(self, kept: _Kept, now: float) -> None:
        log = self.home / "logs" / f"{kept.child.name}.log"
        try:
            kept.running = process.spawn(kept.child.argv, log=log, env=dict(os.environ) | dict(kept.child.env))
        except OSError as error:
            kept.failures += 1
            kept.restarts += 1
            kept.due = now + delay_s(kept.failures)
            _log.warning(
                "%s could not be started (%s); again in %.1f s", kept.child.name, error, delay_s(kept.failures)
            )
            return
        kept.since = now
        # Written at once: were this process killed now, the next launch could still find and end the child.
        self._write()
        _log.info("%s started with pid %d", kept.child.name, kept.running.pid)

    def _end(self, these: Sequence[_Kept]) -> None:
        running = [kept for kept in these if kept.running is not None]
        process.end([kept.running for kept in running if kept.running is not None], grace_s=GRACE_S)
        for kept in running:
            self._bury(kept)
            _log.info("%s was ended (%s)", kept.child.name, kept.last_exit)

    def _bury(self, kept: _Kept) -> None:
        if kept.running is not None:
            kept.last_exit = process.exit_code(kept.running)
            process.end_group(kept.running)
            kept.running = None

    def _write(self) -> None:
        records = tuple(
            Record(kept.child.name, kept.running, kept.restarts, kept.last_exit) for kept in self.kept.values()
        )
        me = process.Process(os.getpid(), process.start_mark(os.getpid()) or "")
        write_watch(_watch_file(self.home), Watch(me, self.launched, records))


def main(home: Path) -> None:
    """Supervise the home's children until SIGTERM or SIGINT."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(format="%(asctime)sZ %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    supervision = _Supervision(home)

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervision.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with _locked(home, ".supervisor.running"):
        while not supervision.stopping:
            supervision.tick(time.monotonic())
            time.sleep(_TICK_S)
        _log.info("ending %d children", len(supervision.kept))
        supervision.end()


def _end_left_over(watch: Watch | None) -> None:
    left = [record.process for record in watch.records if record.process is not None] if watch else []
    process.end(left, grace_s=GRACE_S)
    for gone in left:
        process.end_group(gone)


def _fingerprint(home: Path) -> str:
    return hashlib.sha256(_wanted_file(home).read_bytes()).hexdigest()


def _wanted_file(home: Path) -> Path:
    return home / "supervisor.wanted.json"


def _watch_file(home: Path) -> Path:
    return home / "supervisor.json"


def _log_file(home: Path) -> Path:
    return home / "logs" / "supervisor.log"


@contextmanager
def _locked(home: Path, name: str) -> Iterator[None]:
    """Hold a lock of the home: one launch or halt at a time, and one supervisor."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main(Path(sys.argv[1]))
