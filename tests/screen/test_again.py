"""What is read again, after a loss, a crash or from the beginning, is decided again the same, and told once."""

from pathlib import Path

from consumers.stages import stage_named
from schemas.envelope import Event
from schemas.events import ExpenseDecided
from schemas.topics import APPROVALS, POLICIES
from tests.evaluate.build import coded, published
from tests.harness import StageRun
from tests.runtime.rig import Rig
from tests.screen.desk import BUDGET, ROOMY

_POLICY = published(limits=ROOMY, budgets=BUDGET)


def _evaluated() -> list[Event]:
    """Return lines of which most are flagged: twins, a duplicate, and what is over the budget."""
    evaluate = StageRun(stage_named("evaluate"), {POLICIES.name: [_POLICY]})
    names = ("a", "b", "c", "d", "e", "f")
    numbers = ("20417", "20471", None, "20417", "7", "8")
    return [event for n, i in zip(names, numbers, strict=True) for event in evaluate(coded(n, "300.00", number=i))]


def _rig(folder: Path) -> Rig:
    rig = Rig(stage_named("screen"), folder, partitions=1)
    rig.feed(_POLICY, topic=POLICIES)
    return rig


def _told(rig: Rig) -> list[bytes | None]:
    return [record.value for record in rig.broker.records(APPROVALS.name)]


def test_no_flag_is_raised_twice_whatever_is_lost(tmp_path: Path) -> None:
    """Lost transactions, lost answers and members that die leave the decisions of a run where nothing happened."""
    calm, rough = _rig(tmp_path / "calm"), _rig(tmp_path / "rough")
    calm.feed(*_evaluated())
    calm.member().run()
    for number, event in enumerate(_evaluated()):
        rough.feed(event)
        rough.broker.fail_next, rough.broker.lose_answers = number % 3, number % 2
        # Each from a folder of its own: what it knows comes from the changelog.
        member = rough.member(f"m{number}")
        member.persist(5)
        member.runner.close()
    assert _told(rough) == _told(calm)
    flagged = [e for e in rough.outputs(APPROVALS) if isinstance(e, ExpenseDecided) and e.outcome != "PASS"]
    assert len({event.event_id for event in flagged}) == len(flagged) >= 4
    assert rough.state() == calm.state()
    assert rough.lag() == 0


def test_from_the_beginning_the_decisions_are_the_same_to_the_last_byte(tmp_path: Path) -> None:
    """Another history, with all in one transaction or each in its own, says the same."""
    once, singly = _rig(tmp_path / "once"), _rig(tmp_path / "singly")
    once.feed(*_evaluated())
    once.member().run()
    member = singly.member()
    for event in _evaluated():
        singly.feed(event)
        member.run()
    assert _told(once) == _told(singly)
    assert once.state() == singly.state()
