"""Metric names in one place, and the small surface the runner reports through.

A name that is not in `Counter` or `Gauge` is refused by the type checker, so every metric is listed and explained
here. None carries a key, an id of an expense or anything personal.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import prometheus_client as prometheus

__all__ = ["Counter", "Gauge", "PartitionGauge", "PrometheusTelemetry", "RecordedTelemetry", "Telemetry"]

Counter = Literal[
    "records_in",  # records fetched, skipped ones included
    "records_done",  # records whose outcome is committed
    "events_out",  # events written, audit events not counted
    "dead_letters",  # records that went to expense.dlq
    "alerts",  # alerts raised about the audit log: a forbidden step, or something missing before an entry
    "retries",  # attempts after a dependency did not answer
    "stale_results",  # results dropped because their partition was taken away meanwhile
    "skipped",  # records complete before a restart, or replayed for another group
    "transactions",  # committed transactions
    "transactions_lost",  # transactions aborted or with unknown outcome; the stage went back to what is committed
    "pauses",  # times fetching was paused by a bound
    "workers_died",  # worker processes that ended in the middle of a record
    "restored",  # changelog records read on assignment
]

Gauge = Literal[
    "in_flight",  # records fetched and not yet done
    "in_flight_bytes",  # bytes of their keys and values
    "partitions",  # partitions owned
    "state_keys",  # keys in local state of all partitions owned, as of the last assignment
    "state_bytes",  # size of local state files of all partitions owned
    "restore_seconds",  # how long the last restore of a partition took
    "restore_remaining",  # changelog records still to be read of the partition being restored; 0 when none is
    "commit_seconds",  # how long the last transaction took
    "table_age_seconds",  # since the side tables were last read to their end
    "oldest_in_flight_seconds",  # how long the oldest record in work has been there
]

PartitionGauge = Literal[
    "oldest_waiting_seconds",  # how long the oldest join in the partition's state has waited for an answer
]

_COUNTERS: tuple[Counter, ...] = Counter.__args__  # type: ignore[attr-defined]
_GAUGES: tuple[Gauge, ...] = Gauge.__args__  # type: ignore[attr-defined]
_PARTITION_GAUGES: tuple[PartitionGauge, ...] = PartitionGauge.__args__  # type: ignore[attr-defined]


class Telemetry(Protocol):
    """What the runner reports to."""

    def count(self, name: Counter, by: int = 1) -> None:
        """Add to a counter."""
        ...

    def set(self, name: Gauge, value: float) -> None:
        """Set a gauge."""
        ...

    def set_of(self, partition: int, name: PartitionGauge, value: float | None) -> None:
        """Set a gauge of one partition; None takes it away, since another process has the partition now."""
        ...


class PrometheusTelemetry:
    """Metrics of one stage process, labelled with its stage, for `/metrics`."""

    def __init__(self, stage: str, registry: prometheus.CollectorRegistry) -> None:
        self._counters: Mapping[Counter, prometheus.Counter] = {
            name: prometheus.Counter(f"spendtrail_{name}", name.replace("_", " "), ["stage"], registry=registry).labels(
                stage
            )
            for name in _COUNTERS
        }
        self._gauges: Mapping[Gauge, prometheus.Gauge] = {
            name: prometheus.Gauge(f"spendtrail_{name}", name.replace("_", " "), ["stage"], registry=registry).labels(
                stage
            )
            for name in _GAUGES
        }
        self._stage = stage
        self._of_partitions: Mapping[PartitionGauge, prometheus.Gauge] = {
            name: prometheus.Gauge(
                f"spendtrail_{name}", name.replace("_", " "), ["stage", "partition"], registry=registry
            )
            for name in _PARTITION_GAUGES
        }

    def count(self, name: Counter, by: int = 1) -> None:
        """Add to a counter."""
        self._counters[name].inc(by)

    def set(self, name: Gauge, value: float) -> None:
        """Set a gauge."""
        self._gauges[name].set(value)

    def set_of(self, partition: int, name: PartitionGauge, value: float | None) -> None:
        """Set a gauge of one partition, or take it away."""
        gauge = self._of_partitions[name]
        if value is not None:
            gauge.labels(self._stage, str(partition)).set(value)
        else:
            gauge.remove_by_labels({"stage": self._stage, "partition": str(partition)})


class RecordedTelemetry:
    """Metrics kept in dictionaries, for tests."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.gauges: dict[str, float] = {}
        self.of_partitions: dict[tuple[int, str], float] = {}

    def count(self, name: Counter, by: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] = self.counters.get(name, 0) + by

    def set(self, name: Gauge, value: float) -> None:
        """Set a gauge."""
        self.gauges[name] = value

    def set_of(self, partition: int, name: PartitionGauge, value: float | None) -> None:
        """Set a gauge of one partition, or take it away."""
        self.of_partitions.pop((partition, name), None)
        if value is not None:
            self.of_partitions[partition, name] = value
