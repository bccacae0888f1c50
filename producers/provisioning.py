"""Topics and schemas: created where missing, compared where present, changed only where no data can be lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource  # not exported with a type
from confluent_kafka.admin._resource import ResourceType  # as above
from confluent_kafka.cimpl import NewTopic  # as above

from schemas.codec import Codec, RegistryUnavailable, SchemaRefused, registry_at
from schemas.contracts import EVENTS, NAMESPACE
from schemas.topics import TOPICS, Topic
from streams.client import client_settings

__all__ = ["COMPATIBILITY", "Applied", "ProvisioningFailed", "apply"]

COMPATIBILITY = "BACKWARD_TRANSITIVE"
_TIMEOUT_S = 30.0
_FOR_EVER = -1
# With three replicas, two must have a record before it counts: one broker may then be lost without losing any.
_SAFE_REPLICATION, _SAFE_IN_SYNC = 3, "2"
# What only tunes the cleaner can change at any time.
_FREE = frozenset({"segment.ms", "max.compaction.lag.ms", "delete.retention.ms"})


class ProvisioningFailed(Exception):
    """A topic or schema could not be put in place; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did.

    `created` and `altered` are topics; `differing` says, one sentence each, what is not as the table has it and was
    left alone because changing it could lose data or order. `schemas` gives each event's schema id.
    """

    created: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    schemas: Mapping[str, int] = field(default_factory=dict)


def apply(
    bootstrap_servers: str,
    registry_url: str | None,
    *,
    topics: Sequence[Topic] = TOPICS,
    replication: int = 1,
    options: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> Applied:
    """Create missing topics, mend safe settings, register every event's schema. Doing it twice changes nothing.

    `topics` are those of the table and the stages' changelogs; without a registry the schemas are left out.
    `timeout_s` is how long the brokers may take to answer first.

    Raises:
        ProvisioningFailed: the brokers or the registry do not answer, or refuse.

    """
    try:
        created, altered, differing = _topics(bootstrap_servers, topics, replication, options or {}, timeout_s)
    except KafkaException as error:
        raise ProvisioningFailed(f"Kafka at {bootstrap_servers}: {error.args[0].str()}") from error
    ids = _schemas(registry_url) if registry_url else {}
    return Applied(created, altered, differing, ids)


def _topics(
    bootstrap_servers: str, topics: Sequence[Topic], replication: int, options: Mapping[str, str], timeout_s: float
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    admin = AdminClient(client_settings(bootstrap_servers, options))
    present = admin.list_topics(timeout=timeout_s).topics
    missing = [topic for topic in topics if topic.name not in present]
    _create(admin, missing, replication)
    known = [topic for topic in topics if topic.name in present]
    differing = [
        f"{topic.name} has {len(present[topic.name].partitions)} partitions, not {topic.partitions}: "
        "changing the number would send keys to other partitions; recreate the topic while it is empty"
        for topic in known
        if len(present[topic.name].partitions) != topic.partitions
    ]
    altered = []
    for topic, found in _settings(admin, known):
        wanted = {name: value for name, value in topic.config().items() if found.get(name) != value}
        safe = {name: value for name, value in wanted.items() if _is_safe(name, found.get(name), value)}
        if safe:
            _alter(admin, topic.name, safe)
            altered.append(topic.name)
        differing += [
            f"{topic.name} has {name}={found.get(name)}, not {value}: changing it could delete records or change "
            "their times; change it by hand if that is meant"
            for name, value in wanted.items()
            if name not in safe
        ]
    return tuple(t.name for t in missing), tuple(altered), tuple(differing)


def _create(admin: AdminClient, topics: Sequence[Topic], replication: int) -> None:
    if not topics:
        return
    in_sync = {"min.insync.replicas": _SAFE_IN_SYNC} if replication >= _SAFE_REPLICATION else {}
    wanted = [
        NewTopic(t.name, num_partitions=t.partitions, replication_factor=replication, config={**t.config(), **in_sync})
        for t in topics
    ]
    for name, future in admin.create_topics(wanted, operation_timeout=_TIMEOUT_S).items():
        try:
            future.result(timeout=_TIMEOUT_S)
        except KafkaException as error:
            # Another process that applies at the same moment is no fault.
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise ProvisioningFailed(f"topic {name} was not created: {error.args[0].str()}") from error


def _settings(admin: AdminClient, topics: Sequence[Topic]) -> list[tuple[Topic, dict[str, str | None]]]:
    if not topics:
        return []
    asked = admin.describe_configs([ConfigResource(ResourceType.TOPIC, t.name) for t in topics])
    answers: dict[str, dict[str, Any]] = {
        resource.name: future.result(timeout=_TIMEOUT_S) for resource, future in asked.items()
    }
    return [(t, {name: entry.value for name, entry in answers[t.name].items()}) for t in topics]


def _is_safe(name: str, found: str | None, wanted: str) -> bool:
    if name in _FREE or found is None:
        return True
    if name in {"retention.ms", "max.message.bytes"}:
        before, after = int(found), int(wanted)
        return after == _FOR_EVER or (before != _FOR_EVER and after > before)
    return False


def _alter(admin: AdminClient, topic: str, settings: Mapping[str, str]) -> None:
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(timeout=_TIMEOUT_S)


def _schemas(registry_url: str) -> dict[str, int]:
    codec = Codec(registry_at(registry_url))
    ids = {}
    try:
        with httpx2.Client(base_url=registry_url.rstrip("/"), timeout=_TIMEOUT_S) as client:
            for kind in EVENTS:
                subject = f"{NAMESPACE}.{kind.__name__}"
                ids[kind.__name__] = _registered(client, subject, lambda kind=kind: codec.register(kind))  # type: ignore[misc]  # a default argument binds the loop variable
    except SchemaRefused as error:
        raise ProvisioningFailed(
            f"{error}. A new field needs a default; a field cannot be renamed or change its type"
        ) from error
    except (RegistryUnavailable, httpx2.HTTPError) as error:
        raise ProvisioningFailed(f"schema registry {registry_url} does not answer: {error}") from error
    return ids


def _registered(client: httpx2.Client, subject: str, register: Callable[[], int]) -> int:
    """Hold the subject to the compatibility level before and after registering: some registries know it only then."""
    if not _is_held(client, subject):
        client.put(f"/config/{subject}", json={"compatibility": COMPATIBILITY})
    schema_id = register()
    if not _is_held(client, subject):
        client.put(f"/config/{subject}", json={"compatibility": COMPATIBILITY})
        if not _is_held(client, subject):
            raise ProvisioningFailed(
                f"the registry does not hold {subject} to {COMPATIBILITY}; set that level for the whole registry"
            )
    return schema_id


def _is_held(client: httpx2.Client, subject: str) -> bool:
    answer = client.get(f"/config/{subject}", params={"defaultToGlobal": "true"})
    return answer.is_success and answer.json().get("compatibilityLevel") == COMPATIBILITY
