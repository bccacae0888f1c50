"""Time for the stages: one event to every partition of the topics that ask for it.

Stages never read a clock. What waits for time (a missing receipt, a late answer) moves only while a ticker runs; two
tickers at once write the same events, because a tick's time is a multiple of the interval.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from config.settings import Settings
from producers.edge import codec_of, open_publisher
from producers.opening import opening
from producers.publisher import Publisher, PublishFailed
from schemas.codec import RegistryUnavailable
from schemas.events import TickElapsed
from schemas.identity import derive
from schemas.topics import Topic
from streams.client import client_settings

__all__ = ["run", "tick", "tick_time"]

_log = structlog.get_logger(__name__)
_STAGE = "ticker"
_TIMEOUT_S: Final = 10.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def run(settings: Settings, topics: Sequence[Topic], stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Write a tick every `settings.tick_s` until `stop` is set.

    Brokers or a registry that do not answer are waited for: the next tick tries again, none is made up for.

    Raises:
        SettingsIncomplete: no brokers or registry are named.

    """
    codec = codec_of(settings)
    interval = timedelta(seconds=settings.tick_s)
    while not stop.is_set():
        try:
            with open_publisher(settings, codec, timeout_s=_TIMEOUT_S) as publisher:
                partitions = _partitions(settings, topics)
                _log.info("ticking", every_s=settings.tick_s, partitions=sum(partitions.values()))
                while not stop.is_set():
                    tick(publisher, topics, partitions, tick_time(clock(), interval))
                    stop.wait(_left(clock(), interval))
        except (PublishFailed, RegistryUnavailable, KafkaException) as error:
            _log.warning("waiting", dependency="kafka", message=str(error))
            stop.wait(settings.tick_s)


def tick(publisher: Publisher, topics: Sequence[Topic], partitions: Mapping[str, int], at: datetime) -> None:
    """Write one tick to every partition and wait for the acknowledgements.

    `partitions` gives each topic's number of partitions; `at` is the time that has come, UTC.

    Raises:
        PublishFailed: the brokers did not take it.
        RegistryUnavailable: the registry does not answer.

    """
    for topic in topics:
        for partition in range(partitions[topic.name]):
            cause = (at.isoformat(), topic.name, str(partition))
            event = opening(TickElapsed, *cause, tenant="", expense_id=derive("tick", *cause), at=at, stage=_STAGE)
            publisher.publish(event, topic, partition)
    publisher.flush()


def tick_time(now: datetime, interval: timedelta) -> datetime:
    """Return the last multiple of the interval since 1970 that is not after now."""
    return now - (now - _EPOCH) % interval


def _left(now: datetime, interval: timedelta) -> float:
    return (interval - (now - _EPOCH) % interval).total_seconds()


def _partitions(settings: Settings, topics: Sequence[Topic]) -> dict[str, int]:
    admin = AdminClient(client_settings(settings.bootstrap_servers or "", settings.kafka_options))
    present = admin.list_topics(timeout=_TIMEOUT_S).topics
    missing = [topic.name for topic in topics if topic.name not in present]
    if missing:
        raise PublishFailed(f"no topic {', '.join(missing)}; `spendtrail prepare` creates what is missing")
    return {topic.name: len(present[topic.name].partitions) for topic in topics}
