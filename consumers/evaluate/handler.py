"""Judge a coded expense line by line: limits, per diem and the checks of one expense."""

from collections.abc import Sequence

from consumers.runtime.stage import Handler, Table
from policy.coded import facts_of
from policy.judge import judge
from policy.snapshot import Snapshot
from policy.table import Policies
from schemas.envelope import Event, caused
from schemas.events import ExpenseCoded, ExpenseEvaluated
from schemas.lifecycle import State
from schemas.topics import POLICIES

__all__ = ["HANDLER", "evaluate", "judged"]


def evaluate(event: ExpenseCoded, *, policies: Policies) -> Sequence[Event]:
    """Return the expense with a decision per line, under the snapshot in force when it was submitted.

    Problems of earlier stages are left as they are: `approval` holds for those by itself.
    """
    return (judged(event, policies.at(event.tenant_id, event.submitted_at)),)


def judged(event: ExpenseCoded, snapshot: Snapshot) -> ExpenseEvaluated:
    """Return the expense judged under one snapshot; done again from the same two, it is the same to the last byte."""
    verdict = judge(facts_of(event), snapshot.compiled())
    return caused(
        event,
        ExpenseEvaluated,
        stage="evaluate",
        status=State.EVALUATED,
        decisions=verdict.decisions,
        findings=verdict.findings,
        outcome=verdict.outcome,
        policy_version=snapshot.version,
    )


HANDLER = Handler(handle=evaluate, tables=(Table("policies", POLICIES, Policies),))
