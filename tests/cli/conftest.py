"""What the tests of command-line verbs share: a home where nothing runs, and how a refusal is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cli import alerts, archiving, notarising, proving, replaying, siem, trail
from cli.context import session
from devstack import stack
from producers import provisioning
from producers.edge import codec_of, open_publisher
from schemas import topics
from schemas.events import AlertRaised, AuditSealed, PolicyPublished


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of an installation where nothing runs."""
    for name in ("BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL", "READ_MODEL_URL", "TENANT"):
        monkeypatch.delenv(f"SPENDTRAIL_{name}", raising=False)
    monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, home: Path) -> dict[str, topics.Topic]:
    """Return topics of the test's own, by the names of those in whose place the verbs then read them."""
    mine: dict[str, topics.Topic] = {}
    for name in ("AUDIT_LOG", "SUBMITTED", "PARSED", "BATCHES", "POLICIES", "AUDIT_ALERTS"):
        topic = getattr(topics, name)
        mine[name] = replace(topic, name=f"{topic.name}-{home.parent.name}")
        for module in (trail, replaying, alerts, siem, notarising, proving, archiving):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, mine[name])
    monkeypatch.setattr(archiving, "_KEPT", (mine["AUDIT_LOG"], mine["POLICIES"]))
    return mine


@pytest.fixture
def log(
    kafka_stack: stack.Endpoints, monkeypatch: pytest.MonkeyPatch, own: dict[str, topics.Topic]
) -> Callable[..., None]:
    """Return a function that appends to an audit log and policies of the test's own, which the verbs then read."""
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url, topics=[*topics.TOPICS, *own.values()])
    monkeypatch.setenv("SPENDTRAIL_BOOTSTRAP_SERVERS", kafka_stack.bootstrap_servers)
    monkeypatch.setenv("SPENDTRAIL_SCHEMA_REGISTRY_URL", kafka_stack.registry_url or "")
    settings = session().settings

    homes = {AuditSealed: "AUDIT_LOG", PolicyPublished: "POLICIES", AlertRaised: "AUDIT_ALERTS"}

    def append(*entries: AuditSealed | PolicyPublished | AlertRaised) -> None:
        with open_publisher(settings, codec_of(settings)) as publisher:
            for entry in entries:
                publisher.publish(entry, own[homes[type(entry)]], 0)

    return append
