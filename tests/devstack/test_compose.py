"""The compose file offers the same services and settings as the stack without Docker."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from consumers.stages import STAGES
from devstack.kafka import Broker, settings

ROOT: Final = Path(__file__).parents[2]
# Where a container listens and keeps its data is its own affair.
PLACES: Final = {
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "log.dirs",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Return the services of the compose file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = loaded["services"]
    return found


def test_broker_in_a_container_has_the_settings_of_the_one_without(services: dict[str, Any]) -> None:
    """A pipeline that holds on one must hold on the other: time-outs, retention, replication, all of them."""
    broker = Broker(1, Path("/folder"), Path("/log"), 1, 2)
    expected = {
        f"KAFKA_{name.upper().replace('.', '_')}": value
        for name, value in settings(broker, [broker]).items()
        if name not in PLACES
    }
    assert {name: services["kafka"]["environment"].get(name) for name in expected} == expected


def test_every_stage_is_a_service_and_no_service_is_unknown(services: dict[str, Any]) -> None:
    """Each row of the stage table runs, by its own name, beside the services it needs."""
    around = {"kafka", "registry", "postgres", "prepare", "erp", "upload", "ticker"}
    assert services.keys() - around == {stage.name for stage in STAGES}
    for stage in STAGES:
        assert services[stage.name]["command"] == ["spendtrail", "run", stage.name]


def test_nothing_is_published_beyond_this_machine(services: dict[str, Any]) -> None:
    """Neither broker nor upload service has a login: they must not listen on the network."""
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_images_are_the_versions_the_stack_runs(services: dict[str, Any]) -> None:
    """The same broker and registry, in a container or not."""
    listed = (ROOT / "devstack" / "artifacts.sha256").read_text(encoding="utf-8")
    kafka, registry = (services[name]["image"].partition(":")[2] for name in ("kafka", "registry"))
    assert f"/kafka_2.13-{kafka}.jar" in listed
    assert f"/apicurio-registry-app-{registry}-all.tar.gz" in listed


def test_image_runs_as_a_user_of_its_own_and_checks_every_hash() -> None:
    """A container that reads strangers' documents is not root, and its packages are the locked ones."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "USER spendtrail" in lines.rpartition("\nFROM ")[2]
    assert all(
        "--require-hashes" in line
        for line in lines.splitlines()
        if "uv pip sync" in line or "pip install --no-cache-dir" in line
    )
