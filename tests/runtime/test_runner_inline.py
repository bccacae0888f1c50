"""The inline lane: handlers in the polling thread."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from config.residency import Residency
from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.errors import Halted, Poisoned, Transient
from consumers.runtime.stage import Handler, Limits, Store
from consumers.runtime.transport import Fetched, Outgoing, TransportLost
from consumers.stages import stage_named
from schemas.dead_letters import PREFIX, REPLAY_GROUP
from schemas.envelope import Event
from schemas.events import AlertRaised, BatchProgressed, ReviewRefused, TickElapsed
from schemas.lifecycle import IllegalTransition
from schemas.topics import AUDIT_ALERTS, AUDIT_LOG
from tests.audit.trail import clean
from tests.runtime.rig import CODEC, Rig
from tests.runtime.rows import SUBMITTED_AT, answer, inbound, row, tick


class Fickle:
    """A handler that does what the event's `state` says; `down` fails as long as `down` is set."""

    def __init__(self) -> None:
        self.down = True
        self.calls: list[tuple[str, int]] = []

    def __call__(self, event: BatchProgressed) -> Sequence[Event]:
        """Do what the event says."""
        self.calls.append((event.expense_id, int(event.member)))
        outputs: Sequence[Event] = self._obey(event)
        return outputs

    def _obey(self, event: BatchProgressed) -> Any:
        match event.state:
            case "raise":
                raise ZeroDivisionError
            case "poison":
                raise Poisoned("NO_DATE", "there is no date")
            case "exit":
                raise SystemExit(3)
            case "halt":
                raise Halted("stop")
            case "down" if self.down:
                raise Transient("ERP", "does not answer")
            case "none":
                return None
            case "foreign":
                return (event,)
            case "illegal":
                return (replace(answer(event, ""), status="posted"),)
            case "large":
                return (answer(event, "x" * 2_000_000),)
        return (answer(event, event.state),)


def _rig(tmp_path: Path, handle: Any, **given: Any) -> Rig:
    return Rig(row(), tmp_path, handler=Handler(handle=handle), **given)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("raise", "HANDLER_FAILED"),
        ("poison", "NO_DATE"),
        ("exit", "HANDLER_FAILED"),
        ("none", "HANDLER_FAILED"),
        ("foreign", "UNDECLARED_OUTPUT"),
        ("large", "RECORD_TOO_LARGE"),
    ],
)
def test_poison_is_buried_and_the_partition_moves_on(tmp_path: Path, command: str, reason: str) -> None:
    """The record alone goes to the dead letters; the next one of its key is handled."""
    rig = _rig(tmp_path, Fickle())
    rig.feed(inbound("a", 1), inbound("a", 2, command), inbound("a", 3), inbound("b", 1))
    member = rig.member()
    member.run()
    assert rig.told() == [("a", 1, "ok"), ("a", 3, "ok"), ("b", 1, "ok")]
    (letter,) = rig.letters()
    assert CODEC.decode(letter.value) == inbound("a", 2, command)
    assert letter.key == b"a"
    headers = dict(letter.headers)
    assert headers[f"{PREFIX}class"] == reason.encode()
    assert {name.removeprefix(PREFIX) for name in headers if name.startswith(PREFIX)} == {
        *("topic", "partition", "offset", "group", "message", "exception", "stage", "timestamp", "class"),
        *("schema.id", "replay.count"),
    }
    assert [(a.action, a.reason) for a in rig.audited() if a.action == "DeadLettered"] == [("DeadLettered", reason)]
    assert rig.lag() == 0
    assert member.telemetry.counters["dead_letters"] == 1


def test_another_regions_events_are_dead_lettered_unhandled(tmp_path: Path) -> None:
    """An event of a tenant of another region is kept whole, before its handler sees it; ticks have no region."""
    handler = Fickle()
    rig = _rig(tmp_path, handler, residency=Residency("eu", {"tenant": "eu", "elsewhere": "us"}))
    stray = replace(inbound("a", 1), tenant_id="elsewhere")
    rig.feed(stray, inbound("a", 2), replace(inbound("b", 1), tenant_id="nobody"))
    rig.member().run()
    assert rig.told() == [("a", 2, "ok")]
    assert handler.calls == [("a", 2)]
    letters = {(r.key or b"").decode(): dict(r.headers) for r in rig.letters()}
    assert {key: headers[f"{PREFIX}class"] for key, headers in letters.items()} == dict.fromkeys("ab", b"WRONG_REGION")
    assert b"belongs to region us, and this is region eu" in letters["a"][f"{PREFIX}message"]
    assert stray in [CODEC.decode(letter.value) for letter in rig.letters()]
    told = [(a.tenant_id, a.reason) for a in rig.audited() if a.action == "DeadLettered"]
    assert sorted(told) == [("elsewhere", "WRONG_REGION"), ("nobody", "WRONG_REGION")]
    assert rig.lag() == 0


