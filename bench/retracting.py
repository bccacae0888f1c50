"""What taking one expense back costs where thousands of later ones count it in their totals; no broker.

Two retractions in one ledger: of an ordinary expense, which moves every later total and changes hardly a decision, and
of one that alone used up the department's budget, which clears most of the later ones. Processor seconds, with the real
state file, in the pieces that the stage makes of it: the longest is what has to fit into a transaction, which the
brokers end after 10 s.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from consumers.runtime.store import PartitionStore, RecordView
from consumers.screen.handler import LedgerHistory, expire, screen
from consumers.stages import stage_named
from policy.table import Policies
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.envelope import Event, caused
from schemas.events import ExpenseDecided, ExpenseEvaluated, ExpenseRetracted, TickElapsed
from schemas.frozen import changed

__all__ = ["Retraction", "retracted"]

# By place in the order of arrival.
_LARGE, _ORDINARY = 0, 1
# More than any department has.
_AMOUNT: Final = Decimal(10_000_000)
_TOGETHER: Final = 1_000
_TICK_S: Final = stage_named("screen").limits.tick_seconds


@dataclass(slots=True)
class Retraction:
    """Processor seconds of each piece of a retraction, and how many decisions it told."""

    pieces: list[float] = field(default_factory=list)
    told: int = 0


class _Ledger:
    """`screen` over the real state file of one partition."""

    def __init__(self, folder: Path, policies: Policies) -> None:
        self._store = PartitionStore(folder / "0.sqlite", now_ms=0, max_age_ms=1)
        self._view = RecordView(self._store)
        self._history = LedgerHistory(self._view)
        self._policies, self._codec = policies, Codec(registry_at("mock://retracting"))
        self._done = 0

    def one(self, event: Event) -> Sequence[Event]:
        """Return what one event brings about."""
        self._done += 1
        outputs = screen(event, self._history, policies=self._policies, codec=self._codec)
        self._store.accept(self._view.take())
        return outputs

    def piece(self, tick: TickElapsed) -> tuple[list[Event], bool]:
        """Return what a tick brings about until the runner would end its transaction, and whether that was all."""
        began, found, ended = time.monotonic(), list[Event](), True
        for group in expire(tick, self._history, policies=self._policies, codec=self._codec):
            found += group
            if time.monotonic() - began >= _TICK_S:
                ended = False
                break
        self._store.accept(self._view.take())
        return found, ended

    def commit(self) -> None:
        """Write what was changed, as when a transaction has ended."""
        self._store.committed(self._done, now_ms=0)


def retracted(lines: Iterable[ExpenseEvaluated], policies: Policies) -> tuple[int, Retraction, Retraction]:
    """Return how many lines were flagged, and what taking back an ordinary one and then the large one took."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, kept, flagged = _Ledger(Path(folder), policies), list[ExpenseEvaluated](), 0
        for place, line in enumerate(_with_a_large_one(lines)):
            outputs = ledger.one(line)
            flagged += any(isinstance(each, ExpenseDecided) and each.outcome != "PASS" for each in outputs)
            if place <= _ORDINARY:
                kept.append(line)
            if place % _TOGETHER == 0:
                ledger.commit()
        ledger.commit()
        return flagged, _taken_back(ledger, kept[_ORDINARY]), _taken_back(ledger, kept[_LARGE])


def _with_a_large_one(lines: Iterable[ExpenseEvaluated]) -> Iterator[ExpenseEvaluated]:
    for place, line in enumerate(lines):
        if place != _LARGE:
            yield line
            continue
        (only,) = line.lines
        yield changed(line, facts=replace(line.facts, total=_AMOUNT), lines=(replace(only, amount=_AMOUNT),))


def _taken_back(ledger: _Ledger, line: ExpenseEvaluated) -> Retraction:
    found, clock = Retraction(), time.thread_time
    began, ended = clock(), False
    events = ledger.one(caused(line, ExpenseRetracted, stage="approval", status="rejected", reason="rejected"))
    tick = opening(
        TickElapsed,
        line.expense_id,
        tenant=line.tenant_id,
        expense_id=line.expense_id,
        at=line.occurred_at,
        stage="ticker",
        subject=line.subject,
        status="tick",
    )
    while True:
        ledger.commit()
        found.pieces.append(clock() - began)
        found.told += len(events)
        if ended:
            return found
        began = clock()
        events, ended = ledger.piece(tick)
