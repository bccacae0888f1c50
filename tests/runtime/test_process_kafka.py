"""A stage as a real process on a real broker."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.runtime.watchdog import STUCK
from devstack import process, stack
from devstack.stack import Endpoints
from schemas.codec import Codec, registry_at
from tests.runtime.child import stage_of
from tests.runtime.kafka_rig import KafkaRig, read_committed, unique
from tests.runtime.replica import Replica
from tests.runtime.rows import inbound, told

pytestmark = pytest.mark.kafka


def _rig(endpoints: Endpoints, prefix: str, kind: str) -> KafkaRig:
    if endpoints.registry_url is None:
        pytest.skip("SPENDTRAIL_BOOTSTRAP_SERVERS is set without SPENDTRAIL_SCHEMA_REGISTRY_URL")
    return KafkaRig(endpoints, stage_of(prefix, kind), Codec(registry_at(endpoints.registry_url)))


@pytest.fixture
def replicas() -> Iterator[list[Replica]]:
    """Collect the processes of a test; none outlives it."""
    started: list[Replica] = []
    yield started
    for replica in started:
        replica.kill()


def _until_done(rig: KafkaRig, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while rig.lag():
        assert time.monotonic() < deadline, f"lag stays at {rig.lag()}"
        time.sleep(0.1)


def test_sigterm_drains_and_a_second_process_of_the_name_is_refused(
    kafka_stack: Endpoints, tmp_path: Path, replicas: list[Replica]
) -> None:
    """It ends with 0, has committed everything, and its successor finds nothing to do; no two share a name."""
    prefix = unique("drain")
    rig = _rig(kafka_stack, prefix, "count")
    first = Replica(kafka_stack, tmp_path, prefix, "count", "a")
    replicas.append(first)
    first.until_ready()
    namesake = Replica(kafka_stack, tmp_path, prefix, "count", "a")
    replicas.append(namesake)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(300)))
    assert process.wait_for(lambda: namesake.exit_code is not None, timeout_s=30)
    assert namesake.exit_code == 2
    _until_done(rig)
    assert first.terminate() == 0
    assert "SPENDTRAIL_INSTANCE" in namesake.log.read_text()
    outputs = sorted(told(e) for e in rig.outputs())
    assert outputs == sorted((f"k{n % 5}", n, str(n // 5 + 1)) for n in range(300))
    assert rig.lag() == 0


def test_a_replica_beyond_the_partitions_is_a_spare_until_another_leaves(
    kafka_stack: Endpoints, tmp_path: Path, replicas: list[Replica]
) -> None:
    """Of five replicas on four partitions one says that it stands by; when a working one goes it takes over."""
    prefix = unique("spare")
    rig = _rig(kafka_stack, prefix, "echo")
    replicas.extend(Replica(kafka_stack, tmp_path, prefix, "echo", name) for name in "abcde")
    for replica in replicas:
        replica.until_ready()

    def spares() -> list[Replica]:
        return [r for r in replicas if r.alive and "spare" in (r.get("/readyz")[1] or {})]

    assert process.wait_for(lambda: len(spares()) == 1, timeout_s=60)
    (spare,) = spares()
    assert spare.get("/readyz") == (
        200,
        {
            "ready": True,
            "missing": {},
            "halted": "",
            "spare": f"{rig.stage.reads.name} has 4 partitions and others own them all",
        },
    )
    assert "adds no throughput" in spare.log.read_text()
    assert next(r for r in replicas if r is not spare).terminate() == 0
    assert process.wait_for(lambda: not spares(), timeout_s=60)
    rig.feed(*(inbound(f"k{n}", n) for n in range(100)))
    _until_done(rig)
    assert len(rig.outputs()) == 100


def test_of_two_processes_with_one_transactional_id_the_older_stops_and_nothing_counts_twice(
    kafka_stack: Endpoints, tmp_path: Path, replicas: list[Replica]
) -> None:
    """On two machines no lock keeps them apart: the broker fences the older, which ends with 1 and says what to set."""
    prefix = unique("fenced")
    rig = _rig(kafka_stack, prefix, "count")
    older = Replica(kafka_stack, tmp_path / "one", prefix, "count", "a")
    replicas.append(older)
    older.until_ready()
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(200)))
    younger = Replica(kafka_stack, tmp_path / "two", prefix, "count", "a")
    replicas.append(younger)
    younger.until_ready()
    deadline = time.monotonic() + 60
    sent = 200
    while older.exit_code is None:
        # It notices at its next transaction, so it has to be given work until then.
        assert time.monotonic() < deadline, process.tail(older.log)
        rig.feed(*(inbound(f"k{n % 5}", n) for n in range(sent, sent + 20)))
        sent += 20
        time.sleep(0.2)
    assert older.exit_code == 1
    told_why = older.log.read_text()
    assert "SPENDTRAIL_INSTANCE" in told_why
    assert '"Fenced"' in told_why
    _until_done(rig)
    assert sorted(told(e) for e in rig.outputs()) == sorted((f"k{n % 5}", n, str(n // 5 + 1)) for n in range(sent))
    assert younger.terminate() == 0


def test_a_handler_that_hangs_in_the_polling_thread_ends_the_process(
    kafka_stack: Endpoints, tmp_path: Path, replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by itself and says where it hung; nothing of the record is committed, so whoever comes next has it."""
    monkeypatch.setenv("SPENDTRAIL_STUCK_S", "3")
    prefix = unique("hang")
    rig = _rig(kafka_stack, prefix, "hang")
    replica = Replica(kafka_stack, tmp_path, prefix, "hang", "a")
    replicas.append(replica)
    replica.until_ready()
    rig.feed(inbound("k", 1), inbound("k", 2, "hang"))
    assert process.wait_for(lambda: replica.exit_code is not None, timeout_s=30)
    assert replica.exit_code == STUCK
    assert "handlers/hang.py" in replica.log.read_text()
    assert rig.lag() >= 1