def test_seal_writes_down_what_was_refused(tmp_path: Path) -> None:
    """The stage that writes the trail holds to no region: that something was refused is evidence."""
    rig = Rig(stage_named("seal"), tmp_path, residency=Residency("eu", {"*": "us"}))
    rig.feed(*clean("one").records)
    rig.member().run()
    assert len(rig.outputs(AUDIT_LOG)) == len(clean("one").records)
    assert rig.letters() == []


def test_alerts_are_counted(tmp_path: Path) -> None:
    """An alert of the seal stage is in its topic and in the metric; what goes right adds nothing."""
    rig = Rig(stage_named("seal"), tmp_path)
    right = clean("right").records
    read = next(n for n, record in enumerate(right) if record.action == "ExpenseRead")
    holed = clean("holed").records
    rig.feed(*right, *holed[:read], *holed[read + 1 :])
    member = rig.member()
    member.run()
    (alert,) = rig.outputs(AUDIT_ALERTS)
    assert isinstance(alert, AlertRaised)
    assert (alert.expense_id, alert.breach) == (holed[0].expense_id, "submitted -> parsed")
    assert member.telemetry.counters["alerts"] == 1
    assert len(rig.outputs(AUDIT_LOG)) == len(right) + len(holed) - 1


@pytest.mark.parametrize(
    "value",
    [b"", None, b"junk", b"\0\0\0\0\x63x", b"\0\0\0\0\x01\xff\xff", CODEC.encode(inbound("a", 0)) + b"more"],
    ids=["empty", "null", "junk", "unknown id", "body", "left over"],
)
def test_undecodable_bytes_are_buried(tmp_path: Path, value: bytes | None) -> None:
    """Bytes that are no event are kept as they came; what follows is handled."""
    rig = _rig(tmp_path, Fickle())
    rig.broker.produce(Outgoing("t.in", b"a", value))
    rig.feed(inbound("a", 1))
    rig.member().run()
    assert rig.told() == [("a", 1, "ok")]
    (letter,) = rig.letters()
    assert letter.value == value
    assert dict(letter.headers)[f"{PREFIX}class"] == b"UNDECODABLE"
    assert rig.lag() == 0


def test_an_event_of_another_topic_is_buried(tmp_path: Path) -> None:
    """A known event in the wrong topic is a fault of whoever wrote it there."""
    rig = _rig(tmp_path, Fickle())
    rig.broker.produce(Outgoing("t.in", b"a", CODEC.encode(answer(inbound("a", 1), "x"))))
    rig.member().run()
    assert dict(rig.letters()[0].headers)[f"{PREFIX}class"] == b"FOREIGN_EVENT"


@pytest.mark.parametrize(("command", "error"), [("illegal", IllegalTransition), ("halt", Halted)])
def test_some_failures_stop_the_stage(tmp_path: Path, command: str, error: type[Exception]) -> None:
    """An illegal transition, or a handler that says so, stops the stage with nothing of the record committed."""
    rig = _rig(tmp_path, Fickle())
    rig.feed(inbound("a", 1, command))
    with pytest.raises(error):
        rig.member().run()
    assert rig.told() == []
    assert rig.letters() == []
    assert rig.lag() == 1


