"""What a person has let stand is never flagged again; whatever is new about it is."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.approval.dismissal import dismissals
from consumers.screen.prior import Prior
from consumers.stages import stage_named
from schemas.envelope import Event, caused
from schemas.events import ExpenseCoded, ExpenseDecided, PairDismissed
from schemas.topics import APPROVALS, POLICIES
from tests.depth import examples
from tests.evaluate.build import DAY, coded, published
from tests.harness import StageRun
from tests.runtime.rig import Rig
from tests.screen.desk import ROOMY, Desk, codes

SPLIT = [{**ROOMY[0], "limit": "500"}]
RECEIPTS = {"required": True, "above": "75.00", "wait_days": 30}
FLAGS = {"DUPLICATE_EXACT", "DUPLICATE_NEAR", "SPLIT_TRANSACTION"}


def flags(decision: ExpenseDecided) -> list[str]:
    """Return what an expense is flagged with together with others."""
    return [code for code in codes(decision) if code in FLAGS]


def invoice(name: str, total: str = "310.00", number: str | None = "20417", **changes: Any) -> ExpenseCoded:
    """Return an invoice; of one number and total they are copies."""
    return coded(name, total, number=number, **changes)


@pytest.mark.parametrize("corrected", ["a", "b"])
@pytest.mark.parametrize("number", ["20417", "20471", None])
def test_a_dismissed_pair_is_not_flagged_again_when_either_is_corrected(corrected: str, number: str | None) -> None:
    """Copies, a number with a slip and one without: a corrected revision of either passes and says who dismissed it."""
    desk = Desk(budgets=[])
    events = {"a": invoice("a"), "b": invoice("b", number=number)}
    desk.submit(events["a"])
    (held,) = desk.submit(events["b"])
    assert len(flags(held)) == 1
    assert desk.let_stand(held) == []
    again = events[corrected]
    desk.retract(again, "corrected")
    (fresh,) = desk.submit(invoice(corrected, number=again.facts.invoice_number, revision=2))
    assert (fresh.outcome, codes(fresh)) == ("PASS", ["PAIR_DISMISSED"])
    other = events["b" if corrected == "a" else "a"].expense_id
    assert fresh.findings[0].message == f"Not held against {other[:8]}: pair dismissed by reviewer on 2026-03-11."
    assert Prior.read(fresh.prior).canonical() == fresh.prior


def test_a_third_copy_is_a_new_pair_with_each_of_the_two() -> None:
    """The pair that was let stand is left alone when the third comes; that one is flagged with both, and let stand."""
    desk = Desk(budgets=[])
    events = {name: invoice(name) for name in "abc"}
    desk.submit(events["a"])
    (held,) = desk.submit(events["b"])
    desk.let_stand(held)
    (third, *others) = desk.submit(events["c"])
    assert (others, codes(third), third.findings[0].other) == ([], ["DUPLICATE_EXACT"], events["a"].expense_id)
    assert events["b"].expense_id[:8] in third.findings[0].message
    assert [d.others for d in dismissals(third)] == [(events["a"].expense_id,), (events["b"].expense_id,)]
    desk.let_stand(third)
    for name in "abc":
        desk.retract(events[name], "corrected")
        (fresh,) = desk.submit(invoice(name, revision=2))
        assert flags(fresh) == []


def test_a_third_copy_not_let_stand_is_flagged_with_what_is_left() -> None:
    """Of two copies one was let stand with the corrected one: the other is found behind it."""
    desk = Desk(budgets=[])
    desk.submit(invoice("a"))
    (held,) = desk.submit(invoice("b"))
    desk.let_stand(held)
    desk.submit(invoice("c"))
    desk.retract(invoice("b"), "corrected")
    (fresh,) = desk.submit(invoice("b", revision=2))
    assert codes(fresh) == ["DUPLICATE_EXACT", "PAIR_DISMISSED"]
    assert [f.other for f in fresh.findings] == [invoice("c").expense_id, invoice("a").expense_id]


def test_what_was_flagged_meanwhile_is_decided_again() -> None:
    """The other one came back corrected before the word reached this stage: it is let go, once."""
    desk = Desk(budgets=[])
    desk.submit(invoice("a"))
    (held,) = desk.submit(invoice("b"))
    desk.retract(invoice("a"), "corrected")
    (late,) = desk.submit(invoice("a", revision=2))
    assert flags(late) == ["DUPLICATE_EXACT"]
    (fresh,) = desk.let_stand(held)
    assert (fresh.expense_id, fresh.decision_number, fresh.outcome) == (late.expense_id, 2, "PASS")
    assert desk.let_stand(held) == []


def test_no_duplicate_said_without_approving_decides_it_again() -> None:
    """A person who only says that it is none has it decided again without the pair; a cap still holds it."""
    for total, outcome in (("310.00", "PASS"), ("5100.00", "FAIL")):
        desk = Desk(budgets=[])
        desk.submit(invoice("a", total))
        (held,) = desk.submit(invoice("b", total))
        (fresh,) = desk.let_stand(held, "in_review")
        assert (fresh.expense_id, fresh.outcome, flags(fresh)) == (held.expense_id, outcome, [])


def test_a_dismissed_sum_is_not_flagged_again_but_another_is() -> None:
    """Two parts and their whole are one group; the same whole with another part is not the same group."""
    desk = Desk(budgets=[])
    parts = [coded(name, total, number=f"N-{name}000") for name, total in (("a", "190.00"), ("b", "120.00"))]
    for part in parts:
        desk.submit(part)
    (held,) = desk.submit(coded("c", "310.00", number="N-c000"))
    assert codes(held) == ["DUPLICATE_NEAR"]
    desk.let_stand(held)
    desk.retract(parts[0], "corrected")
    (fresh,) = desk.submit(coded("a", "190.00", number="N-a000", revision=2))
    assert codes(fresh) == ["PAIR_DISMISSED"]
    (other,) = desk.submit(coded("d", "120.00", number="N-d900"))
    assert codes(other) == ["DUPLICATE_NEAR"]


def test_a_dismissed_split_is_not_flagged_again_until_a_further_part_comes() -> None:
    """Purchases that may stand side by side still may when one is corrected; a further one is a new group."""
    desk = Desk(limits=SPLIT, budgets=[])
    events = {name: coded(name, "300.00", number=f"{n}{n}{n}") for n, name in enumerate("abc", 3)}
    desk.submit(events["a"])
    (held,) = desk.submit(events["b"])
    assert codes(held) == ["SPLIT_TRANSACTION"]
    desk.let_stand(held)
    desk.retract(events["a"], "corrected")
    (fresh,) = desk.submit(coded("a", "300.00", number="333", revision=2))
    assert codes(fresh) == ["PAIR_DISMISSED"]
    (third,) = desk.submit(events["c"])
    assert codes(third) == ["SPLIT_TRANSACTION"]
    assert [set(d.others) for d in dismissals(third)] == [{events["a"].expense_id, events["b"].expense_id}]
    desk.let_stand(third)
    for name in "abc":
        desk.retract(events[name], "corrected")
        again, *_ = desk.submit(coded(name, "300.00", number=events[name].facts.invoice_number, revision=3))
        assert flags(again) == []


def test_a_receipt_that_is_another_purchase_is_not_merged() -> None:
    """A card line that a person told from a receipt waits for its own; that receipt's revision does not end in it."""
    desk = Desk(receipts=RECEIPTS, budgets=[])
    receipt = coded("r", "200.00", vendor="corner")
    desk.submit(receipt)
    (held,) = desk.submit(coded("c", "200.00", vendor="corner", card=True))
    assert codes(held) == ["DUPLICATE_NEAR"]
    assert desk.let_stand(held, "in_review") == []  # It waits for its receipt now: no decision to tell.
    desk.retract(receipt, "corrected")
    fresh = desk.submit(coded("r", "200.00", vendor="corner", revision=2))[0]
    assert (fresh.disposition, flags(fresh)) == ("decide", [])


