"""The real registry keeps older data readable."""

import json
import os

import pytest

from devstack.stack import Endpoints
from schemas.codec import Codec, SchemaRefused, Undecodable, registry_at
from schemas.contracts import EVENTS, NAMESPACE, avsc
from schemas.events import BatchProgressed
from tests.runtime.rows import inbound

pytestmark = pytest.mark.kafka


def _url(endpoints: Endpoints) -> str:
    if endpoints.registry_url is None:
        pytest.skip("SPENDTRAIL_BOOTSTRAP_SERVERS is set without SPENDTRAIL_SCHEMA_REGISTRY_URL")
    return endpoints.registry_url


def test_every_event_is_registered_and_read_back(kafka_stack: Endpoints) -> None:
    """Each schema has an id, registering again gives the same id, and another process reads by it."""
    url = _url(kafka_stack)
    codec = Codec(registry_at(url))
    ids = {kind.__name__: codec.register(kind) for kind in EVENTS}
    assert len(set(ids.values())) == len(EVENTS)
    assert {kind.__name__: Codec(registry_at(url)).register(kind) for kind in EVENTS} == ids
    event = inbound("a", 1)
    assert Codec(registry_at(url)).decode(codec.encode(event)) == event


def test_an_unknown_id_is_undecodable(kafka_stack: Endpoints) -> None:
    """The real registry's answer for an id it never gave is told apart from its absence."""
    with pytest.raises(Undecodable, match="unknown"):
        Codec(registry_at(_url(kafka_stack))).decode(b"\0\x7f\xff\xff\xff" + b"abc")


def test_a_breaking_change_is_refused_and_a_compatible_one_is_not(kafka_stack: Endpoints) -> None:
    """A new field without a default would make stored events unreadable; with one they stay readable, transitively."""
    registry = registry_at(_url(kafka_stack))
    subject = f"{NAMESPACE}.evolution{os.getpid()}.BatchProgressed"
    first = json.loads(avsc(BatchProgressed))
    number = registry.register(subject, json.dumps(first))
    breaking = {**first, "fields": [*first["fields"], {"name": "added", "type": "string", "doc": "New."}]}
    with pytest.raises(SchemaRefused, match=subject):
        registry.register(subject, json.dumps(breaking))
    compatible = {
        **first,
        "fields": [*first["fields"], {"name": "added", "type": ["null", "string"], "default": None, "doc": "New."}],
    }
    assert registry.register(subject, json.dumps(compatible)) != number
    # Compatible with its predecessor, which has `added`, but not with the first, which lacks it.
    later = {**first, "fields": [*first["fields"], {"name": "added", "type": "string", "doc": "Now required."}]}
    with pytest.raises(SchemaRefused):
        registry.register(subject, json.dumps(later))