def test_a_missing_dependency_blocks_its_key_alone_and_backs_off(tmp_path: Path) -> None:
    """Other keys go on; the key's records wait in order; tries grow rarer; readiness names what is missing."""
    fickle = Fickle()
    rig = _rig(tmp_path, fickle)
    rig.feed(inbound("a", 1, "down"), inbound("a", 2), inbound("b", 1))
    member = rig.member()
    member.run()
    assert rig.told() == [("b", 1, "ok")]
    assert member.runner.missing == {"ERP": "does not answer"}
    tries = []
    for _ in range(300):
        rig.clock.pass_(0.1)
        before = len(fickle.calls)
        member.run(1)
        if len(fickle.calls) > before:
            tries.append(rig.clock.monotonic())
    waits = [round(b - a, 1) for a, b in pairwise(tries)]
    assert waits[:5] == [0.4, 0.8, 1.6, 3.2, 6.4]
    assert rig.letters() == []
    fickle.down = False
    rig.clock.pass_(20)
    member.run()
    assert rig.told() == [("a", 1, "down"), ("a", 2, "ok"), ("b", 1, "ok")]
    assert member.runner.missing == {}
    assert rig.lag() == 0


def test_a_waiting_record_holds_back_no_commit(tmp_path: Path) -> None:
    """While one record waits, the others are committed; a new process does only the one again."""
    fickle = Fickle()
    rig = _rig(tmp_path, fickle, partitions=1)
    rig.feed(inbound("a", 1, "down"), *(inbound("b", n) for n in range(20)))
    rig.member("a").run()
    fickle.down = False
    fickle.calls.clear()
    rig.broker.members.clear()
    rig.member("a").run()
    assert fickle.calls == [("a", 1)]
    assert rig.lag() == 0


def test_records_replayed_for_another_group_are_passed(tmp_path: Path) -> None:
    """A replay names the group that failed; the others have handled the record already."""
    rig = _rig(tmp_path, Fickle())
    rig.feed(inbound("a", 1), headers=((REPLAY_GROUP, b"other"),))
    rig.feed(inbound("a", 2), headers=((REPLAY_GROUP, b"test"),))
    member = rig.member()
    member.run()
    assert rig.told() == [("a", 2, "ok")]
    assert member.telemetry.counters["skipped"] == 1
    assert rig.lag() == 0


def test_a_record_that_comes_again_is_neither_done_twice_nor_left_out(tmp_path: Path) -> None:
    """Nobody could tell whether it is the same or was never handled; the next member reads what is committed."""
    rig = _rig(tmp_path, Fickle(), partitions=1)
    rig.feed(inbound("a", 1), inbound("a", 2))
    member = rig.member()
    poll, brought = member.transport.poll, list[Fetched]()

    def twice(count: int, timeout: float) -> list[Fetched]:
        found = [*brought, *poll(count, timeout)]
        brought[:] = found[:1]
        return found

    member.transport.poll = twice  # type: ignore[method-assign] # a client that goes wrong
    with pytest.raises(TransportLost, match=r"t\.in/0/0 came after a later record"):
        member.run()
    member.runner.close()
    rig.feed(inbound("a", 3))
    rig.member().run()
    assert rig.told() == [("a", 1, "ok"), ("a", 2, "ok"), ("a", 3, "ok")]
    assert rig.lag() == 0


def test_too_many_dead_letters_halt_the_stage(tmp_path: Path) -> None:
    """Past the rate the fault is the stage's own, so it stops instead of burying everything."""
    rig = _rig(tmp_path, Fickle(), limit=DeadLetterLimit(3), partitions=1)
    rig.feed(*(inbound("a", n, "raise") for n in range(10)))
    with pytest.raises(Halted, match="dead letters"):
        rig.member().run()
    assert rig.letters() == []


def test_a_stage_that_halts_buries_nothing(tmp_path: Path) -> None:
    """The one writer of the trail must not skip a record."""
    rig = Rig(row(halts=True), tmp_path, handler=Handler(handle=Fickle()))
    rig.feed(inbound("a", 1, "poison"))
    with pytest.raises(Halted, match=r"t\.in/\d/0"):
        rig.member().run()
    assert rig.lag() == 1


def test_the_answer_beside_a_dead_letter(tmp_path: Path) -> None:
    """A track answers in its own place, so that a join does not wait for ever; the expense lives on."""

    def failed(event: BatchProgressed, reason: str) -> Sequence[ReviewRefused]:
        return (answer(event, f"failed: {reason}"),)

    rig = Rig(row(), tmp_path, handler=Handler(handle=Fickle(), on_dead_letter=failed))
    rig.feed(inbound("a", 1, "poison"))
    rig.member().run()
    assert rig.told() == [("a", 1, "failed: NO_DATE")]
    assert len(rig.letters()) == 1
    assert [a.status for a in rig.audited() if a.action == "DeadLettered"] == ["submitted"]


