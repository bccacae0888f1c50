"""A stateful handler: counts the inputs of each key."""

from collections.abc import Sequence

from consumers.runtime.stage import Handler, Store
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rows import answer


def count(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
    """Answer with how many inputs of the key there were, this one included."""
    seen = int(state.get(event.expense_id) or b"0") + 1
    state.put(event.expense_id, str(seen).encode())
    return (answer(event, str(seen)),)


HANDLER = Handler(handle=count, state=lambda store: store)
