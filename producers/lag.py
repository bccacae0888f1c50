"""How far each consumer group is behind: the end of its topic less what it committed, exactly."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # exported at run time

from streams.client import client_settings
from streams.record import TransportLost

__all__ = ["Lags", "lags"]

_Place = tuple[str, int]


def lags(
    bootstrap_servers: str,
    groups: Mapping[str, str],
    options: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 10.0,
) -> dict[str, dict[int, int]]:
    """Return what `Lags.read` does, asked once.

    Raises:
        TransportLost: the brokers do not answer, or a topic is missing.

    """
    with Lags(bootstrap_servers, groups, options, timeout_s=timeout_s) as asked:
        return asked.read()


class Lags:
    """Asks again and again; its connections are made when first asked. `groups` gives each group's topic.

    What was committed is asked of a client in the group's name, which takes no part in it: the administrator's question
    ends the process where a broker that has just come back does not know yet whose coordinator it is
    (librdkafka, issue 5040).
    """

    def __init__(
        self,
        bootstrap_servers: str,
        groups: Mapping[str, str],
        options: Mapping[str, str] | None = None,
        *,
        timeout_s: float = 10.0,
    ) -> None:
        self._bootstrap, self._groups, self._timeout_s = bootstrap_servers, groups, timeout_s
        self._client = client_settings(bootstrap_servers, options or {})
        self._admin: AdminClient | None = None
        self._members: dict[str, Consumer] = {}

    def read(self) -> dict[str, dict[int, int]]:
        """Return per group the records behind, by partition of the topic it reads.

        A partition the group never committed counts from the topic's beginning. Ends are asked for after all that was
        committed: where nothing is behind, no record was between two groups at that moment.

        Raises:
            TransportLost: the brokers do not answer, or a topic is missing.

        """
        try:
            self._admin = self._admin or AdminClient(self._client)
            partitions = _partitions(self._admin, set(self._groups.values()), self._timeout_s)
            for group in self._groups.keys() - self._members.keys():
                self._members[group] = Consumer({**self._client, "group.id": group, "enable.auto.commit": False})
            every = [tp for found in partitions.values() for tp in found]
            starts = _offsets(self._admin, every, OffsetSpec.earliest(), self._timeout_s)  # type: ignore[no-untyped-call] # the client ships no type for it
            committed = {g: self._committed(g, partitions[topic]) for g, topic in self._groups.items()}
            ends = _offsets(self._admin, every, OffsetSpec.latest(), self._timeout_s)  # type: ignore[no-untyped-call] # as above
            return {g: _behind(partitions[t], committed[g], starts, ends) for g, t in self._groups.items()}
        except KafkaException as error:
            msg = f"Kafka at {self._bootstrap}: {error.args[0].str()}"
            raise TransportLost(msg) from error

    def _committed(self, group: str, partitions: list[TopicPartition]) -> dict[_Place, int]:
        found = self._members[group].committed(partitions, self._timeout_s)
        for tp in found:
            if tp.error is not None:
                raise KafkaException(tp.error)
        return {(tp.topic, tp.partition): tp.offset for tp in found}

    def close(self) -> None:
        """Let go of the connections."""
        for member in self._members.values():
            member.close()
        self._members.clear()
        self._admin = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
