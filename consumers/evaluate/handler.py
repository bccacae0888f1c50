"""Judge a coded expense line by line: limits, per diem and the checks of one expense."""

from collections.abc import Sequence

from consumers.runtime.stage import Handler, Table
from policy.coded import facts_of
from policy.judge import judge
from policy.table import Policies
from schemas.envelope import Event, caused
from schemas.events import ExpenseCoded, ExpenseEvaluated
from schemas.lifecycle import State
from schemas.topics import POLICIES

__all__ = ["HANDLER", "evaluate"]


def evaluate(event: ExpenseCoded, *, policies: Policies) -> Sequence[Event]:
    """Return the expense with a decision per line, under the snapshot in force when it was submitted.

    Problems of earlier stages are left as they are: `approval` holds for those by itself.
    """
    snapshot = policies.at(event.tenant_id, event.submitted_at)
    verdict = judge(facts_of(event), snapshot.compiled())
    evaluated = caused(
        event,
        ExpenseEvaluated,
        stage="evaluate",
        status=State.EVALUATED,
        decisions=verdict.decisions,
        findings=verdict.findings,
        outcome=verdict.outcome,
        policy_version=snapshot.version,
    )
    return (evaluated,)


HANDLER = Handler(handle=evaluate, tables=(Table("policies", POLICIES, Policies),))
