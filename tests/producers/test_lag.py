"""How far behind the groups are, asked of brokers that go on while they are asked."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from producers import lag


def _answered(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
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


class _Member:
    """A client in a group's name."""

    def __init__(self, brokers: _Brokers, settings: dict[str, Any]) -> None:
        self._brokers, self._group = brokers, int(settings["group.id"][1])

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        """Tell what the group has done as of now."""
        del timeout
        offset = 1 if self._group < self._brokers.at else -1001
        return [TopicPartition(tp.topic, tp.partition, offset) for tp in partitions]

    def close(self) -> None:
        """Let go."""


def test_a_record_between_two_groups_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the record moves on between two questions, nothing is behind only when the last group has done it."""
    brokers = _Brokers()
    monkeypatch.setattr(lag, "AdminClient", brokers)
    monkeypatch.setattr(lag, "Consumer", lambda settings: _Member(brokers, settings))
    monkeypatch.setattr(
        lag,
        "OffsetSpec",
        SimpleNamespace(
            latest=lambda: SimpleNamespace(name="latest"), earliest=lambda: SimpleNamespace(name="earliest")
        ),
    )
    told = [sum(behind[0] for behind in lag.lags("", {f"g{n}": f"t{n}" for n in range(3)}).values()) for _ in range(4)]
    assert told == [1, 1, 1, 0]
