"""Exactly once under fire: replicas are killed and stopped, brokers too, while numbered events go through two stages.

A stop lasts longer than the group's session time-out, so that the stopped member has lost its partitions when it
wakes: the one failure that fencing by membership alone does not cover. Only a stop after which the woken member says
that it lost its place is counted.
"""

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bench.checker import answers, compare, longest_gap_s, read_topic, rework_percent
from bench.cluster import cluster, create_topics
from bench.course import COUNT, OUTPUT, RELAY, STAGES, TOPICS
from bench.feed import Feed, numbered
from bench.fleet import Replica, drain, fleet
from bench.ledger import Ledger
from bench.report import Report
from devstack import process, stack
from devstack.stack import Endpoints

__all__ = ["Course", "measure", "repeat", "worst"]

_KEYS: Final = 60
# The developer stack's session time-out is 8 s.
_STOPPED_S: Final = 12.0
_NOTICED_S: Final = 30.0
_SETTLED_S: Final = 180.0
# Of these the least is the worst: harm that was not done proves nothing.
_MORE_IS_HARDER: Final = frozenset({"kills", "stops", "brokers", "brokers_killed"})


@dataclass(frozen=True, slots=True)
class Course:
    """What a run does. `seed` decides who is killed and when; the same seed makes the same choices.

    The pace keeps events coming for two minutes: harm done while nothing is on its way would prove nothing.
    """

    events: int = 6_000
    replicas: int = 3
    kills: int = 6
    stops: int = 3
    per_second: float = 50.0
    seed: int = 4


@dataclass(slots=True)
class _Deeds:
    """What was done to processes, with the second of the run at which it was done."""

    began: float = field(default_factory=time.monotonic)
    told: list[dict[str, object]] = field(default_factory=list)

    def note(self, deed: str, victim: str, **more: object) -> None:
        self.told.append({"second": round(time.monotonic() - self.began, 1), "deed": deed, "victim": victim, **more})

    def count(self, deed: str, **more: object) -> int:
        wanted = {"deed": deed, **more}
        return sum(wanted.items() <= told.items() for told in self.told)


def repeat(runs: int, course: Course | None = None, *, brokers: int = 1, ledger: Path | None = None) -> Report:
    """Run that many courses in a row, each with the next seed and a stack of its own; report each, and the worst.

    A run that does not come to its end is reported as failed, and the next begins. With `ledger` each run has a
    folder of its own there, `run-1` and so on; their stacks are not kept.
    """
    first, told = course or Course(), list[Mapping[str, Any]]()
    for number in range(runs):
        this = replace(first, seed=first.seed + number)
        folder = ledger / f"run-{number + 1}" if ledger else None
        try:
            report = measure(this, brokers=brokers, ledger=folder, kept=False)
        except TimeoutError as error:
            told.append({"seed": this.seed, "failed": str(error)})
        else:
            told.append({"seed": this.seed, **report.figures})
    return worst(told, asdict(first) | {"keys": _KEYS})


def worst(told: list[Mapping[str, Any]], baselines: Mapping[str, Any]) -> Report:
    """Return one report of several runs: the worst of each figure, and every run beside it.

    A figure of a run that failed is unknown, so `failed` has to be read first.
    """
    ended = [run for run in told if "failed" not in run]
    names = [name for name in (ended[0] if ended else {}) if name != "seed"]
    figures = {n: (min if n in _MORE_IS_HARDER else max)(run[n] for run in ended) for n in names}
    failed = len(told) - len(ended)
    return Report("chaos", {"runs": len(told), "failed": failed, **figures}, {**baselines, "each": list(told)})


def measure(course: Course | None = None, *, brokers: int = 1, ledger: Path | None = None, kept: bool = True) -> Report:
    """Run the course and check it.

    With `ledger`, what another checker needs is written there, and unless `kept` is False the stack stays up under it;
    `SPENDTRAIL_HOME=LEDGER/stack spendtrail down` stops it.

    Raises:
        TimeoutError: the work was not done in time; what is missing then is no longer only late.

    """
    course = course or Course()
    home = ledger.absolute() / "stack" if ledger and kept else None
    with cluster(brokers=brokers, registry=True, kept=home) as endpoints:
        bootstrap, registry = endpoints.bootstrap_servers, endpoints.registry_url or ""
        create_topics(bootstrap, TOPICS, replication=brokers)
        plan = numbered(course.events, _KEYS)
        feed = Feed(bootstrap, registry, plan, per_second=course.per_second)
        book = Ledger(ledger, bootstrap, registry) if ledger else None
        if book:
            book.about(**_told_about(course, endpoints, brokers))
            book.sent(plan)
        deeds = _Deeds()
        try:
            with fleet(endpoints, [stage.name for stage in STAGES], course.replicas) as members:
                feed.start()
                if brokers > 1:
                    _roll_brokers(endpoints, brokers, deeds)
                _harm(course, members, deeds)
                feed.wait(_SETTLED_S)
                _settle(endpoints, course.events)
                for name in drain(members):
                    deeds.note("ended badly", name)
        finally:
            if book:
                book.done(deeds.told)
                book.keep([topic.name for topic in TOPICS], {stage.name: stage.reads.name for stage in STAGES})
        return _judged(course, endpoints, plan, deeds, brokers)


