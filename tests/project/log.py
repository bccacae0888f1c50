"""An audit log in memory."""

from sqlalchemy import Engine

from consumers.project.follow import Follower
from consumers.runtime.memory import MemoryBroker, MemoryTransport
from consumers.runtime.telemetry import RecordedTelemetry
from consumers.runtime.transport import Outgoing
from schemas.events import AuditSealed
from schemas.topics import AUDIT_LOG
from tests.audit.trail import CODEC


def append(broker: MemoryBroker, entries: list[AuditSealed], partition: int = 0) -> None:
    """Append sealed entries."""
    for entry in entries:
        key = AUDIT_LOG.key(entry).encode()
        broker.produce(Outgoing(AUDIT_LOG.name, key, CODEC.encode(entry), partition=partition))


def follower(broker: MemoryBroker, engine: Engine, name: str = "a") -> Follower:
    """Return a started follower."""
    made = Follower(MemoryTransport(broker, "project", f"project.{name}"), CODEC, engine, RecordedTelemetry())
    made.start()
    return made


def settle(*followers: Follower) -> int:
    """Step until nothing is new any more and return how many entries were."""
    total, quiet = 0, 0
    while quiet < 3:
        new = sum(one.step() for one in followers)
        total += new
        quiet = 0 if new else quiet + 1
    return total
