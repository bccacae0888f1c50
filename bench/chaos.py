"""Exactly once under fire: replicas are killed and stopped, brokers too, while numbered events go through two stages.

A stop lasts longer than the group's session time-out, so that the stopped member has lost its partitions when it
wakes: the one failure that fencing by membership alone does not cover. Only a stop after which the woken member says
that it lost its place is counted.
"""

import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.checker import answers, compare, longest_gap_s, read_topic, rework_percent
from bench.cluster import cluster, create_topics
from bench.course import COUNT, OUTPUT, STAGES, TOPICS
from bench.feed import Feed, numbered
from bench.fleet import Replica, fleet
from bench.report import Report
from devstack import process, stack
from devstack.stack import Endpoints

__all__ = ["Course", "measure"]

_KEYS: Final = 60
# The developer stack's session time-out is 8 s.
_STOPPED_S: Final = 12.0
_NOTICED_S: Final = 30.0
_SETTLED_S: Final = 180.0


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


def measure(course: Course | None = None, *, brokers: int = 1, ledger: Path | None = None) -> Report:
    """Run the course and check it.

    With `ledger`, what was sent is written there (`sent.jsonl`, and `about.json` with where it went), and the stack
    stays up under it for another checker; `SPENDTRAIL_HOME=LEDGER/stack spendtrail down` stops it.

    Raises:
        TimeoutError: the work was not done in time; what is missing then is no longer only late.

    """
    course = course or Course()
    with cluster(brokers=brokers, registry=True, kept=ledger and ledger.absolute() / "stack") as endpoints:
        create_topics(endpoints.bootstrap_servers, TOPICS, replication=brokers)
        plan = numbered(course.events, _KEYS)
        feed = Feed(endpoints.bootstrap_servers, endpoints.registry_url or "", plan, per_second=course.per_second)
        if ledger:
            feed.write(
                ledger / "sent.jsonl",
                bootstrap_servers=endpoints.bootstrap_servers,
                registry_url=endpoints.registry_url,
                topics=[topic.name for topic in TOPICS],
                output=OUTPUT.name,
            )
        with fleet(endpoints, [stage.name for stage in STAGES], course.replicas) as members:
            feed.start()
            if brokers > 1:
                _roll_brokers(endpoints, brokers)
            stops, stopped = _harm(course, members)
            feed.wait(_SETTLED_S)
            _settle(endpoints, course.events)
        return _judged(course, endpoints, plan, stops=stops, stopped=stopped, brokers=brokers)


def _harm(course: Course, members: list[Replica]) -> tuple[int, int]:
    """Kill and stop replicas in an order of the seed; return how many stops there were that cost a place, and in all.

    A stop that cost none proves nothing and is made up for by another, at most as many times as stops were asked for.
    """
    dice = random.Random(course.seed)  # noqa: S311 - a course that can be run again, no secret
    deeds = ["kill"] * course.kills + ["stop"] * course.stops
    dice.shuffle(deeds)
    counted = stopped = 0
    while deeds:
        deed = deeds.pop(0)
        time.sleep(dice.uniform(0.5, 2.0))
        victim = dice.choice(members)
        if deed == "kill":
            victim.kill()
            time.sleep(dice.uniform(0.0, 1.0))
            victim.start()
        else:
            stopped += 1
            counted += _stop(victim)
        if not deeds and counted < course.stops and stopped < 2 * course.stops:
            deeds.append("stop")
    return counted, stopped


def _stop(victim: Replica) -> bool:
    """Stop a replica for longer than its session lasts; return whether it lost its place by that."""
    # One that was killed a moment ago may not be in the group yet; stopping it would prove nothing.
    victim.await_partitions()
    before = victim.heard("partitions lost")
    victim.send(signal.SIGSTOP)
    time.sleep(_STOPPED_S)
    victim.send(signal.SIGCONT)
    return process.wait_for(lambda: victim.heard("partitions lost") > before, timeout_s=_NOTICED_S)


def _roll_brokers(endpoints: Endpoints, brokers: int) -> None:
    """Kill and restart every broker in turn: whoever leads partitions or the cluster is among them."""
    for number in range(1, brokers + 1):
        name = f"kafka-{number}"
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


def _judged(
    course: Course, endpoints: Endpoints, plan: list[tuple[str, int]], *, stops: int, stopped: int, brokers: int
) -> Report:
    bootstrap = endpoints.bootstrap_servers
    came = answers(read_topic(bootstrap, OUTPUT.name), endpoints.registry_url or "")
    changes = read_topic(bootstrap, COUNT.changelog.name) if COUNT.changelog else []
    state = {bytes(m.key() or b"").decode(): bytes(m.value() or b"") for m in changes}
    verdict = compare(plan, came, state)
    written = len(read_topic(bootstrap, OUTPUT.name, isolation="read_uncommitted"))
    return Report(
        "chaos",
        {
            "duplicates": verdict.duplicates,
            "missing": verdict.missing,
            "out_of_order": verdict.out_of_order,
            "state_differs": verdict.state_differs,
            "kills": course.kills,
            "stops": stops,
            "rework_percent": rework_percent(written, len(came)),
            "longest_gap_s": longest_gap_s(came),
            "brokers": brokers,
        },
        {
            "events": course.events,
            "keys": _KEYS,
            "replicas": course.replicas,
            "stops_without_rebalance": stopped - stops,
            "brokers_killed": brokers if brokers > 1 else 0,
            "seed": course.seed,
        },
    )
