"""How long until work goes on after a crash: of one stage process, and of everything at once.

Measured from the SIGKILL to the first output committed afterwards, with the settings that the project ships: a dead
member's partitions are given away when its session times out, its open transaction is ended by its successor.
"""

import time
from contextlib import closing
from typing import Final

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.checker import answers, compare, read_topic
from bench.cluster import cluster, create_topics
from bench.course import COUNT, OUTPUT, STAGES, TOPICS
from bench.feed import Feed, numbered
from bench.fleet import Replica, fleet
from bench.report import Report
from devstack import process, stack
from devstack.stack import Endpoints

__all__ = ["measure"]

_KEYS: Final = 40
_COMES_BACK_S: Final = 120.0
# What was committed before the kill may still be on its way to the reader.
_ON_ITS_WAY_S: Final = 1.0


def measure(*, events: int = 3_000, per_second: float = 60.0) -> Report:
    """Return seconds until work goes on, and how many events were lost or came twice in the end.

    Raises:
        TimeoutError: it did not go on within two minutes.

    """
    with cluster(registry=True) as endpoints:
        create_topics(endpoints.bootstrap_servers, TOPICS)
        plan = numbered(events, _KEYS)
        feed = Feed(endpoints.bootstrap_servers, endpoints.registry_url or "", plan, per_second=per_second)
        with fleet(endpoints, [stage.name for stage in STAGES], 1) as members:
            feed.start()
            _goes_on(endpoints, time.monotonic())
            stage_s = _stage_killed(endpoints, members)
            time.sleep(_ON_ITS_WAY_S)
            stack_s = _all_killed(endpoints, members)
            feed.wait(_COMES_BACK_S)
            process.wait_for(
                lambda: len(read_topic(endpoints.bootstrap_servers, OUTPUT.name)) >= events, timeout_s=_COMES_BACK_S
            )
        came = answers(read_topic(endpoints.bootstrap_servers, OUTPUT.name), endpoints.registry_url or "")
    verdict = compare(plan, came, {})
    return Report(
        "recovery",
        {"stage_s": stage_s, "stack_s": stack_s, "lost": verdict.missing, "duplicates": verdict.duplicates},
        {"events": events, "per_second": per_second, "killed": [stage.name for stage in STAGES]},
    )


def _stage_killed(endpoints: Endpoints, members: list[Replica]) -> float:
    victim = next(replica for replica in members if replica.stage == COUNT.name)
    victim.kill()
    killed = time.monotonic()
    victim.start()
    return _goes_on(endpoints, killed)


def _all_killed(endpoints: Endpoints, members: list[Replica]) -> float:
    """Kill every stage, the registry and the broker at once, and start them again as `spendtrail up` does."""
    for replica in members:
        replica.kill()
    for service in stack.status(endpoints.home):
        stack.kill(endpoints.home, service.name)
    killed = time.monotonic()
    stack.start(endpoints.home)
    for replica in members:
        replica.start()
    return _goes_on(endpoints, killed)


def _goes_on(endpoints: Endpoints, since: float) -> float:
    """Return seconds from `since` to the next committed output.

    The reader begins at the end of what is committed, so an output that it sees was committed after that.
    """
    settings = {
        "bootstrap.servers": endpoints.bootstrap_servers,
        "group.id": "bench-recovery",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "log_level": 0,
    }
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(OUTPUT.name, number, OFFSET_END) for number in range(OUTPUT.partitions)])
        while time.monotonic() - since < _COMES_BACK_S:
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                return round(time.monotonic() - since, 2)
    msg = f"nothing was committed within {_COMES_BACK_S:.0f} s"
    raise TimeoutError(msg)
