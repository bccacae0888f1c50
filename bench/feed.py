"""Numbered events at a steady pace."""

import threading
import time
from typing import Final

from confluent_kafka import Producer

from bench.course import RELAY, inbound
from schemas.codec import Codec, registry_at
from streams.client import PARTITIONER

__all__ = ["Feed", "numbered"]

# A broker that is killed and comes back within this time must not cost an event that was never sent.
_DELIVERED_S: Final = 120


def numbered(events: int, keys: int) -> list[tuple[str, int]]:
    """Return key and number of every event; numbers count up within a key, and keys take turns."""
    return [(f"k{n % keys}", n // keys + 1) for n in range(events)]


class Feed:
    """Sends in a thread of its own. `sent` is what the broker acknowledged, and with `wait` that is everything."""

    def __init__(
        self,
        bootstrap: str,
        registry: str,
        plan: list[tuple[str, int]],
        *,
        per_second: float,
        topic: str = RELAY.reads.name,
    ) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": PARTITIONER,
                "enable.idempotence": True,
                "linger.ms": 5,
                "delivery.timeout.ms": _DELIVERED_S * 1000,
                "log_level": 0,
            }
        )
        self._codec, self._plan, self._pause = Codec(registry_at(registry)), plan, 1 / per_second
        self._topic = topic
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failed = ""

    def start(self) -> None:
        """Begin to send."""
        # Encoded before the first is sent: the registry may be killed in between.
        self._values = [self._codec.encode(inbound(key, number)) for key, number in self._plan]
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        for (key, _), value in zip(self._plan, self._values, strict=True):
            self._producer.produce(self._topic, value, key.encode())
            self._producer.poll(0)
            due += self._pause
            if (early := due - time.monotonic()) > 0:
                time.sleep(early)
        if left := self._producer.flush(_DELIVERED_S):
            self._failed = f"{left} events could not be sent"

    @property
    def done(self) -> bool:
        """Whether everything was sent."""
        return not self._thread.is_alive()

    def wait(self, timeout: float) -> None:
        """Wait until everything was sent and acknowledged.

        Raises:
            TimeoutError: it was not.

        """
        self._thread.join(timeout)
        if self._failed or self._thread.is_alive():
            raise TimeoutError(self._failed or "events are still being sent")
