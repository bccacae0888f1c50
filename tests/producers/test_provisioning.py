"""Topics and schemas on the real broker and registry."""

import dataclasses
import time

import httpx2
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from devstack import stack
from producers import provisioning
from schemas.codec import Codec, SchemaRefused, registry_at
from schemas.contracts import EVENTS, avsc
from schemas.events import KeyWrapped
from schemas.topics import AUDIT_KEYS, TOPICS, Topic

pytestmark = pytest.mark.kafka


def _other(name: str, base: Topic = AUDIT_KEYS, **changes: object) -> Topic:
    return dataclasses.replace(base, name=name, **changes)  # type: ignore[arg-type] # each test names real fields


def _setting(endpoints: stack.Endpoints, topic: str, name: str) -> str:
    admin = AdminClient({"bootstrap.servers": endpoints.bootstrap_servers})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    value: str = future.result(30)[name].value
    return value


def test_applying_twice_changes_nothing_and_is_quick(provisioned: stack.Endpoints) -> None:
    """The second run creates, alters and reports nothing, and takes less than three seconds."""
    before = time.monotonic()
    applied = provisioning.apply(provisioned.bootstrap_servers, provisioned.registry_url)
    assert (applied.created, applied.altered, applied.differing) == ((), (), ())
    assert set(applied.schemas) == {kind.__name__ for kind in EVENTS}
    assert time.monotonic() - before < 3


def test_every_topic_has_its_partitions_and_settings(provisioned: stack.Endpoints) -> None:
    """The broker has what the table says."""
    present = AdminClient({"bootstrap.servers": provisioned.bootstrap_servers}).list_topics(timeout=30).topics
    assert {t.name: t.partitions for t in TOPICS} == {t.name: len(present[t.name].partitions) for t in TOPICS}
    assert _setting(provisioned, "audit.log", "cleanup.policy") == "compact"
    assert _setting(provisioned, "audit.events", "message.timestamp.type") == "LogAppendTime"


def test_a_missing_topic_is_created_beside_the_others(provisioned: stack.Endpoints, tenant: str) -> None:
    """A new row of the table appears on the broker."""
    changelog = _other(f"changelog.{tenant}")
    applied = provisioning.apply(provisioned.bootstrap_servers, None, topics=(*TOPICS, changelog))
    assert applied.created == (f"changelog.{tenant}",)


def test_safe_settings_are_mended_and_others_reported(provisioned: stack.Endpoints, tenant: str) -> None:
    """A raised size limit is set; a cleanup policy or a partition count that differs is told and left alone."""
    name = f"drift.{tenant}"
    admin = AdminClient({"bootstrap.servers": provisioned.bootstrap_servers})
    made = NewTopic(name, num_partitions=2, replication_factor=1, config={"cleanup.policy": "delete"})
    admin.create_topics([made])[name].result(30)
    applied = provisioning.apply(
        provisioned.bootstrap_servers, None, topics=[_other(name, max_message_bytes=3 * 1024 * 1024)]
    )
    assert applied.altered == (name,)
    assert _setting(provisioned, name, "max.message.bytes") == str(3 * 1024 * 1024)
    assert _setting(provisioned, name, "cleanup.policy") == "delete"
    told = "\n".join(applied.differing)
    assert f"{name} has 2 partitions, not 1" in told
    assert f"{name} has cleanup.policy=delete, not compact" in told


def test_a_schema_that_older_data_cannot_be_read_with_is_refused(provisioned: stack.Endpoints) -> None:
    """The registry refuses a new field without a default, for every subject the contracts register."""
    assert provisioned.registry_url
    broken = avsc(KeyWrapped).replace('"fields": [', '"fields": [{"name": "added", "type": "string"},', 1)
    with pytest.raises(SchemaRefused, match="KeyWrapped"):
        registry_at(provisioned.registry_url).register("spendtrail.KeyWrapped", broken)
    assert Codec(registry_at(provisioned.registry_url)).register(KeyWrapped) > 0


def test_every_subject_is_held_to_the_compatibility_level(provisioned: stack.Endpoints) -> None:
    """The registry answers BACKWARD_TRANSITIVE for each subject."""
    with httpx2.Client(base_url=provisioned.registry_url or "") as client:
        for kind in EVENTS:
            answer = client.get(f"/config/spendtrail.{kind.__name__}", params={"defaultToGlobal": "true"}).json()
            assert answer["compatibilityLevel"] == "BACKWARD_TRANSITIVE"


def test_brokers_that_do_not_answer_are_named() -> None:
    """The error says which address did not answer."""
    with pytest.raises(provisioning.ProvisioningFailed, match=r"127\.0\.0\.1:1"):
        provisioning.apply("127.0.0.1:1", None, timeout_s=1)
