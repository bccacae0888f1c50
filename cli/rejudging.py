"""Expenses that were judged, read from Kafka and judged anew under another policy, over several processes.

They are read from `expense.evaluated` where that still has all that is asked for, else from the audit log, which has
everything for ever and takes longer, since it holds every other step as well.
"""

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.backtesting import Comparison, Outcomes
from cli.context import Session, Unreachable
from cli.output import errors
from policy.backtest import WANTED, Rejudged, rejudge
from policy.snapshot import Snapshot
from schemas.codec import Codec, RegistryUnavailable, Undecodable, registry_at
from schemas.events import AuditSealed, ExpenseEvaluated
from schemas.glance import Glance
from schemas.topics import AUDIT_LOG, EVALUATED, Topic
from streams import span
from streams.client import Setting, client_settings
from streams.record import TransportLost
from streams.span import Span

__all__ = ["Asked", "Part", "Reader", "judge_anew", "judged", "source_of"]

_TIMEOUT_S: Final = 60.0
# Fewer are judged sooner than another process has started.
_WORTH_A_PROCESS: Final = 20_000
_MOST_PROCESSES: Final = 4
# What a process may be ahead of whoever adds up, in chunks.
_AHEAD: Final = 4
_LOOK_S: Final = 1.0
# How much sooner than the broker may delete a record it is no longer counted on.
_MARGIN: Final = timedelta(days=1)
# As the canonical form of an entry's metadata says what it is of.
_ACTION: Final = f'"action":"{ExpenseEvaluated.__name__}"'.encode()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which expenses: of one tenant or of all, submitted from `first` on and before `until` (UTC)."""

    tenant: str | None = None
    first: datetime | None = None
    until: datetime | None = None

    def wants(self, event: ExpenseEvaluated) -> bool:
        """Tell whether an expense is one of these."""
        return (
            (self.tenant is None or event.tenant_id == self.tenant)
            and (self.first is None or event.submitted_at >= self.first)
            and (self.until is None or event.submitted_at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does: it holds plain values only, so that it can be handed over."""

    topic: str
    spans: tuple[Span, ...]
    client: Mapping[str, Setting]
    registry: str
    canonical: bytes
    asked: Asked


# Offsets passed and the expenses among them; None at the end of a part, text where it failed.
_Answer = tuple[int, list[Rejudged]]


def judge_anew(
    found: Session, policy: Snapshot, asked: Asked, topic: Topic, *, processes: int | None, examples: int, quiet: bool
) -> Comparison:
    """Judge anew what was asked for and add it up.

    Raises:
        Unreachable: the brokers or the registry do not answer, or a record cannot be read.

    """
    client = client_settings(found.bootstrap, found.settings.kafka_options)
    try:
        spans = span.whole(client, topic.name, _TIMEOUT_S)
        whole = Part(topic.name, tuple(spans), client, found.registry, policy.canonical, asked)
        with Outcomes() as outcomes, _progress(topic, spans, quiet=quiet) as passed:
            for number, rows in _answers(whole, processes):
                outcomes.add(rows)
                passed(number)
            return outcomes.compare(examples=examples)
    except (TransportLost, RegistryUnavailable) as error:
        raise Unreachable(str(error)) from error
    except Undecodable as error:
        raise Unreachable(f"{topic.name}: {error}; `spendtrail audit verify` says what is wrong") from error


def source_of(found: Session, first: datetime | None, now: datetime) -> Topic:
    """Return where to read: `expense.evaluated` if nothing that is asked for can have left it, else the audit log.

    Raises:
        Unreachable: the brokers do not answer.

    """
    kept = timedelta(milliseconds=EVALUATED.retention_ms or 0) - _MARGIN
    if first is not None and first >= now - kept:
        # Whatever was judged after it was submitted is younger than the broker keeps.
        return EVALUATED
    client = client_settings(found.bootstrap, found.settings.kafka_options)
    try:
        spans = span.whole(client, EVALUATED.name, _TIMEOUT_S)
    except TransportLost as error:
        raise Unreachable(str(error)) from error
    return EVALUATED if all(each.start == 0 for each in spans) else AUDIT_LOG


