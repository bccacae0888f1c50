"""The publisher and the keys behind it, on the real broker."""

from hashlib import shake_128
from pathlib import Path

import pytest

from config.settings import Settings
from producers.door import Submitter
from producers.edge import Edge, SettingsIncomplete, codec_of, open_edge, open_publisher
from producers.publisher import Publisher, PublishFailed
from schemas.codec import Codec, registry_at
from schemas.topics import DEAD_LETTERS
from tests.producers.conftest import Clock, Read
from vault.keys import KeyErased
from vault.personal import unpack


@pytest.mark.kafka
def test_records_keep_their_order_and_headers(settings: Settings, read: Read, tenant: str) -> None:
    """What was sent under one key is read in that order, headers and tombstone included."""
    with open_publisher(settings, codec_of(settings)) as publisher:
        for value in (b"1", b"2", None):
            publisher.send(DEAD_LETTERS.name, tenant.encode(), value, (("n", value or b""),))
    mine = [r for r in read(DEAD_LETTERS.name) if r.key == tenant.encode()]
    assert [(r.value, r.header("n")) for r in mine] == [(b"1", b"1"), (b"2", b"2"), (None, b"")]


@pytest.mark.kafka
def test_a_record_the_broker_refuses_is_told_and_the_next_one_goes_on(
    settings: Settings, read: Read, tenant: str
) -> None:
    """A record over the topic's limit raises at the flush and names the topic; the publisher can be used again."""
    with open_publisher(settings, codec_of(settings)) as publisher:
        publisher.send("expense.submitted", tenant.encode(), shake_128(b"dense").digest(2 * 1024 * 1024))
        with pytest.raises(PublishFailed, match=r"expense\.submitted: not written"):
            publisher.flush()
        publisher.send(DEAD_LETTERS.name, tenant.encode(), b"fine")
    assert [r.value for r in read(DEAD_LETTERS.name) if r.key == tenant.encode()] == [b"fine"]


def test_brokers_that_do_not_answer_are_told_in_time() -> None:
    """A flush raises once the time is over, and nothing is taken for written."""
    publisher = Publisher("127.0.0.1:1", Codec(registry_at("mock://publisher")), timeout_s=0.5)
    publisher.send("expense.dlq", b"k", b"v")
    with pytest.raises(PublishFailed):
        publisher.flush()


def test_missing_addresses_are_named() -> None:
    """Without brokers or registry the message says what to set."""
    bare = Settings(bootstrap_servers=None, schema_registry_url=None)
    with pytest.raises(SettingsIncomplete, match="SPENDTRAIL_SCHEMA_REGISTRY_URL"):
        codec_of(bare)
    with pytest.raises(SettingsIncomplete, match="SPENDTRAIL_BOOTSTRAP_SERVERS"):
        open_publisher(bare, Codec(registry_at("mock://publisher")))


@pytest.mark.kafka
def test_a_person_has_one_key_whoever_submits(edge: Edge, settings: Settings, clock: Clock, tenant: str) -> None:
    """A second producer finds the first one's key and opens what it sealed."""
    key_id = edge.keys.ensure(tenant, "s1")
    sealed = edge.keys.vault.seal(tenant, "s1", "e1", b"secret", key_id=key_id)
    with open_edge(settings, clock) as other:
        assert other.keys.ensure(tenant, "s1") == key_id
        assert other.keys.vault.open(tenant, "s1", "e1", sealed) == b"secret"


@pytest.mark.kafka
def test_an_erased_person_who_comes_back_gets_a_new_key(edge: Edge, clock: Clock, tenant: str) -> None:
    """What was sealed before the erasure stays closed; what is sealed after it opens."""
    submitter = Submitter(tenant=tenant, employee_id="E1")
    before = edge.door.admit("a.txt", b"taxi 12.00", submitter, "b", "upload")
    assert before.personal
    record = f"{tenant}/{before.subject}/{before.personal.key_id}"
    edge.publisher.send("audit.keys", record.encode(), None)
    edge.publisher.flush()
    clock.advance(2)
    after = edge.door.admit("a.txt", b"taxi 12.00", submitter, "c", "upload")
    assert after.personal
    assert after.expense_id == before.expense_id
    assert after.personal.key_id != before.personal.key_id
    with pytest.raises(KeyErased):
        edge.keys.vault.open(tenant, before.subject, before.expense_id, before.personal)
    opened = edge.keys.vault.open(tenant, after.subject, after.expense_id, after.personal)
    assert unpack(opened)["file_name"] == Path("a.txt").name
