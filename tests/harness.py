"""Runs a stage's functions on stored examples, without a broker.

A case is a JSON file in `tests/<stage>/examples/`: `{"about": one sentence, "tables": {topic: [event, ...]},
"events": [event, ...], "outputs": [[event, ...], ...]}` with one list of outputs per event. Set
`SPENDTRAIL_ACCEPT=1` to store what the stage answers now, then read the difference before you commit it.
"""

import asyncio
import inspect
import json
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from consumers.runtime.memory_store import MemoryStore
from consumers.runtime.stage import Handler, Stage
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import TickElapsed
from schemas.lifecycle import check
from schemas.plain import from_plain, to_plain

ROOT = Path(__file__).parent
JOIN_LIMIT = timedelta(minutes=15)


def through_wire(event: Event) -> Event:
    """Return the event as the next stage would get it: encoded and decoded."""
    return CODEC.decode(CODEC.encode(event))


CODEC = Codec(registry_at("mock://examples"))


class StageRun:
    """One stage over one in-memory partition."""

    def __init__(
        self, stage: Stage, tables: dict[str, Sequence[Event]] | None = None, given: dict[str, Any] | None = None
    ) -> None:
        self.stage = stage
        self.handler: Handler = stage.load()
        self.store = MemoryStore()
        self.given: dict[str, Any] = {"join_limit": JOIN_LIMIT} if "join_limit" in self.handler.capabilities else {}
        self.given |= {"codec": CODEC} if "codec" in self.handler.capabilities else {}
        self.given |= given or {}
        for table in self.handler.tables:
            view = table.view()
            for event in (tables or {}).get(table.topic.name, ()):
                view.apply(table.topic.key(event), through_wire(event))
            self.given[table.name] = view

    def __call__(self, event: Event) -> list[Event]:
        """Return what the stage answers to one event, as the next stage would get it."""
        event = through_wire(event)
        if isinstance(event, TickElapsed):
            assert self.handler.on_tick, f"{self.stage.name} has no on_tick"
            outputs = [output for group in self.handler.on_tick(event, self._state(), **self.given) for output in group]
        else:
            outputs = list(self._handle(event))
        allowed = {kind for topic in self.stage.writes for kind in topic.events}
        for output in outputs:
            assert type(output) in allowed, f"{type(output).__name__} is not in the row's writes"
            if output.expense_id == event.expense_id:
                check(event.status, output.status)
        return [through_wire(output) for output in outputs]

    def _state(self) -> Any:
        assert self.handler.state is not None
        return self.handler.state(self.store)

    def _handle(self, event: Event) -> Sequence[Event]:
        if self.handler.guard is not None:
            ended = self.handler.guard(event, self._state())
            if ended is not None:
                return ended
        arguments = [event] if self.handler.state is None or self.handler.guard else [event, self._state()]
        answer = self.handler.handle(*arguments, **self.given)
        if inspect.isawaitable(answer):
            return asyncio.run(_wait(answer))
        assert isinstance(answer, Sequence)
        return answer


async def _wait(answer: Any) -> Sequence[Event]:
    result = await answer
    assert isinstance(result, Sequence)
    return result


def cases(stage: str) -> list[Path]:
    """Return the stored cases of a stage."""
    return sorted((ROOT / stage / "examples").glob("*.json"))


def run_case(stage: Stage, path: Path, given: dict[str, Any] | None = None) -> None:
    """Run one stored case and compare; with SPENDTRAIL_ACCEPT=1 store the answers instead."""
    case = json.loads(path.read_text())
    tables: dict[str, Sequence[Event]] = {
        topic: [from_plain(e) for e in events] for topic, events in case.get("tables", {}).items()
    }
    run = StageRun(stage, tables, given)
    answers = [[to_plain(e) for e in run(from_plain(event))] for event in case["events"]]
    if os.environ.get("SPENDTRAIL_ACCEPT") == "1":
        path.write_text(json.dumps({**case, "outputs": answers}, indent=1, ensure_ascii=False) + "\n")
        return
    assert case["outputs"] == answers
