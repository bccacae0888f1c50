"""Card lines from a CSV feed to decided and sealed, through the whole system on two cores, with a kill in the middle.

The system is the one `spendtrail up` starts, confined to two cores with its broker and its registry; the feed goes in
as a user sends it. When half of the lines are judged, the `screen` stage is killed; its supervisor starts it again.
What the logs say afterwards is the figure. Then `screen` alone works off what it read once more, in the order it was
recorded, from nothing: its decisions have to be the same to the last byte, and how fast that goes is its own figure.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from bench.again import AGAIN
from bench.cluster import create_topics
from bench.fleet import Replica
from bench.lines import write_feed
from bench.report import Figure, Report, per_second
from bench.sealed import Tally, differing, records, tally
from bench.steady import Moment, Steady
from bench.system import CORES, UP_S, command, confined, system
from bench.watching import Sample, metrics_of, residents, watch
from consumers.stages import STAGES
from devstack import process, stack, supervisor
from devstack.stack import Endpoints
from producers.lag import Lags, lags
from schemas.codec import Codec, registry_at
from schemas.topics import APPROVALS, AUDIT_LOG, EVALUATED, PARSED, POSTED

__all__ = ["Course", "Look", "course_of", "measure", "peaks"]

_KILLED, _JUDGES = "screen", "evaluate"
_GROUPS: Final = {stage.name: stage.reads.name for stage in STAGES}
_LOOK_S: Final = 1.0
# Stages and brokers are asked less often than processes are weighed: they work on the two cores that are measured.
_ASK_S: Final = 5.0
# Lines that are still under way so long after anything moved are lost.
_STILL_S: Final = 180.0
# Times in a row that nothing is behind.
_SETTLED: Final = 2


@dataclass(frozen=True, slots=True)
class Course:
    """How many lines go in, and after how many memory is looked at for the first time."""

    lines: int = 500_000
    early: int = 50_000


@dataclass(slots=True)
class Look:
    """What a run looked like while it went: peak resident bytes and processor seconds per child, early peaks."""

    peak: dict[str, int] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    # Of each process a child has had: those that were killed have worked too.
    spent: dict[tuple[str, int], float] = field(default_factory=dict)
    killed: bool = False
    steady: Steady = field(default_factory=Steady)

    def cpu_us(self, lines: int) -> dict[str, float]:
        """Return processor microseconds a line by child, the most first."""
        total: dict[str, float] = {}
        for (name, _), seconds in self.spent.items():
            total[name] = total.get(name, 0.0) + seconds
        return {n: round(1e6 * s / lines, 1) for n, s in sorted(total.items(), key=lambda entry: -entry[1])}

    def seal_us(self, entries: int) -> float | None:
        """Return processor microseconds that sealing took for each entry of the audit log, its process's start too."""
        seconds = sum(spent for (name, _), spent in self.spent.items() if name == "seal")
        return round(1e6 * seconds / entries, 1) if entries else None