def test_an_answer_that_fails_itself_does_not_hold_the_partition(tmp_path: Path) -> None:
    """A dead letter is written even when the answer beside it cannot be."""

    def failed(event: BatchProgressed, reason: str) -> Sequence[ReviewRefused]:
        raise KeyError(reason)

    rig = Rig(row(), tmp_path, handler=Handler(handle=Fickle(), on_dead_letter=failed))
    rig.feed(inbound("a", 1, "poison"), inbound("a", 2))
    rig.member().run()
    assert rig.told() == [("a", 2, "ok")]
    assert dict(rig.letters()[0].headers)[f"{PREFIX}class"] == b"NO_DATE"
    assert rig.lag() == 0


def test_state_written_by_a_failing_record_is_dropped(tmp_path: Path) -> None:
    """What a handler wrote before it failed, in a generator too, never reaches the state."""

    def handle(event: BatchProgressed, state: Store) -> Iterator[ReviewRefused]:
        seen = int(state.get("n") or b"0") + 1
        state.put("n", b"%d" % seen)
        if event.state == "raise":
            raise ZeroDivisionError
        yield answer(event, str(seen))

    careless: Any = handle
    rig = Rig(row(stateful=True), tmp_path, handler=Handler(handle=careless, state=lambda store: store), partitions=1)
    rig.feed(inbound("a", 1), inbound("a", 2, "raise"), inbound("a", 3))
    rig.member().run()
    assert rig.told() == [("a", 1, "1"), ("a", 3, "2")]
    assert rig.state() == {"n": b"2"}


def test_state_too_large_for_its_changelog_is_the_records_fault(tmp_path: Path) -> None:
    """Accepted, it would make every later transaction fail."""

    def handle(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
        state.put("n", b"x" * (2_000_000 if event.state == "large" else 10))
        return (answer(event, "ok"),)

    rig = Rig(row(stateful=True), tmp_path, handler=Handler(handle=handle, state=lambda store: store))
    rig.feed(inbound("a", 1, "large"), inbound("a", 2))
    rig.member().run()
    assert rig.told() == [("a", 2, "ok")]
    assert dict(rig.letters()[0].headers)[f"{PREFIX}class"] == b"STATE_TOO_LARGE"


def test_ticks_go_to_their_own_function(tmp_path: Path) -> None:
    """Time arrives as events and may write; a stage without an interest in it passes them."""

    def on_tick(event: TickElapsed, state: Store) -> Iterator[Sequence[ReviewRefused]]:
        state.put("now", event.occurred_at.isoformat().encode())
        yield (answer(inbound("due", 1), "due"),)

    def handle(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
        return ()

    timely = Rig(
        row(stateful=True),
        tmp_path / "timely",
        handler=Handler(handle=handle, state=lambda store: store, on_tick=on_tick),
    )
    timely.feed(tick(SUBMITTED_AT))
    timely.member().run()
    assert timely.told() == [("due", 1, "due")]
    assert timely.state() == {"now": SUBMITTED_AT.isoformat().encode()}
    heedless = _rig(tmp_path, Fickle())
    heedless.feed(tick(SUBMITTED_AT))
    heedless.member().run()
    assert heedless.told() == []
    assert heedless.lag() == 0


def test_capabilities_arrive_by_name(tmp_path: Path) -> None:
    """What the process provides is an argument, never an import."""

    def handle(event: BatchProgressed, *, word: str) -> Sequence[ReviewRefused]:
        return (answer(event, word),)

    rig = _rig(tmp_path, handle, given={"word": "given"})
    rig.feed(inbound("a", 1))
    rig.member().run()
    assert rig.told() == [("a", 1, "given")]


def test_a_poll_is_bounded_by_what_may_be_in_flight(tmp_path: Path) -> None:
    """No poll brings more records than the row allows to be held."""
    rig = Rig(row(limits=Limits(in_flight=7)), tmp_path, handler=Handler(handle=Fickle()), partitions=1)
    rig.feed(*(inbound("a", n) for n in range(30)))
    member = rig.member()
    assert member.runner.step(0) == 7
    member.run(10)
    assert len(rig.told()) == 30
