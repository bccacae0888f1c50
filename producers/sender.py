"""Writing events from an event loop: aiokafka's idempotent producer, made anew when it is lost."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]  # aiokafka ships no type information
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # as above

from producers.publisher import PublishFailed, headers_of
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.topics import Topic, topic_of

__all__ = ["OptionUnknown", "Sender", "client_options"]

_LARGEST_BYTES = 13 * 1024 * 1024
_STOP_S = 2.0

# librdkafka's names of what a secured cluster needs, as aiokafka calls them.
_NAMES: Final[Mapping[str, str]] = {
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.mechanisms": "sasl_mechanism",
    "sasl.username": "sasl_plain_username",
    "sasl.password": "sasl_plain_password",
    "client.id": "client_id",
}
_TLS: Final = frozenset({"ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password"})


class OptionUnknown(ValueError):
    """A Kafka option has no counterpart in aiokafka; leaving it out could mean connecting without protection."""


def client_options(options: Mapping[str, str]) -> dict[str, Any]:
    """Return aiokafka's arguments for librdkafka's options.

    Raises:
        OptionUnknown: an option that decides about security has no counterpart.
        OSError: a certificate file cannot be read.

    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name in _NAMES:
            found[_NAMES[name]] = value.upper() if name == "security.protocol" else value
        elif name.startswith(("ssl.", "sasl.", "security.", "enable.ssl.")) and name not in _TLS:
            raise OptionUnknown(
                f"SPENDTRAIL_KAFKA_OPTIONS: {name} is not known to the upload service; known are "
                f"{', '.join(sorted({*_NAMES, *_TLS}))}"
            )
    if "SSL" in found.get("security_protocol", ""):
        context = ssl.create_default_context(cafile=options.get("ssl.ca.location"))
        if certificate := options.get("ssl.certificate.location"):
            context.load_cert_chain(certificate, options.get("ssl.key.location"), options.get("ssl.key.password"))
        found["ssl_context"] = context
    return found


class Sender:
    """Sends events one by one, each acknowledged by all in-sync replicas before `send` returns.

    It connects when first used. After a failure the connection is given up and the next call makes a new one. Used
    from one event loop.
    """

    def __init__(
        self, bootstrap_servers: str, codec: Codec, options: Mapping[str, str], *, timeout_s: float = 10.0
    ) -> None:
        self._bootstrap, self._codec, self._timeout_s = bootstrap_servers, codec, timeout_s
        self._options = client_options(options)
        self._alone = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def send(self, event: Event, topic: Topic | None = None) -> None:
        """Write an event and wait for its acknowledgement.

        Raises:
            PublishFailed: none came in time. The event may have arrived all the same; sending it again is the same
                event again.
            ContractViolated: it does not fit its schema.
            RegistryUnavailable: its schema could not be registered.

        """
        home = topic or topic_of(type(event))
        value = await asyncio.to_thread(self._codec.encode, event)
        headers = list(headers_of(event))
        try:
            async with asyncio.timeout(self._timeout_s):
                producer = await self._connected()
                await producer.send_and_wait(home.name, value, home.key(event).encode(), headers=headers)
        except (KafkaError, TimeoutError, OSError) as error:
            await self._drop()
            raise PublishFailed(f"{home.name}: not written: {error or 'no acknowledgement in time'}") from error

    async def _connected(self) -> AIOKafkaProducer:
        async with self._alone:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    enable_idempotence=True,
                    acks="all",
                    max_request_size=_LARGEST_BYTES,
                    request_timeout_ms=int(self._timeout_s * 1000),
                    **self._options,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _stopped(producer)
                    raise
                self._producer = producer
            return self._producer

    async def check(self) -> None:
        """Return when the brokers answer.

        Raises:
            PublishFailed: they do not.

        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._connected()
        except (KafkaError, TimeoutError, OSError) as error:
            raise PublishFailed(f"Kafka at {self._bootstrap} does not answer") from error

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)

    async def close(self) -> None:
        """Let go of the connection; everything sent was acknowledged or raised."""
        await self._drop()


async def _stopped(producer: AIOKafkaProducer) -> None:
    # Stopping waits for records nobody can acknowledge any more; they were reported as failed.
    with contextlib.suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(_STOP_S):
            await producer.stop()
