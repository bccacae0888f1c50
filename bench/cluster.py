"""A broker to measure on: one of the bench's own in a temporary folder, or the one that was named."""

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from devstack import stack
from devstack.stack import Endpoints
from schemas.topics import Topic

__all__ = ["broker", "cluster", "create_topics"]

_CREATED_S = 30.0


@contextmanager
def cluster(*, brokers: int = 1, registry: bool = False, kept: Path | None = None) -> Iterator[Endpoints]:
    """Yield a stack of the bench's own; it is gone afterwards, with its folder, unless it is to be kept in one."""
    home = kept or Path(tempfile.mkdtemp(prefix="spendtrail-bench-"))
    try:
        yield stack.start(home, brokers=brokers, registry=registry)
    finally:
        if kept is None:
            stack.stop(home)
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def broker(bootstrap: str | None) -> Iterator[str]:
    """Yield a broker's address: the one that was named, or one of the bench's own."""
    if bootstrap:
        yield bootstrap
        return
    with cluster() as endpoints:
        yield endpoints.bootstrap_servers


def create_topics(bootstrap: str, topics: Iterable[Topic], *, replication: int = 1) -> None:
    """Create topics and wait until the broker knows them; those that exist stay.

    Raises:
        KafkaException: the broker refuses one, or does not answer.
        TimeoutError: it does not know them within 30 s.

    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    wanted = {t.name: NewTopic(t.name, t.partitions, replication, config=t.config()) for t in topics}
    for done in admin.create_topics(list(wanted.values())).values():
        try:
            done.result(_CREATED_S)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise
    deadline = time.monotonic() + _CREATED_S
    while not wanted.keys() <= admin.list_topics(timeout=10).topics.keys():
        if time.monotonic() > deadline:
            msg = f"the broker does not know {', '.join(wanted)} after {_CREATED_S:.0f} s"
            raise TimeoutError(msg)
        time.sleep(0.05)
