"""Replicas of the bench's stages as real processes, and what is done to them."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from devstack import process
from devstack.stack import Endpoints

__all__ = ["Replica", "drain", "fleet"]

_READY_S = 60.0
_GRACE_S = 20.0


@dataclass(slots=True)
class Replica:
    """One process of one stage; a new process takes its place, its name and its state files after a kill."""

    stage: str
    number: int
    endpoints: Endpoints
    running: process.Process | None = None
    assigned_before: int = 0

    @property
    def name(self) -> str:
        """The instance name: the same after a restart, as an orchestrator would give it."""
        return f"{self.stage}-{self.number}"

    def start(self) -> None:
        """Start the process; returns at once."""
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "SPENDTRAIL_HOME": str(self.endpoints.home),
            "SPENDTRAIL_BOOTSTRAP_SERVERS": self.endpoints.bootstrap_servers,
            "SPENDTRAIL_SCHEMA_REGISTRY_URL": self.endpoints.registry_url or "",
            "SPENDTRAIL_INSTANCE": self.name,
        }
        log = self.endpoints.home / "logs" / f"{self.name}.log"
        argv = [sys.executable, "-m", "bench.replica", self.stage]
        self.assigned_before = self.heard("partitions assigned")
        self.running = process.spawn(argv, log=log, env=environment)

    def await_partitions(self) -> None:
        """Wait until the process was given partitions.

        Raises:
            TimeoutError: it was not, within a minute.

        """
        if not process.wait_for(lambda: self.heard("partitions assigned") > self.assigned_before, timeout_s=_READY_S):
            msg = f"{self.name} was given no partitions:\n{self.said()}"
            raise TimeoutError(msg)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.running:
            process.kill(self.running)

    @property
    def exit_code(self) -> int | None:
        """How its last process ended, None while it runs."""
        return process.exit_code(self.running) if self.running else None

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        if self.running:
            process.send(self.running, number)

    def heard(self, event: str) -> int:
        """Return how often its log says `event`."""
        log = self.endpoints.home / "logs" / f"{self.name}.log"
        return log.read_text(encoding="utf-8").count(f'"event": "{event}"') if log.exists() else 0

    def said(self) -> str:
        """Return the end of its log."""
        return process.tail(self.endpoints.home / "logs" / f"{self.name}.log")


def drain(members: list[Replica]) -> list[str]:
    """Ask all to end and return the names of those that did not end well in time."""
    process.end([m.running for m in members if m.running], grace_s=_GRACE_S)
    return [member.name for member in members if member.exit_code != 0]


@contextmanager
def fleet(endpoints: Endpoints, stages: list[str], replicas: int) -> Iterator[list[Replica]]:
    """Start `replicas` processes of each stage, all with partitions; none outlives the block, stopped ones neither."""
    found = [Replica(stage, number, endpoints) for stage in stages for number in range(replicas)]
    try:
        for replica in found:
            replica.start()
        for replica in found:
            replica.await_partitions()
        yield found
    finally:
        for replica in found:
            replica.send(signal.SIGCONT)
        drain(found)
