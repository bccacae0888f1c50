"""Work on the audit log, partition by partition, in processes side by side.

An expense lives in one partition, so each is verified and folded without the others. A log that one process reads in
seconds is read by one: starting others takes as long.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from ctypes import c_longlong
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from typing import Annotated, Any, TypeVar

import typer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from cli import auditlog
from cli.context import Session, Unreachable
from schemas.topics import Topic
from streams.bounds import Bounds
from streams.client import client_settings
from streams.record import TransportLost

__all__ = ["Workers", "each", "tell"]

Workers = Annotated[
    int,
    typer.Option(help="Processes side by side, at most one a partition; 0: as many as there are processors.", min=0),
]

_R = TypeVar("_R")

_ALONE = 50_000
"""Records that one process reads before others would have started; whoever says how many gets them."""
_LOOK_S = 0.2
_TIMEOUT_S = 30.0

_progress: dict[str, Any] = {}


def each(
    found: Session,
    topic: Topic,
    workers: int,
    work: Callable[..., _R],
    *given: Any,
    own: Mapping[int, object] | None = None,
    quiet: bool,
) -> list[_R]:
    """Return what `work(session, partition, *given)` gives for each partition, in order, showing how far it is.

    `work` is a function of a module, and what it is given and gives can be sent to another process. With `own` it is
    also given, behind the partition, what is that partition's own, None where it has nothing.

    Raises:
        Unreachable: the broker does not answer.

    """
    sizes = _sizes(found, topic)
    words = {p: (p, *(() if own is None else (own.get(p),)), *given) for p in sizes}
    number = min(workers or os.cpu_count() or 1, len(sizes))
    if number == 1 or (not workers and sum(sizes.values()) < _ALONE):
        return _one_by_one(found, sizes, work, words, topic.name, quiet=quiet)
    context = get_context("spawn")
    done: SynchronizedArray[int] = context.Array(c_longlong, len(sizes))
    order = sorted(sizes)
    with (
        auditlog.bar(f"reading {topic.name}", quiet=quiet) as told,
        ProcessPoolExecutor(number, context, _begin, (done,)) as pool,
    ):
        # The largest first, so that none is left over at the end.
        futures: dict[int, Future[_R]] = {
            p: pool.submit(_placed, order.index(p), work, found, *words[p])
            for p in sorted(order, key=lambda p: -sizes[p])
        }
        while wait(futures.values(), _LOOK_S).not_done:
            told(sum(done[:]), sum(sizes.values()))
        return [futures[p].result() for p in order]


def tell(done: int, total: int) -> None:
    """Say how far this process is with its partition; `work` calls it."""
    del total
    place = _progress.get("place")
    if place is not None:
        _progress["done"][place] = done
    elif "bar" in _progress:
        _progress["bar"](done)


def _one_by_one(
    found: Session, sizes: dict[int, int], work: Callable[..., _R], words: Mapping[int, Any], name: str, *, quiet: bool
) -> list[_R]:
    results, before, total = [], 0, sum(sizes.values())
    with auditlog.bar(f"reading {name}", quiet=quiet) as told:
        for partition in sorted(sizes):
            _progress["bar"] = lambda done, before=before: told(before + done, total)
            results.append(work(found, *words[partition]))
            before += sizes[partition]
    _progress.clear()
    return results


def _begin(done: "SynchronizedArray[int]") -> None:
    _progress["done"] = done


def _placed(place: int, work: Callable[..., _R], found: Session, *given: Any) -> _R:
    _progress["place"] = place
    return work(found, *given)


def _sizes(found: Session, topic: Topic) -> dict[int, int]:
    """Return how many records each partition has at most."""
    client = client_settings(found.bootstrap, found.settings.kafka_options)
    try:
        known = AdminClient(client).list_topics(topic.name, _TIMEOUT_S).topics[topic.name]
        if known.error is not None:
            raise Unreachable(f"topic {topic.name}: {known.error.str()}; `spendtrail prepare` creates what is missing")
        bounds = Bounds(client, _TIMEOUT_S)
        partitions = sorted(known.partitions)
        first, end = bounds.first(topic.name, partitions), bounds.end(topic.name, partitions)
    except KafkaException as error:
        raise Unreachable(f"{topic.name}: {error.args[0].str()}") from error
    except TransportLost as error:
        raise Unreachable(str(error)) from error
    return {p: end[p] - first[p] for p in partitions}
