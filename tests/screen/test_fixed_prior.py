"""Against one and the same prior: a lower limit clears nothing, every line ends once, deciding again is the same."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.screen.decide import decide
from consumers.screen.prior import Prior
from policy.coded import facts_of
from policy.compiled import CompiledPolicy
from policy.judge import OUTCOMES, judge
from policy.table import Policies
from schemas.codec import Codec, registry_at
from schemas.envelope import caused
from schemas.events import ExpenseDecided, ExpenseEvaluated
from schemas.topics import POLICIES
from tests.depth import examples
from tests.evaluate.build import SUBMITTED, coded, published
from tests.harness import through_wire
from tests.screen.desk import Desk

CODEC = Codec(registry_at("mock://prior"))
AMOUNTS = st.integers(1, 90_000).map(lambda minor: f"{Decimal(minor) / 100:.2f}")
CAPS = st.integers(1, 120_000).map(lambda minor: f"{Decimal(minor) / 100:.2f}")
WHAT = ("office_supplies", "meals")
PERIODS = st.sampled_from(["line", "expense", "day", "month", "year", "trip", "attendee"])
EARLIER = st.lists(st.tuples(AMOUNTS, st.sampled_from(["one", "two"]), st.booleans()), max_size=3)
LINES = st.lists(st.tuples(AMOUNTS, st.sampled_from(WHAT)), min_size=1, max_size=3)
CONTEXT: dict[str, Any] = {"trip": "oslo", "attendees": 2}


def _limits(caps: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"id": f"rule-{n}", "level": "category", "limit": cap, "per": per, "match": {"categories": list(WHAT)}}
        for n, (cap, per) in enumerate(caps)
    ]


def _budgets(cap: str) -> list[dict[str, str]]:
    return [{"id": "sales", "scope": "department", "name": "Sales", "limit": cap}]


def _compiled(caps: list[tuple[str, str]], budget: str) -> CompiledPolicy:
    policies, event = Policies(), published(limits=_limits(caps), budgets=_budgets(budget))
    policies.apply(POLICIES.key(event), event)
    return policies.at("acme", SUBMITTED).compiled()


def _evaluated(decided: ExpenseDecided, policy: CompiledPolicy) -> ExpenseEvaluated:
    """Return the expense as evaluate judges it under a policy."""
    verdict = judge(facts_of(decided), policy)
    found = caused(decided, ExpenseEvaluated, stage="evaluate", status="evaluated")
    return replace(found, decisions=verdict.decisions, findings=verdict.findings, outcome=verdict.outcome)


def _last(caps: list[tuple[str, str]], budget: str, earlier: Any, parts: Any) -> ExpenseDecided:
    """Return the decision on an expense of these lines after some earlier ones."""
    desk = Desk(limits=_limits(caps), budgets=_budgets(budget))
    for number, (amount, vendor, card) in enumerate(earlier):
        desk.submit(coded(f"e{number}", amount, vendor=vendor, card=card, context=CONTEXT))
    total = sum((Decimal(amount) for amount, _ in parts), Decimal(0))
    return desk.submit(coded("last", f"{total}", lines=parts, vendor="one", context=CONTEXT))[0]


@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.tuples(CAPS, PERIODS), min_size=1, max_size=3), CAPS, EARLIER, LINES, st.data())
def test_a_lower_limit_clears_nothing(
    caps: list[tuple[str, str]], budget: str, earlier: Any, parts: Any, data: st.DataObject
) -> None:
    """With one limit or the budget lowered, an expense that failed still fails, line by line and as a whole."""
    decided = _last(caps, budget, earlier, parts)
    at, share = data.draw(st.integers(0, len(caps))), data.draw(st.integers(0, 99))
    lower = [(f"{Decimal(cap) * share / 100:.2f}" if n == at else cap, per) for n, (cap, per) in enumerate(caps)]
    policy = _compiled(lower, f"{Decimal(budget) * share / 100:.2f}" if at == len(caps) else budget)
    again = decide(_evaluated(decided, policy), policy, Prior.read(decided.prior))
    assert not (decided.outcome == "FAIL" and OUTCOMES.index(again.outcome) < OUTCOMES.index("FAIL"))
    after = {decision.line: decision.outcome for decision in again.decisions}
    failed = [decision.line for decision in decided.decisions if decision.outcome == "FAIL"]
    assert [after[line] for line in failed] == ["FAIL"] * len(failed)


@settings(deadline=None, max_examples=examples(40))
@given(st.lists(st.tuples(CAPS, PERIODS), min_size=1, max_size=3), CAPS, EARLIER, LINES)
def test_every_line_ends_once_and_deciding_again_is_the_same_to_the_byte(
    caps: list[tuple[str, str]], budget: str, earlier: Any, parts: Any
) -> None:
    """From the event as it came over the wire, the policy and the prior it carries, the same bytes come again."""
    decided = _last(caps, budget, earlier, parts)
    lines = [decision.line for decision in decided.decisions if decision.line]
    assert lines == list(range(1, len(parts) + 1))
    assert all(decision.outcome in OUTCOMES for decision in decided.decisions)
    policy = _compiled(caps, budget)
    carried = through_wire(decided)
    assert isinstance(carried, ExpenseDecided)
    screening = decide(_evaluated(carried, policy), policy, Prior.read(carried.prior))
    redone = replace(
        carried,
        decisions=screening.decisions,
        findings=screening.findings,
        outcome=screening.outcome,
        disposition=screening.disposition,
        other=screening.other,
    )
    assert CODEC.encode(redone) == CODEC.encode(decided)
