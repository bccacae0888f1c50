"""What a stage process does when its member cannot go on: it lets it go and joins anew."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from config.settings import Settings
from consumers.runtime.main import Member, _Process
from consumers.runtime.transport import TransportLost
from tests.runtime.rows import row


class _Hasty(threading.Event):
    """An event that nobody waits for."""

    def wait(self, timeout: float | None = None) -> bool:
        """Return at once."""
        del timeout
        return self.is_set()


class _Ending:
    """A member whose step ends with an error, or with the whole process where there is none."""

    missing: Mapping[str, str] = {}

    def __init__(self, error: Exception | None, stop: threading.Event) -> None:
        self._error, self._stop = error, stop
        self.did: list[str] = []

    def start(self) -> None:
        """Join nothing."""

    def step(self) -> int:
        """End as told."""
        if self._error is not None:
            raise self._error
        self._stop.set()
        return 0

    def recover(self) -> None:
        """Go back nowhere."""

    def drain(self, timeout: float) -> None:
        """Note it."""
        del timeout
        self.did.append("drained")

    def close(self) -> None:
        """Note it."""
        self.did.append("closed")


class _Rejoining(_Process):
    """A stage process whose members are given."""

    def __init__(self, members: list[_Ending], folder: Path) -> None:
        super().__init__(row(), Settings(), frozenset(), folder)
        self._members = iter(members)

    def _joined(self) -> Member:
        return next(self._members)


@pytest.mark.parametrize(
    "error",
    [TransportLost("the topic is gone"), KafkaException(KafkaError(KafkaError._STATE))],
    ids=["lost", "refused by the client"],
)
def test_a_member_that_cannot_go_on_is_let_go_and_another_joins(tmp_path: Path, error: Exception) -> None:
    """An error of the client costs the membership, never the process."""
    stop = _Hasty()
    members = [_Ending(error, stop), _Ending(None, stop)]
    assert _Rejoining(members, tmp_path)._run(stop) == 0
    assert [member.did for member in members] == [["closed"], ["drained"]]