@pytest.fixture
def own_broker(kafka_stack: Endpoints, tmp_path: Path) -> Iterator[Endpoints]:
    """Return a broker that may be killed without disturbing other tests; the registry stays the shared one."""
    home = tmp_path / "broker"
    yield replace(stack.start(home, registry=False), registry_url=kafka_stack.registry_url)
    stack.stop(home)


def test_a_broker_that_is_gone_for_a_while(own_broker: Endpoints, tmp_path: Path, replicas: list[Replica]) -> None:
    """The process lives on, says that Kafka is missing, and goes on alone: nothing lost, nothing doubled."""
    prefix = unique("outage")
    rig = _rig(own_broker, prefix, "count")
    replica = Replica(own_broker, tmp_path, prefix, "count", "a")
    replicas.append(replica)
    replica.until_ready()
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(200)))
    stack.kill(own_broker.home, "kafka-1")
    try:
        missing = replica.until("/readyz", 503)["missing"]
        assert list(missing) == ["kafka"]
        assert replica.get("/healthz")[0] == 200
    finally:
        stack.start_one(own_broker.home, "kafka-1")
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(200, 400)))
    replica.until_ready()
    _until_done(rig, 90)
    assert sorted(told(e) for e in rig.outputs()) == sorted((f"k{n % 5}", n, str(n // 5 + 1)) for n in range(400))
    assert rig.stage.changelog
    changes = {m.key(): m.value() for m in read_committed(rig.bootstrap, rig.stage.changelog.name)}
    assert changes == {f"k{k}".encode(): b"80" for k in range(5)}
    assert replica.terminate() == 0


def test_a_process_started_before_its_broker_waits_for_it(
    own_broker: Endpoints, tmp_path: Path, replicas: list[Replica]
) -> None:
    """Whatever is started first, the stage comes up once everything is there, and says what it waits for."""
    prefix = unique("early")
    rig = _rig(own_broker, prefix, "echo")
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(50)))
    stack.stop(own_broker.home)
    replica = Replica(own_broker, tmp_path, prefix, "echo", "a")
    replicas.append(replica)
    try:
        assert list(replica.until("/readyz", 503)["missing"]) in (["kafka"], [])
    finally:
        stack.start(own_broker.home, registry=False)
    replica.until_ready(120)
    _until_done(rig)
    assert replica.terminate() == 0