def judged(part: Part) -> Iterator[_Answer]:
    """Read a part's spans and judge anew what is in them.

    Raises:
        Undecodable: a record cannot be read.
        TransportLost, RegistryUnavailable: the brokers or the registry do not answer.

    """
    policy = Snapshot.read(part.canonical).compiled()
    read = Reader(Codec(registry_at(part.registry)))
    opened = read.recorded if part.topic == AUDIT_LOG.name else read.written
    for passed, values in span.read(part.client, part.topic, part.spans, _TIMEOUT_S):
        yield passed, [rejudge(event, policy) for event in opened(values) if part.asked.wants(event)]


class Reader:
    """Reads judged expenses, with what judging looks at, from either topic."""

    def __init__(self, codec: Codec) -> None:
        self._evaluated = Glance(codec, ExpenseEvaluated, WANTED)
        self._sealed = Glance(codec, AuditSealed, frozenset({"output"}))

    def written(self, values: Iterable[bytes]) -> Iterator[ExpenseEvaluated]:
        """Yield the judged expenses among events.

        Raises:
            Undecodable: a value cannot be read.
            RegistryUnavailable: the registry does not answer.

        """
        for value in values:
            event = self._evaluated(value)
            if event is not None:
                yield event

    def recorded(self, values: Iterable[bytes]) -> Iterator[ExpenseEvaluated]:
        """Yield the judged expenses among entries of the log; entries of other events are not opened.

        Raises:
            Undecodable: a value cannot be read.
            RegistryUnavailable: the registry does not answer.

        """
        entries = (self._sealed(value) for value in values if _ACTION in value)
        return self.written(entry.output for entry in entries if entry is not None and entry.output is not None)


def _answers(whole: Part, processes: int | None) -> Iterator[_Answer]:
    number = sum(each.end - each.start for each in whole.spans)
    most = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES) if hasattr(os, "sched_getaffinity") else 2
    count = processes or min(most, number // _WORTH_A_PROCESS)
    if count <= 1:
        yield from judged(whole)
        return
    context = multiprocessing.get_context("spawn")
    answers: Queue[_Answer | str | None] = context.Queue(count * _AHEAD)
    parts = [replace(whole, spans=tuple(spans)) for spans in span.shares(whole.spans, count)]
    running = [context.Process(target=_work, args=(part, answers), daemon=True) for part in parts]
    for process in running:
        process.start()
    try:
        yield from _gathered(answers, running)
    finally:
        for process in running:
            process.terminate()
            process.join()


def _work(part: Part, answers: "Queue[_Answer | str | None]") -> None:
    # What was imported stays to the end: the collector need not walk it again and again.
    gc.freeze()
    try:
        for answer in judged(part):
            answers.put(answer)
        answers.put(None)
    except (TransportLost, RegistryUnavailable, Undecodable) as error:
        answers.put(f"{part.topic}: {error}")


def _gathered(answers: "Queue[_Answer | str | None]", running: list[SpawnProcess]) -> Iterator[_Answer]:
    left = len(running)
    while left:
        try:
            answer = answers.get(timeout=_LOOK_S)
        except Empty:
            failed = [process.exitcode for process in running if process.exitcode]
            if failed:
                msg = f"a process that judges ended with code {failed[0]}; what it said stands above"
                raise Unreachable(msg) from None
            continue
        if answer is None:
            left -= 1
        elif isinstance(answer, str):
            raise Unreachable(answer)
        else:
            yield answer


@contextmanager
def _progress(topic: Topic, spans: Iterable[Span], *, quiet: bool) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=quiet, transient=True) as progress:
        total = sum(each.end - each.start for each in spans)
        task = progress.add_task(f"judging {topic.name} anew", total=total)
        yield lambda number: progress.update(task, advance=number)