def course_of(lines: int | None) -> Course:
    """Return a run of so many lines, with the first look at memory after a tenth of them; the whole run where None."""
    return Course() if lines is None else Course(lines, max(1, lines // 10))


def peaks(look: Look) -> tuple[dict[str, float], dict[str, float]]:
    """Return peak resident memory in 10^6 bytes by stage, and how many times the early peak that is."""
    megabytes = {name: round(peak / 1e6, 1) for name, peak in sorted(look.peak.items())}
    growth = {name: round(look.peak[name] / early, 3) for name, early in sorted(look.early.items()) if early}
    return megabytes, growth


def measure(course: Course | None = None) -> Report:
    """Return lines a second, what was lost or doubled, memory of each stage, and whether the same flags come again.

    Raises:
        TimeoutError: the system did not come up, or a stage ended by itself.
        TransportLost: the brokers stopped to answer.

    """
    course = course or Course()
    with system() as given:
        home = Path(given["SPENDTRAIL_HOME"])
        endpoints = stack.endpoints(home.absolute())
        if endpoints is None:
            msg = f"{home} has no stack although it came up"
            raise TimeoutError(msg)
        look = _through(course, given, endpoints)
        codec = Codec(registry_at(endpoints.registry_url or ""))
        found = _tallied(endpoints, codec)
        began_ms = min(record.timestamp_ms for record in records(endpoints.bootstrap_servers, PARSED.name))
        supervisor.halt(home)
        again = _again(endpoints, course)
        differs = differing(
            records(endpoints.bootstrap_servers, APPROVALS.name),
            records(endpoints.bootstrap_servers, AGAIN.writes[0].name),
            codec,
        )
    return _report(course, look, found, began_ms, again, differs)


def _report(course: Course, look: Look, found: Tally, began_ms: int, again: list[Sample], differs: int) -> Report:
    megabytes, growth = peaks(look)
    figures: dict[str, Figure] = {
        "lines_per_s": _rate(len(found.decided), found.decided_at_ms - began_ms),
        "lines": course.lines,
        "lost": found.lost(course.lines),
        "duplicates": found.duplicates,
        "ended_per_s": _rate(len(found.ended), found.ended_at_ms - began_ms),
        "peak_rss_mb": megabytes,
        "rss_growth": max(growth.values(), default=None),
        "decided_differently": differs,
        "screen_per_s": _alone(again),
        "kills": int(look.killed),
        "seal_us_per_event": look.seal_us(found.entries),
    }
    return Report(
        "pipeline",
        figures,
        {
            "cores": CORES,
            "lines_per_s": "from the first line in its topic to the last decision in the audit log",
            "ended_per_s": "to the last end: posted, or before a person",
            "rss_growth": f"the largest of the peaks at {course.lines} lines to those at {course.early}",
            "growth_by_stage": growth,
            "cpu_us_per_line": look.cpu_us(course.lines),
            "steady_us_per_line": look.steady.cpu_us(course.lines),
            "records_per_transaction": look.steady.records_per_transaction(),
            "screen_per_s": "the stage alone on the two cores, one ledger, from a backlog, with its broker",
        },
    )


def _rate(lines: int, took_ms: int) -> float | None:
    return per_second(lines, took_ms / 1000) if lines and took_ms > 0 else None


def _alone(samples: list[Sample]) -> float | None:
    moving = [s for s in samples if 0 < s.done < samples[-1].done]
    if not moving or moving[-1].at_s == moving[0].at_s:
        return None
    return per_second(moving[-1].done - moving[0].done, moving[-1].at_s - moving[0].at_s)


def _through(course: Course, given: Mapping[str, str], endpoints: Endpoints) -> Look:
    """Send the feed in, kill a stage in the middle, and wait until nothing is behind or nothing moves."""
    look, settled, before, asked = Look(), 0, -1, time.monotonic()
    moved, done = asked, 0
    with _feeding(course, given, endpoints) as feeding, Lags(endpoints.bootstrap_servers, _GROUPS) as lags:
        while settled < _SETTLED and time.monotonic() - moved < _STILL_S:
            time.sleep(_LOOK_S)
            _weigh(look, endpoints.home, early=done < course.early)
            if time.monotonic() - asked < _ASK_S:
                continue
            asked = time.monotonic()
            # A stage that does not answer for a moment says nothing.
            done = max(done, _watch(look, endpoints, feeding))
            if not look.killed and done >= course.lines // 2:
                look.killed = _kill(endpoints.home)
            behind = sum(lag for found in lags.read().values() for lag in found.values())
            if behind != before:
                before, moved = behind, asked
            settled = settled + 1 if behind == 0 and feeding.poll() is not None else 0
    return look


@contextmanager
def _feeding(course: Course, given: Mapping[str, str], endpoints: Endpoints) -> Iterator["subprocess.Popen[bytes]"]:
    """Send the feed in as a user does, beside what follows.

    Raises:
        TimeoutError: it was not all taken in.

    """
    path = endpoints.home / "feed.csv"
    write_feed(path, course.lines, seed=1)
    said = endpoints.home / "feed.log"
    with confined(), said.open("wb") as log:
        feeding = subprocess.Popen(
            command("card-feed", str(path), "--json"), env=dict(given), stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield feeding
    finally:
        if feeding.poll() is None:
            feeding.terminate()
        feeding.wait(UP_S)
    if feeding.returncode:
        msg = f"the feed was not all taken in:\n{process.tail(said)}"
        raise TimeoutError(msg)


def _children(home: Path) -> dict[str, int]:
    return {child.name.removesuffix("-0"): child.pid for child in supervisor.children(home) if child.pid}


def _weigh(look: Look, home: Path, *, early: bool) -> None:
    """Note the memory of every stage that runs now."""
    running = {name: pid for name, pid in _children(home).items() if name in _GROUPS}
    weights = residents(running.values())
    for name, pid in running.items():
        look.peak[name] = max(look.peak.get(name, 0), weights.get(pid, 0))
    if early:
        look.early = dict(look.peak)


def _watch(look: Look, endpoints: Endpoints, feeding: "subprocess.Popen[bytes]") -> int:
    """Note the processor time of every child that runs now, the feed among them; return how many lines are judged."""
    services = {service.name: service.pid for service in stack.status(endpoints.home) if service.pid}
    if feeding.poll() is None:
        services["card-feed"] = feeding.pid
    judged = 0
    for name, pid in (_children(endpoints.home) | services).items():
        measured = (metrics_of(endpoints, name) or {}) if name in _GROUPS else {}
        done, transactions = (int(measured.get(f"{of}_total", 0)) for of in ("records_done", "transactions"))
        judged = done if name == _JUDGES else judged
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent = times.user + times.system + times.children_user + times.children_system
        look.spent[name, pid] = spent
        if name in _GROUPS:
            look.steady.note(name, pid, Moment(spent, done, transactions))
        else:
            look.steady.note_shared(name, pid, spent)
    return judged


def _kill(home: Path) -> bool:
    """Kill a stage as a crash would; return whether it ran."""
    for child in supervisor.children(home):
        if child.name == f"{_KILLED}-0" and child.pid is not None:
            os.kill(child.pid, signal.SIGKILL)
            return True
    return False


def _tallied(endpoints: Endpoints, codec: Codec) -> Tally:
    bootstrap = endpoints.bootstrap_servers
    return tally(
        ((r.timestamp_ms, codec.decode(r.value)) for r in records(bootstrap, AUDIT_LOG.name) if r.value),
        (codec.decode(r.value) for topic in (APPROVALS, POSTED) for r in records(bootstrap, topic.name)),
    )


def _again(endpoints: Endpoints, course: Course) -> list[Sample]:
    """Have `screen` alone work off what it read, from nothing; return what it looked like meanwhile."""
    changelog = AGAIN.changelog
    create_topics(endpoints.bootstrap_servers, (*AGAIN.writes, *((changelog,) if changelog else ())))
    replica = Replica(AGAIN.name, 0, endpoints)

    def enough(samples: list[Sample]) -> bool:
        if len(samples) < 2 or samples[-1].done < course.lines:  # noqa: PLR2004 - one look is no rate
            return False
        behind = lags(endpoints.bootstrap_servers, {AGAIN.name: EVALUATED.name})[AGAIN.name]
        return not sum(behind.values())

    try:
        with confined():
            replica.start()
        replica.await_partitions()
        return watch(AGAIN.name, endpoints, replica.running, enough) if replica.running else []
    finally:
        process.end([replica.running] if replica.running else [], grace_s=UP_S)