def _told_about(course: Course, endpoints: Endpoints, brokers: int) -> dict[str, object]:
    return {
        "bootstrap_servers": endpoints.bootstrap_servers,
        "registry_url": endpoints.registry_url,
        "brokers": brokers,
        "course": asdict(course),
        "input": RELAY.reads.name,
        "between": COUNT.reads.name,
        "output": OUTPUT.name,
        "changelog": COUNT.changelog.name if COUNT.changelog else None,
        "topics": [topic.name for topic in TOPICS],
    }


def _harm(course: Course, members: list[Replica], deeds: _Deeds) -> None:
    """Kill and stop replicas in an order of the seed.

    A stop that cost no place proves nothing and is made up for by another, at most as many times as stops were asked
    for.
    """
    dice = random.Random(course.seed)  # noqa: S311 - a course that can be run again, no secret
    planned = ["kill"] * course.kills + ["stop"] * course.stops
    dice.shuffle(planned)
    while planned:
        deed = planned.pop(0)
        time.sleep(dice.uniform(0.5, 2.0))
        victim = dice.choice(members)
        if deed == "kill":
            deeds.note("kill", victim.name)
            victim.kill()
            time.sleep(dice.uniform(0.0, 1.0))
            victim.start()
        else:
            deeds.note("stop", victim.name, cost_its_place=_stop(victim))
        proven = deeds.count("stop", cost_its_place=True)
        if not planned and proven < course.stops and deeds.count("stop") < 2 * course.stops:
            planned.append("stop")


def _stop(victim: Replica) -> bool:
    """Stop a replica for longer than its session lasts; return whether it lost its place by that."""
    # One that was killed a moment ago may not be in the group yet; stopping it would prove nothing.
    victim.await_partitions()
    before = victim.heard("partitions lost")
    victim.send(signal.SIGSTOP)
    time.sleep(_STOPPED_S)
    victim.send(signal.SIGCONT)
    return process.wait_for(lambda: victim.heard("partitions lost") > before, timeout_s=_NOTICED_S)


def _roll_brokers(endpoints: Endpoints, brokers: int, deeds: _Deeds) -> None:
    """Kill and restart every broker in turn: whoever leads partitions or the cluster is among them."""
    for number in range(1, brokers + 1):
        name = f"kafka-{number}"
        deeds.note("kill broker", name)
        stack.kill(endpoints.home, name)
        time.sleep(1.0)
        stack.start_one(endpoints.home, name)


def _settle(endpoints: Endpoints, events: int) -> None:
    """Wait until as many outputs are committed as events were sent.

    Raises:
        TimeoutError: they are not within three minutes.

    """
    deadline = time.monotonic() + _SETTLED_S
    while (found := len(read_topic(endpoints.bootstrap_servers, OUTPUT.name))) < events:
        if time.monotonic() > deadline:
            msg = f"{found} of {events} events came out within {_SETTLED_S:.0f} s after the last was sent"
            raise TimeoutError(msg)
        time.sleep(0.5)


def _judged(course: Course, endpoints: Endpoints, plan: list[tuple[str, int]], deeds: _Deeds, brokers: int) -> Report:
    bootstrap = endpoints.bootstrap_servers
    came = answers(read_topic(bootstrap, OUTPUT.name), endpoints.registry_url or "")
    changes = read_topic(bootstrap, COUNT.changelog.name) if COUNT.changelog else []
    state = {bytes(m.key() or b"").decode(): bytes(m.value() or b"") for m in changes}
    verdict = compare(plan, came, state)
    outputs = [topic for stage in STAGES for topic in stage.writes]
    written, counted = (
        sum(len(read_topic(bootstrap, topic.name, isolation=isolation)) for topic in outputs)
        for isolation in ("read_uncommitted", "read_committed")
    )
    by_key = [[a for a in came if a.key == key] for key in {a.key for a in came}]
    stops = deeds.count("stop", cost_its_place=True)
    return Report(
        "chaos",
        {
            **asdict(verdict),
            "kills": deeds.count("kill"),
            "stops": stops,
            "ended_badly": deeds.count("ended badly"),
            "rework_percent": rework_percent(written, counted),
            "longest_gap_s": longest_gap_s(came),
            "longest_key_gap_s": max(map(longest_gap_s, by_key), default=0.0),
            "brokers": brokers,
            "brokers_killed": deeds.count("kill broker"),
        },
        {**asdict(course), "keys": _KEYS, "stops_without_rebalance": deeds.count("stop") - stops},
    )