def test_only_what_was_shown_is_dismissed() -> None:
    """A duplicate that the policy only notes holds nothing, so letting the expense go says nothing about the pair."""
    desk = Desk(limits=[{**ROOMY[0], "limit": "100"}], budgets=[], checks={"DUPLICATE_EXACT": {"severity": "info"}})
    desk.submit(invoice("a"))
    (held,) = desk.submit(invoice("b"))
    assert "DUPLICATE_EXACT" in codes(held)
    assert dismissals(held) == ()


def test_the_word_survives_losses_and_restarts(tmp_path: Path) -> None:
    """Lost transactions and members that die leave the decisions and the state of a run where nothing happened."""
    policy = published(limits=ROOMY, budgets=[])
    evaluate = StageRun(stage_named("evaluate"), {POLICIES.name: [policy]})

    def feed() -> list[Event]:
        desk = Desk(budgets=[])
        desk.submit(invoice("a"))
        (held,) = desk.submit(invoice("b"))
        words: dict[str, Any] = {"dismissals": dismissals(held), "actor": "reviewer", "reason": ""}
        said = caused(held, PairDismissed, stage="approval", status="approved", **words)
        first = [*evaluate(invoice("a")), *evaluate(invoice("b")), said, said]
        return [*first, *evaluate(invoice("a", revision=2)), *evaluate(invoice("c"))]

    rigs = [Rig(stage_named("screen"), tmp_path / name, partitions=1) for name in ("calm", "rough")]
    for rig in rigs:
        rig.feed(policy, topic=POLICIES)
    calm, rough = rigs
    calm.feed(*feed())
    calm.member().run()
    for number, event in enumerate(feed()):
        rough.feed(event)
        rough.broker.fail_next, rough.broker.lose_answers = number % 3, number % 2
        member = rough.member(f"m{number}")
        member.persist(5)
        member.runner.close()
    told = [[record.value for record in rig.broker.records(APPROVALS.name)] for rig in rigs]
    assert told[0] == told[1]
    assert rough.state() == calm.state()
    decided = [event for event in calm.outputs(APPROVALS) if isinstance(event, ExpenseDecided)]
    # The second is decided again when the first revision of the first goes; only the third copy is news.
    assert [flags(event) for event in decided] == [[], ["DUPLICATE_EXACT"], [], [], ["DUPLICATE_EXACT"]]


