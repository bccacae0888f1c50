"""What a supervised child is, what is known of it, and when one that died is started again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from devstack.process import Process

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
STEADY_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep running. `env` is laid over the launching environment; its log is logs/<name>.log."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """What is known of a child.

    `state` is "running"; "waiting" (it died, its back-off runs); "stopped"; or "unsupervised" (it runs, but its
    supervisor was killed: nothing restarts it until the next launch). `restarts` counts since launch, `last_exit`
    is the code of its latest death, negative for a signal, None if it never died.
    """

    name: str
    pid: int | None
    restarts: int
    state: str
    last_exit: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """A child as the supervisor writes it down: enough to find and end it after the supervisor itself was killed."""

    name: str
    process: Process | None
    restarts: int
    last_exit: int | None


@dataclass(frozen=True, slots=True)
class Watch:
    """The supervisor's own state: who it is, which launch it has carried out, and its children."""

    supervisor: Process
    launch: str
    records: tuple[Record, ...]


def delay_s(failures: int) -> float:
    """Return the wait before a restart: 0.5 s after the first of a row of failures, doubling, never over 30 s."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 16))


def failures_after(earlier: int, *, ran_s: float) -> int:
    """Return the length of the row of failures after one more; a child that ran for a minute begins a new row."""
    return 1 if ran_s >= STEADY_AFTER_S else earlier + 1


def write_children(path: Path, children: Sequence[Child]) -> None:
    """Store what to run, readable by its owner alone: environments carry passwords."""
    _write(path, [{"name": child.name, "argv": child.argv, "env": dict(child.env)} for child in children])


def read_children(path: Path) -> list[Child]:
    """Return what `write_children` stored."""
    return [Child(row["name"], tuple(row["argv"]), row["env"]) for row in json.loads(path.read_text(encoding="utf-8"))]


def write_watch(path: Path, watch: Watch) -> None:
    """Store the supervisor's state; a reader sees the old file or the new one, never half of it."""
    _write(path, asdict(watch))


def read_watch(path: Path) -> Watch | None:
    """Return the stored state; None where nothing was ever launched."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    records = tuple(
        Record(row["name"], row["process"] and Process(**row["process"]), row["restarts"], row["last_exit"])
        for row in stored["records"]
    )
    return Watch(Process(**stored["supervisor"]), stored["launch"], records)


def _write(path: Path, value: object) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(value, indent=1), encoding="utf-8")
    beside.replace(path)
