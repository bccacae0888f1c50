"""What goes wrong around a stage: its registry goes away, its clock is set back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.errors import Halted, Poisoned
from consumers.runtime.stage import Handler, Store
from schemas.codec import Codec, Registry, RegistryUnavailable
from schemas.envelope import Event
from schemas.events import BatchProgressed
from tests.runtime.rig import REGISTRY, Rig, SteppedClock
from tests.runtime.rows import answer, inbound, row, tick


@dataclass
class AbsentRegistry:
    """A registry that does not answer while `away`."""

    registry: Registry = field(default_factory=lambda: REGISTRY)
    away: bool = False

    def _ask(self) -> None:
        if self.away:
            msg = "schema registry: connection refused"
            raise RegistryUnavailable(msg)

    def register(self, subject: str, schema: str) -> int:
        """Return the id, or say nothing."""
        self._ask()
        return self.registry.register(subject, schema)

    def schema(self, schema_id: int) -> str:
        """Return the text, or say nothing."""
        self._ask()
        return self.registry.schema(schema_id)


def count(event: BatchProgressed, state: Store) -> Sequence[Event]:
    """Count the records of each key; those that say so are poison."""
    seen = int(state.get(event.expense_id) or b"0") + 1
    state.put(event.expense_id, b"%d" % seen)
    if event.state == "poison":
        reason, told = "BAD", "bad"
        raise Poisoned(reason, told)
    return (answer(event, str(seen)),)


COUNT = Handler(handle=count, state=lambda store: store, on_tick=lambda *_: ())


@pytest.mark.parametrize("command", ["ok", "poison"])
def test_a_registry_that_goes_away_before_the_first_output_costs_waiting(tmp_path: Path, command: str) -> None:
    """The input's schema is known, the output's and the trail's are not: nothing is committed, buried or doubled."""
    registry = AbsentRegistry()
    codec = Codec(registry)
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1, codec=codec)
    rig.feed(inbound("a", 0, command), inbound("a", 1), inbound("b", 2))
    codec.decode(rig.broker.records("t.in")[0].value)
    member = rig.member()
    registry.away = True
    for _ in range(5):
        rig.clock.pass_(20)
        member.run(1)
    assert list(member.runner.missing) == ["registry"]
    assert (rig.outputs(), rig.audited(), rig.letters(), rig.state(), rig.lag()) == ([], [], [], {}, 3)
    registry.away = False
    for _ in range(5):
        rig.clock.pass_(20)
        member.run(1)
    poisoned = command == "poison"
    assert rig.told() == ([] if poisoned else [("a", 0, "1")]) + [("a", 1, "1" if poisoned else "2"), ("b", 2, "1")]
    assert len(rig.letters()) == poisoned
    assert (dict(member.runner.missing), rig.lag()) == ({}, 0)


class TurnedClock(SteppedClock):
    """A clock whose time of day can be set, while the one that only rises goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.turned = timedelta()

    def monotonic(self) -> float:
        """Return seconds that only rise."""
        return super().monotonic() - self.turned.total_seconds()

    def turn(self, by: timedelta) -> None:
        """Set the time of day."""
        self.turned += by
        self.time += by


def test_a_clock_set_back_changes_no_result(tmp_path: Path) -> None:
    """Records, state, ticks and a restart go on as before: every record counts once, in order."""
    clock = TurnedClock()
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1, clock=clock)
    rig.feed(*(inbound("a", n) for n in range(3)))
    member = rig.member()
    member.run()
    clock.turn(timedelta(days=-2))
    rig.feed(inbound("a", 3), tick(clock.now()), inbound("a", 4))
    member.run()
    member.runner.drain(0)
    rig.feed(inbound("a", 5))
    successor = rig.member()
    successor.run()
    assert rig.told() == [("a", n, str(n + 1)) for n in range(6)]
    assert (rig.letters(), rig.lag(), rig.state()) == ([], 0, {"a": b"6"})
    assert successor.telemetry.counters["restored"] == 0


def test_a_clock_set_back_neither_hastens_nor_hides_a_rate_of_dead_letters(tmp_path: Path) -> None:
    """Letters of long ago do not count after the clock was set back to their time; many at once still halt."""
    clock = TurnedClock()
    rig = Rig(row(stateful=True), tmp_path, handler=COUNT, partitions=1, clock=clock, limit=DeadLetterLimit(3))
    member = rig.member()
    for turn in range(3):
        rig.feed(*(inbound(f"k{turn}", n, "poison") for n in range(3)))
        member.run()
        clock.pass_(61)
        clock.turn(timedelta(seconds=-61))
    assert len(rig.letters()) == 9
    rig.feed(*(inbound("z", n, "poison") for n in range(4)))
    with pytest.raises(Halted):
        member.run()
