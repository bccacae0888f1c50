"""The settings every Kafka client of this project starts from."""

from collections.abc import Mapping

__all__ = ["PARTITIONER", "Setting", "client_settings"]

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
