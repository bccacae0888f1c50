"""Replicas that join and leave while events come: nothing twice, nothing missing, nothing out of order.

And what a second replica brings: the counting stage works off the same burst alone and with another. On a machine
with two cores the broker is the third who wants one, so the figure says what this machine gives, not what Kafka can.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.checker import Answer, answers, compare, longest_gap_s, read_topic
from bench.cluster import cluster, create_topics
from bench.course import COUNT, OUTPUT, STAGES, TOPICS
from bench.feed import Feed, numbered
from bench.fleet import Replica, fleet
from bench.report import Report, per_second, ratio
from devstack import process
from devstack.stack import Endpoints

__all__ = ["Ladder", "measure"]

_KEYS: Final = 60
_MOST: Final = 4
_LEFT: Final = 2
_SETTLED_S: Final = 180.0
_GRACE_S: Final = 30.0
_AT_ONCE: Final = 1e9


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a run does: `events` at a steady pace while replicas go 1, 4, 2; then a burst for one and for two."""

    events: int = 6_000
    per_second: float = 100.0
    burst: int = 20_000


def measure(ladder: Ladder | None = None) -> Report:
    """Run the ladder and check it.

    Raises:
        TimeoutError: a replica was given no partitions, or the work was not done in time.

    """
    ladder = ladder or Ladder()
    with cluster(registry=True) as endpoints:
        create_topics(endpoints.bootstrap_servers, TOPICS)
        steady = numbered(ladder.events, _KEYS)
        took = _ladder(endpoints, steady, ladder)
        alone = _burst(endpoints, _named("one", ladder.burst), 1, ladder.events)
        both = _burst(endpoints, _named("two", ladder.burst), 2, ladder.events + ladder.burst)
        came = _came(endpoints)
        changes = read_topic(endpoints.bootstrap_servers, COUNT.changelog.name) if COUNT.changelog else []
    plan = [*steady, *_named("one", ladder.burst), *_named("two", ladder.burst)]
    state = {bytes(m.key() or b"").decode(): bytes(m.value() or b"") for m in changes}
    verdict = compare(plan, came, state)
    paced = [answer for answer in came if answer.key.startswith("k")]
    return Report(
        "scale",
        {
            "duplicates": verdict.duplicates,
            "missing": verdict.missing,
            "out_of_order": verdict.out_of_order,
            "state_differs": verdict.state_differs,
            "longest_gap_s": longest_gap_s(paced),
            "one_per_s": alone,
            "two_per_s": both,
            **took,
        },
        {
            "events": ladder.events,
            "per_second": ladder.per_second,
            "burst": ladder.burst,
            "replicas": f"1, {_MOST}, {_LEFT} of each stage",
            "cores": os.cpu_count(),
        },
        {"two_to_one": ratio(both, alone)},
    )


def _named(prefix: str, events: int) -> list[tuple[str, int]]:
    return [(f"{prefix}-{key}", number) for key, number in numbered(events, _KEYS)]


def _ladder(endpoints: Endpoints, plan: Sequence[tuple[str, int]], ladder: Ladder) -> dict[str, float]:
    """Let replicas join and leave under load; return the seconds until those who joined had work, and that it took."""
    feed = Feed(endpoints.bootstrap_servers, endpoints.registry_url or "", list(plan), per_second=ladder.per_second)
    stretch = ladder.events / ladder.per_second / 3
    names = [stage.name for stage in STAGES]
    with fleet(endpoints, names, 1) as members:
        feed.start()
        time.sleep(stretch)
        began = time.monotonic()
        joined = [Replica(name, number, endpoints) for name in names for number in range(1, _MOST)]
        try:
            for replica in joined:
                replica.start()
            for replica in joined:
                replica.await_partitions()
            joined_s = time.monotonic() - began
            time.sleep(max(0.0, stretch - joined_s))
            began = time.monotonic()
            leaving = [replica for replica in (*members, *joined) if replica.number < _MOST - _LEFT]
            _end(leaving)
            left_s = time.monotonic() - began
            feed.wait(_SETTLED_S)
            _settle(endpoints, ladder.events)
        finally:
            _end(joined)
    return {"joined_s": round(joined_s, 1), "left_s": round(left_s, 1)}


def _burst(endpoints: Endpoints, plan: list[tuple[str, int]], replicas: int, before: int) -> float:
    """Return events a second of the counting stage, from the first to the last output of a burst.

    The replicas are there before the burst is, so that none of them has to catch up with the other.
    """
    feed = Feed(
        endpoints.bootstrap_servers, endpoints.registry_url or "", plan, per_second=_AT_ONCE, topic=COUNT.reads.name
    )
    with fleet(endpoints, [COUNT.name], replicas):
        feed.start()
        feed.wait(_SETTLED_S)
        _settle(endpoints, before + len(plan))
    prefix = plan[0][0].partition("-")[0]
    moments = sorted(answer.at_ms for answer in _came(endpoints) if answer.key.startswith(f"{prefix}-"))
    return per_second(len(moments), max(1, moments[-1] - moments[0]) / 1000)


def _came(endpoints: Endpoints) -> list[Answer]:
    return answers(read_topic(endpoints.bootstrap_servers, OUTPUT.name), endpoints.registry_url or "")


def _end(replicas: Sequence[Replica]) -> None:
    process.end([r.running for r in replicas if r.running], grace_s=_GRACE_S)


def _settle(endpoints: Endpoints, events: int) -> None:
    if not process.wait_for(
        lambda: len(read_topic(endpoints.bootstrap_servers, OUTPUT.name)) >= events, timeout_s=_SETTLED_S
    ):
        found = len(read_topic(endpoints.bootstrap_servers, OUTPUT.name))
        msg = f"{found} of {events} events came out within {_SETTLED_S:.0f} s"
        raise TimeoutError(msg)
