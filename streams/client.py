"""The settings every Kafka client of this project starts from."""

from collections.abc import Mapping

__all__ = ["PARTITIONER", "Setting", "client_settings", "reader_settings"]

Setting = str | int | float | bool
# Every client must agree where a key goes, or one key's events would be spread over two partitions and lose their
# order: librdkafka's own default is CRC32, that of Java and aiokafka murmur2.
PARTITIONER = "murmur2_random"


def client_settings(
    bootstrap_servers: str, options: Mapping[str, str], *, socket_timeout_ms: int = 10_000
) -> dict[str, Setting]:
    """Return librdkafka settings for any client; `options` (security, for example) win over what is set here."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "socket.timeout.ms": socket_timeout_ms,
        # A broker that comes back must be found within the second; the default backs off to ten.
        "reconnect.backoff.max.ms": 1_000,
        # Errors surface as exceptions and in readiness; librdkafka's own lines would only repeat them.
        "log_level": 2,
        **options,
    }


def reader_settings(client: Mapping[str, Setting], name: str, ahead_kib: int) -> dict[str, Setting]:
    """Return librdkafka settings for reading committed records outside any group, so much ahead of who takes them.

    `name` stands where a group's would and is not known to the broker.
    """
    return {
        **client,
        "group.id": name,
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "error",
        # Up to 64 MiB a partition if it is not told otherwise.
        "queued.max.messages.kbytes": ahead_kib,
        # Once that much waits the client rests for a second by default, in which a fast reader has nothing to read:
        # half of a long replay's time.
        "fetch.queue.backoff.ms": 10,
    }
