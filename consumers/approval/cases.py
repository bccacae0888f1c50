"""What `approval` remembers of an expense: where it stands, and the decision a person is asked about."""

from dataclasses import dataclass
from typing import cast

import orjson

from consumers.runtime.stage import Store
from schemas.events import ExpenseDecided
from schemas.lifecycle import State
from schemas.plain import from_plain, opened, to_plain

__all__ = ["Case", "Cases"]


@dataclass(frozen=True, slots=True)
class Case:
    """Where one expense stands.

    `decision` is kept while a person may still have to look at it; `state` is from the lifecycle table.
    """

    state: State
    revision: int
    decision_number: int
    decision: ExpenseDecided | None = None

    @property
    def waiting(self) -> bool:
        """Whether a person may resolve it now."""
        return self.state in (State.IN_REVIEW, State.AWAITING_RECEIPT) and self.decision is not None


class Cases:
    """Cases by expense id, and which failed tracks have answered about a revision before its decision came."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, expense_id: str) -> Case | None:
        """Return the case, None when the expense was never decided."""
        stored = self._store.get(f"case/{expense_id}")
        if stored is None:
            return None
        plain = orjson.loads(stored)
        decision = plain["decision"]
        return Case(
            State(plain["state"]),
            plain["revision"],
            plain["decision_number"],
            cast("ExpenseDecided", from_plain(decision)) if decision else None,
        )

    def answered(self, expense_id: str, revision: int) -> tuple[str, ...]:
        """Return the tracks that have answered late about a revision."""
        return tuple(orjson.loads(self._store.get(f"answered/{expense_id}/{revision}") or b"[]"))

    def note(self, expense_id: str, revision: int, track: str) -> None:
        """Remember that a track has answered late, until the revision is decided."""
        tracks = sorted({*self.answered(expense_id, revision), track})
        self._store.put(f"answered/{expense_id}/{revision}", orjson.dumps(tracks))

    def forget(self, expense_id: str, revision: int) -> None:
        """Let go of what was noted; no error where nothing was."""
        self._store.delete(f"answered/{expense_id}/{revision}")

    def put(self, expense_id: str, case: Case) -> None:
        """Remember the case."""
        plain = {
            "state": str(case.state),
            "revision": case.revision,
            "decision_number": case.decision_number,
            "decision": opened(case.decision) if case.decision else None,
        }
        self._store.put(f"case/{expense_id}", orjson.dumps(plain, default=to_plain))
