"""Where a partition begins and ends, open transactions included."""

from collections.abc import Iterable, Mapping

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # public in its docs, not in its types

from streams.record import TransportLost

__all__ = ["Bounds"]


class Bounds:
    """Asks the broker for first and next offsets.

    A consumer that reads committed records only is told the end of the *stable* log. That is too early for whoever
    restores state: the offsets of a transaction can be committed while its marker has not reached the changelog yet,
    and what lies behind it would be missed.
    """

    def __init__(self, client: Mapping[str, str | int | float | bool], timeout_s: float) -> None:
        self._client, self._timeout_s = dict(client), timeout_s
        self._admin = AdminClient(self._client)

    def first(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """Return the first offset still in the log, by partition.

        Raises:
            TransportLost: the broker does not answer, or there is no such partition.

        """
        return self._ask(topic, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call] # the client ships no types for it

    def end(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """Return the next offset to be written, by partition.

        Raises:
            TransportLost: the broker does not answer, or there is no such partition.

        """
        return self._ask(topic, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call] # as above

    def _ask(self, topic: str, partitions: Iterable[int], which: OffsetSpec) -> dict[int, int]:
        wanted = {TopicPartition(topic, p): which for p in partitions}
        try:
            asked = self._admin.list_offsets(
                wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=self._timeout_s
            )
            return {place.partition: found.result().offset for place, found in asked.items()}
        except KafkaException as error:
            # An admin client goes on asking with the leader's epoch from before a broker's restart, and is refused
            # for ever: whoever tries again needs one that has not learnt it yet.
            self._admin = AdminClient(self._client)
            msg = f"bounds of {topic}: {error.args[0].str()}"
            raise TransportLost(msg) from error
