"""How far each consumer group is behind: the end of its topic less what it committed, exactly."""

from collections.abc import Mapping

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # exported at run time

from streams.client import client_settings
from streams.record import TransportLost

__all__ = ["lags"]


def lags(
    bootstrap_servers: str,
    groups: Mapping[str, str],
    options: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 10.0,
) -> dict[str, dict[int, int]]:
    """Return per group the records behind, by partition of the topic it reads.

    `groups` gives each group's topic. A partition the group never committed counts from the topic's beginning. Ends are
    asked for after all that was committed: where nothing is behind, no record was between two groups at that moment.

    Raises:
        TransportLost: the brokers do not answer, or a topic is missing.

    """
    admin = AdminClient(client_settings(bootstrap_servers, options or {}))
    try:
        partitions = _partitions(admin, set(groups.values()), timeout_s)
        every = [tp for found in partitions.values() for tp in found]
        committed = {g: _committed(admin, g, partitions[topic], timeout_s) for g, topic in groups.items()}
        ends = _offsets(admin, every, OffsetSpec.latest(), timeout_s)  # type: ignore[no-untyped-call] # the client ships no type for it
        starts = _offsets(admin, every, OffsetSpec.earliest(), timeout_s)  # type: ignore[no-untyped-call] # as above
        return {g: _behind(partitions[topic], committed[g], starts, ends) for g, topic in groups.items()}
    except KafkaException as error:
        msg = f"Kafka at {bootstrap_servers}: {error.args[0].str()}"
        raise TransportLost(msg) from error


_Place = tuple[str, int]


def _partitions(admin: AdminClient, topics: set[str], timeout_s: float) -> dict[str, list[TopicPartition]]:
    known = admin.list_topics(timeout=timeout_s).topics
    missing = sorted(topics - known.keys())
    if missing:
        msg = f"there is no topic {', '.join(missing)}; `spendtrail up` creates what is missing"
        raise TransportLost(msg)
    return {t: [TopicPartition(t, p) for p in sorted(known[t].partitions)] for t in topics}


def _offsets(
    admin: AdminClient, partitions: list[TopicPartition], spec: OffsetSpec, timeout_s: float
) -> dict[_Place, int]:
    asked = admin.list_offsets(dict.fromkeys(partitions, spec), request_timeout=timeout_s)
    return {(tp.topic, tp.partition): future.result().offset for tp, future in asked.items()}


def _committed(admin: AdminClient, group: str, partitions: list[TopicPartition], timeout_s: float) -> dict[_Place, int]:
    # One group after the other: a client that is let go with a question open crashes the process.
    asked = ConsumerGroupTopicPartitions(group, partitions)
    try:
        answer = admin.list_consumer_group_offsets([asked], request_timeout=timeout_s)[group].result()
    except KafkaException as error:
        if error.args[0].name() != "GROUP_ID_NOT_FOUND":
            raise
        # A group that has never been seen has read nothing.
        return {}
    return {(tp.topic, tp.partition): tp.offset for tp in answer.topic_partitions or ()}


def _behind(
    partitions: list[TopicPartition],
    committed: Mapping[_Place, int],
    starts: Mapping[_Place, int],
    ends: Mapping[_Place, int],
) -> dict[int, int]:
    behind = {}
    for tp in partitions:
        place = (tp.topic, tp.partition)
        offset = committed.get(place, -1)
        behind[tp.partition] = max(0, ends[place] - (offset if offset >= 0 else starts[place]))
    return behind
