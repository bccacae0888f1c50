"""State that the release before wrote goes on being used."""

import json
from pathlib import Path
from typing import Final

from schemas.events import ExpenseDecided
from tests.evaluate.build import coded
from tests.screen.desk import BUDGET, Desk, codes

# Written by version 1 from the four expenses below.
_STATE: Final = Path(__file__).with_name("state_of_version_1.json")
FIRST, TWIN = coded("first", "300.00", number="20417"), coded("twin", "300.00", number="20471")
CARD = coded("card", "480.00", card=True, vendor="steak house", category="meals")
OTHER = coded("other card", "15.00", card=True, vendor="steak house", category="meals")
RECEIPT = coded("receipt", "480.00", vendor="steak house", category="meals")


def _desks() -> tuple[Desk, Desk]:
    """Return a desk that goes on from the older state, and one that saw it all itself."""
    older, own = Desk(budgets=BUDGET), Desk(budgets=BUDGET)
    for key, value in json.loads(_STATE.read_text()).items():
        older.screen.store.put(key, value.encode())
    for event in (FIRST, TWIN, CARD, OTHER):
        own.submit(event)
    return older, own


def _run(desk: Desk) -> list[list[ExpenseDecided]]:
    return [desk.submit(RECEIPT), desk.retract(FIRST), desk.retract(CARD), desk.retract(OTHER), desk.retract(TWIN)]


def test_what_was_kept_as_json_is_decided_again_the_same() -> None:
    """A twin is freed of its flag, and a receipt still finds the card line, whichever version wrote them."""
    older, own = _desks()
    told = _run(older)
    assert told == _run(own)
    assert codes(told[0][0]) == ["DUPLICATE_NEAR", "BUDGET_EXCEEDED"]
    assert [codes(decision) for decision in told[1]] == [[], [], []]


def test_nothing_of_the_older_state_is_left_behind() -> None:
    """Once all has been taken back, the state is that of a ledger that never saw any of it."""
    older, own = _desks()
    for desk in (older, own):
        _run(desk)
        desk.retract(RECEIPT)
    assert dict(older.screen.store.range("", "~")) == dict(own.screen.store.range("", "~"))
    assert [key for key, _ in own.screen.store.range("", "~")] == ["ledger/acme/main/sequence"]