def groups(decision: ExpenseDecided) -> set[tuple[str, frozenset[str]]]:
    """Return what an expense is flagged with: as copy or split, and all it concerns."""
    return {
        ("split" if d.code == "SPLIT_TRANSACTION" else "copy", frozenset((decision.expense_id, *d.others)))
        for d in dismissals(decision)
    }


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "correct", "approve", "dismiss"]),
        st.integers(0, 4),
        st.sampled_from(["90.00", "240.00", "330.00"]),
        st.sampled_from([None, "20417", "20471"]),
        st.integers(0, 2),
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=examples(60))
@given(STEPS)
def test_no_pair_is_flagged_after_it_was_let_stand(steps: list[tuple[str, int, str, str | None, int]]) -> None:
    """Whatever is submitted, corrected and let stand in whatever order: no dismissed group is among later flags."""
    desk = Desk(limits=SPLIT, budgets=[])
    latest: dict[int, ExpenseDecided] = {}
    said: set[tuple[str, frozenset[str]]] = set()
    for action, which, total, number, days in steps:
        seen = latest.get(which)
        if action in {"approve", "dismiss"}:
            if seen is None or not dismissals(seen):
                continue
            said |= groups(seen)
            told = desk.let_stand(seen, "approved" if action == "approve" else "in_review")
        elif (seen is None) == (action == "submit"):
            revision = 1 if seen is None else seen.revision + 1
            day = DAY + timedelta(days=days)
            told = desk.submit(coded(str(which), total, number=number, day=day, revision=revision))
        else:
            continue
        for decided in told:
            latest[next(n for n in range(5) if coded(str(n), "1").expense_id == decided.expense_id)] = decided
            assert not groups(decided) & said
            # What is no copy makes no split either.
            assert not {("copy", members) for _, members in groups(decided)} & said
