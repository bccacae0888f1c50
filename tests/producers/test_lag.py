"""How far behind the groups are, asked of brokers that go on while they are asked."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from producers import lag


def _answered(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
    return future


class _Brokers:
    """A chain of groups and one record that each question finds one group further down: `at` is whose input it is."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self, settings: dict[str, Any]) -> "_Brokers":
        """Stand for the client's class."""
        del settings
        return self

    def list_topics(self, timeout: float) -> Any:
        """Tell the topics of the chain."""
        del timeout
        return SimpleNamespace(topics={f"t{n}": SimpleNamespace(partitions={0: None}) for n in range(3)})

    def list_offsets(
        self, asked: dict[TopicPartition, Any], request_timeout: float
    ) -> dict[TopicPartition, Future[Any]]:
        """Tell ends, or starts, as of now; the record moves on after the ends."""
        del request_timeout
        latest = next(iter(asked.values())).name == "latest"
        found = {tp: _answered(SimpleNamespace(offset=int(latest and int(tp.topic[1]) <= self.at))) for tp in asked}
        self.at += latest
        return found

    def list_consumer_group_offsets(
        self, asked: list[ConsumerGroupTopicPartitions], request_timeout: float
    ) -> dict[str, Future[Any]]:
        """Tell what a group has done as of now; a group of no commit is not known at all."""
        del request_timeout
        (one,) = asked
        if int(one.group_id[1]) >= self.at:
            return {one.group_id: _answered(KafkaException(KafkaError(KafkaError.GROUP_ID_NOT_FOUND)))}
        done = SimpleNamespace(
            topic_partitions=[TopicPartition(tp.topic, tp.partition, 1) for tp in one.topic_partitions or ()]
        )
        return {one.group_id: _answered(done)}


def test_a_record_between_two_groups_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the record moves on between two questions, nothing is behind only when the last group has done it."""
    brokers = _Brokers()
    monkeypatch.setattr(lag, "AdminClient", brokers)
    monkeypatch.setattr(
        lag,
        "OffsetSpec",
        SimpleNamespace(
            latest=lambda: SimpleNamespace(name="latest"), earliest=lambda: SimpleNamespace(name="earliest")
        ),
    )
    told = [sum(behind[0] for behind in lag.lags("", {f"g{n}": f"t{n}" for n in range(3)}).values()) for _ in range(4)]
    assert told == [1, 1, 1, 0]
