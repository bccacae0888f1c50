"""The real stack with every topic and schema in place, and an installation with secrets of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from devstack import stack
from producers import provisioning
from producers.custody import ensure_secrets
from producers.edge import Edge, open_edge
from schemas.codec import Codec, Undecodable, registry_at
from schemas.envelope import Event
from streams.client import client_settings
from streams.record import Fetched
from streams.tail import KafkaTail

START = datetime(2026, 10, 23, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that only tests move."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        """Return the time of day."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at a Friday morning."""
    return Clock()


@pytest.fixture(scope="session")
def provisioned(kafka_stack: stack.Endpoints) -> stack.Endpoints:
    """Return the stack with every topic and schema."""
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url)
    return kafka_stack


@pytest.fixture
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a tenant of the test's own, so that tests share topics without seeing each other."""
    return f"{request.node.name[:60]}-{tmp_path.parent.name}".translate(str.maketrans("[] /", "----"))


@pytest.fixture
def settings(provisioned: stack.Endpoints, tmp_path: Path) -> Settings:
    """Return the settings of a fresh installation on the stack."""
    made = Settings(
        home=tmp_path / "home",
        bootstrap_servers=provisioned.bootstrap_servers,
        schema_registry_url=provisioned.registry_url,
    )
    ensure_secrets(made)
    return made


@pytest.fixture
def edge(settings: Settings, clock: Clock) -> Iterator[Edge]:
    """Return an open edge."""
    with open_edge(settings, clock) as opened:
        yield opened


Read = Callable[[str], list[Fetched]]


@pytest.fixture
def read(provisioned: stack.Endpoints) -> Read:
    """Return a function that reads a topic from its beginning to its end."""

    def records(topic: str) -> list[Fetched]:
        tail = KafkaTail(client_settings(provisioned.bootstrap_servers, {}), topic, None, None, 30)
        found: list[Fetched] = []
        while chunk := tail.catch_up():
            found += chunk
        tail.close()
        return found

    return records


@pytest.fixture
def events(provisioned: stack.Endpoints, read: Read, tenant: str) -> Callable[[str], list[Event]]:
    """Return a function that reads the events of the test's tenant from a topic."""
    codec = Codec(registry_at(provisioned.registry_url or ""))

    def of_tenant(topic: str) -> list[Event]:
        return [event for record in read(topic) if (event := _decoded(codec, record)) and event.tenant_id == tenant]

    return of_tenant


def _decoded(codec: Codec, record: Fetched) -> Event | None:
    """Return the event of a record; other tests put into the same topics what nobody can decode."""
    try:
        return codec.decode(record.value) if record.value else None
    except Undecodable:
        return None
