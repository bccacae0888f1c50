"""The real stack: it starts, is found again with its data, survives kills, refuses what it cannot be."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx2
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource  # not exported with a type
from confluent_kafka.cimpl import NewTopic  # as above

from devstack import artifacts, ports, process, stack
from devstack.cache import cache_folder

# The cluster's own restarts take seconds each, on a machine that may be busy.
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home whose services are gone after the test, whatever it did."""
    yield tmp_path
    stack.stop(tmp_path)


def _states(home: Path) -> dict[str, str]:
    return {row.name: row.state for row in stack.status(home)}


def _recorded(home: Path) -> dict[str, int]:
    ports_by_name: dict[str, int] = json.loads((home / "stack.json").read_text())["ports"]
    return ports_by_name


def _make_topic(endpoints: stack.Endpoints, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": endpoints.bootstrap_servers})
    admin.create_topics([NewTopic(name, num_partitions=1)])[name].result(timeout=30)


def _send(endpoints: stack.Endpoints, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": endpoints.bootstrap_servers, "acks": "all", "message.timeout.ms": 60000})
    producer.produce(topic, value)
    assert producer.flush(60) == 0


def _read(endpoints: stack.Endpoints, topic: str) -> list[bytes]:
    settings = {"bootstrap.servers": endpoints.bootstrap_servers, "group.id": "reader", "enable.partition.eof": True}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, 0, 0)])
    values: list[bytes] = []
    while (record := consumer.poll(60)) is not None and record.error() is None:
        values.append(cast("bytes", record.value()))
    consumer.close()
    return values


def test_stack_keeps_data_and_ports_between_runs_and_leaves_no_process(home: Path) -> None:
    """Stop ends every process; the next start finds the same addresses and every record."""
    first = stack.start(home, registry=False)
    _make_topic(first, "kept")
    _send(first, "kept", b"before")
    pids = [row.pid for row in stack.status(home)]
    assert stack.start(home, registry=False) == first
    assert [row.pid for row in stack.status(home)] == pids
    assert stack.stop(home) == ["kafka-1"]
    assert [process.start_mark(pid) for pid in pids if pid] == [None]
    assert stack.stop(home) == []
    assert stack.start(home, registry=False) == first
    assert _read(first, "kept") == [b"before"]


def test_killed_broker_is_brought_back_alone(home: Path) -> None:
    """SIGKILL loses no acknowledged record, and start_one returns when the broker serves again."""
    endpoints = stack.start(home, registry=False)
    _make_topic(endpoints, "kept")
    _send(endpoints, "kept", b"before")
    stack.kill(home, "kafka-1")
    assert _states(home) == {"kafka-1": "stopped"}
    stack.start_one(home, "kafka-1")
    assert _states(home) == {"kafka-1": "running"}
    assert _read(endpoints, "kept") == [b"before"]


def test_port_that_was_taken_meanwhile_is_chosen_again(home: Path) -> None:
    """Another program on a recorded port does not keep the stack from starting, nor lose its data."""
    first = stack.start(home, registry=False)
    _make_topic(first, "kept")
    _send(first, "kept", b"before")
    stack.stop(home)
    port = int(first.bootstrap_servers.rpartition(":")[2])
    with socket.create_server((ports.LOOPBACK, port)):
        second = stack.start(home, registry=False)
        assert second.bootstrap_servers != first.bootstrap_servers
        assert _read(second, "kept") == [b"before"]


def test_port_that_is_taken_while_the_service_starts_is_chosen_again(home: Path) -> None:
    """Another stack on the machine may choose the same free port, and be faster to listen on it."""
    thieves: list[socket.socket] = []

    def steal(line: str) -> None:
        if "schema registry" in line and not thieves:
            thieves.append(socket.create_server((ports.LOOPBACK, _recorded(home)["registry"])))

    try:
        found = stack.start(home, on_progress=steal)
        assert thieves
        assert found.registry_url == f"http://{ports.LOOPBACK}:{_recorded(home)['registry']}/apis/ccompat/v7"
        assert _recorded(home)["registry"] != thieves[0].getsockname()[1]
    finally:
        for thief in thieves:
            thief.close()


