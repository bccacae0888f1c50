"""Decisions made again from what the audit log recorded: the event, the policy, and the little that was read of state.

A decision is a pure function of these three, so years later it must come out the same to the last byte. Where it does
not, either the record or the program is not what it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from consumers.evaluate.handler import judged
from consumers.screen.decide import decide
from consumers.screen.handler import decided
from consumers.screen.prior import Prior
from policy.snapshot import Snapshot
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseDecided, ExpenseEvaluated

__all__ = ["Inputs", "NotRedoable"]


class NotRedoable(Exception):
    """What the decision was made from is not in the log, or its policy is not. The message says which."""


@dataclass(slots=True)
class Inputs:
    """What was recorded of one expense so far; give each event in order, and ask for a decision before its own.

    `snapshots` are all policies by version.
    """

    snapshots: Mapping[str, Snapshot]
    _coded: dict[str, ExpenseCoded]
    _evaluated: dict[str, ExpenseEvaluated]

    @classmethod
    def under(cls, snapshots: Mapping[str, Snapshot]) -> "Inputs":
        """Return the inputs of an expense of which nothing was recorded yet."""
        return cls(snapshots, {}, {})

    def take(self, event: Event) -> None:
        """Remember an event that a decision may be made from."""
        if type(event) is ExpenseCoded:
            self._coded[event.event_id] = event
        elif type(event) is ExpenseEvaluated:
            self._evaluated[event.event_id] = event

    def again(self, recorded: Event, cause_id: str) -> Event | None:
        """Return the decision made again, None where the recorded event is none.

        `tables` are taken from the record: they say which state of all policies was at hand, not what was decided.

        Raises:
            NotRedoable: its input or policy is missing.

        """
        if type(recorded) is ExpenseEvaluated:
            coded = self._coded.get(cause_id)
            if coded is None:
                raise NotRedoable(f"the coded expense {cause_id} is not in the log before it")
            return replace(judged(coded, self._snapshot(recorded)), tables=recorded.tables)
        if type(recorded) is ExpenseDecided:
            return self._decided(recorded)
        return None

    def _decided(self, recorded: ExpenseDecided) -> ExpenseDecided:
        policy = self._snapshot(recorded).compiled()
        prior = Prior.read(recorded.prior)
        # A fresh decision was caused by something else; which evaluation it is about, its id says.
        for evaluated in reversed(self._evaluated.values()):
            screening = decide(evaluated, policy, prior)
            again = decided(evaluated, screening, prior, recorded.decision_number, recorded.occurred_at)
            if again.event_id == recorded.event_id:
                return replace(again, tables=recorded.tables)
        raise NotRedoable("the evaluated expense it is about is not in the log before it")

    def _snapshot(self, recorded: ExpenseEvaluated) -> Snapshot:
        found = self.snapshots.get(recorded.policy_version)
        if found is None:
            raise NotRedoable(f"policy {recorded.policy_version} is not among those published")
        return found
