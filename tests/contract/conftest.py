"""Every test of this folder that asks for `log` runs on the in-memory broker and on a real one."""

import hashlib
import os

import pytest

from devstack.stack import Endpoints
from tests.contract.brokers import KafkaLog, Log, MemoryLog


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest) -> Log:
    """Return a broker with topics of this test's own."""
    if request.param == "memory":
        return MemoryLog()
    endpoints: Endpoints = request.getfixturevalue("kafka_stack")
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
    return KafkaLog(endpoints.bootstrap_servers, f"contract-{os.getpid()}-{name}")