def test_cluster_of_another_size_is_refused_with_the_remedy(home: Path) -> None:
    """A home's storage belongs to its cluster: three brokers over one broker's data would be a broken quorum."""
    stack.start(home, registry=False)
    with pytest.raises(stack.StackError, match=r"holds a cluster of 1 broker.*Remedy"):
        stack.start(home, brokers=3)
    with pytest.raises(stack.StackError, match="1 broker or 3, not 2"):
        stack.start(home, brokers=2)
    with pytest.raises(stack.StackError, match=r"no service 'kafka-7'.*kafka-1"):
        stack.kill(home, "kafka-7")


@pytest.mark.slow
def test_three_brokers_serve_while_one_is_dead(home: Path) -> None:
    """Every topic is replicated: writes go on with one broker killed, and it comes back to its place."""
    endpoints = stack.start(home, brokers=3, registry=False)
    _make_topic(endpoints, "replicated")
    for name in ("kafka-1", "kafka-2"):
        stack.kill(home, name)
        _send(endpoints, "replicated", name.encode())
        stack.start_one(home, name)
    assert _read(endpoints, "replicated") == [b"kafka-1", b"kafka-2"]
    assert set(_states(home).values()) == {"running"}


def test_broker_has_the_settings_the_pipeline_stands_on(kafka_stack: stack.Endpoints) -> None:
    """Session time-outs, offset retention and metadata size are the broker's, and the runner relies on each."""
    admin = AdminClient({"bootstrap.servers": kafka_stack.bootstrap_servers})
    resource = ConfigResource("broker", str(next(iter(admin.list_topics(timeout=10).brokers))))
    held = {name: entry.value for name, entry in admin.describe_configs([resource])[resource].result(30).items()}
    assert int(held["group.consumer.session.timeout.ms"]) <= 10_000
    assert int(held["group.consumer.heartbeat.interval.ms"]) <= 2_000
    assert int(held["offsets.retention.minutes"]) >= 30 * 24 * 60
    assert held["offset.metadata.max.bytes"] == "4096"
    assert held["auto.create.topics.enable"] == "false"
    assert held["group.initial.rebalance.delay.ms"] == "0"


def test_misspelt_topic_is_refused_not_created(kafka_stack: stack.Endpoints) -> None:
    """A record for a topic that no table names must fail where it is written."""
    failures: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": kafka_stack.bootstrap_servers, "message.timeout.ms": 3000})
    producer.produce("expense.sumbitted", b"x", on_delivery=lambda error, _record: failures.append(error))
    producer.flush(20)
    assert len(failures) == 1
    assert failures[0] is not None
    admin = AdminClient({"bootstrap.servers": kafka_stack.bootstrap_servers})
    assert "expense.sumbitted" not in admin.list_topics(timeout=10).topics


def _register(url: str, fields: list[dict[str, str]]) -> httpx2.Response:
    schema = json.dumps({"type": "record", "name": "Thing", "namespace": "devstack", "fields": fields})
    return httpx2.post(f"{url}/subjects/devstack-thing-value/versions", json={"schema": schema}, timeout=30)


def test_registry_refuses_a_breaking_change(kafka_stack: stack.Endpoints) -> None:
    """BACKWARD_TRANSITIVE took: a field without default that earlier records lack is refused, one with it is not."""
    url = kafka_stack.registry_url
    assert url is not None
    name, extra = {"name": "name", "type": "string"}, {"name": "extra", "type": "string"}
    assert httpx2.get(f"{url}/config", timeout=10).json() == {"compatibilityLevel": "BACKWARD_TRANSITIVE"}
    assert _register(url, [name]).status_code == httpx2.codes.OK
    assert _register(url, [name, extra]).status_code == httpx2.codes.CONFLICT
    assert _register(url, [name, extra | {"default": ""}]).status_code == httpx2.codes.OK


def test_altered_jar_keeps_the_stack_from_starting(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started from a cache that differs from the committed list in a single jar."""
    true_jars = artifacts.kafka_jars(cache_folder(), lambda _line: None)
    cache = tmp_path_factory.mktemp("cache")
    for jar in true_jars:
        copy = cache / jar.relative_to(cache_folder())
        copy.parent.mkdir(parents=True)
        copy.symlink_to(jar)
    copy.unlink()
    copy.write_bytes(true_jars[-1].read_bytes() + b"\0")
    monkeypatch.setenv("SPENDTRAIL_CACHE", str(cache))
    with pytest.raises(artifacts.ArtifactError, match=r"\.jar is not the file.*Remedy"):
        stack.start(home, registry=False)
    assert _states(home) == {"kafka-1": "stopped"}
