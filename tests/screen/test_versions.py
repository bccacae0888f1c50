"""State that releases before wrote goes on being used."""

import json
from pathlib import Path
from typing import Final

import pytest

from schemas.events import ExpenseDecided
from schemas.plain import from_plain
from tests.evaluate.build import coded
from tests.harness import CODEC
from tests.screen.desk import BUDGET, Desk, codes

# Written by these versions from the four expenses below. From version 2 on the events kept are told as JSON and are put
# back into bytes here: a schema's number is the registry's.
_STATES: Final = {version: Path(__file__).with_name(f"state_of_version_{version}.json") for version in (1, 2, 3)}
_VERSIONS: Final = pytest.mark.parametrize("version", _STATES)
FIRST, TWIN = coded("first", "300.00", number="20417"), coded("twin", "300.00", number="20471")
CARD = coded("card", "480.00", card=True, vendor="steak house", category="meals")
OTHER = coded("other card", "15.00", card=True, vendor="steak house", category="meals")
RECEIPT = coded("receipt", "480.00", vendor="steak house", category="meals")


def _desks(version: int) -> tuple[Desk, Desk]:
    """Return a desk that goes on from the older state, and one that saw it all itself."""
    older, own = Desk(budgets=BUDGET), Desk(budgets=BUDGET)
    for key, value in json.loads(_STATES[version].read_text()).items():
        head, _, event = value.partition("\n") if "/kept/" in key else (value, "", "")
        data = CODEC.encode(from_plain(json.loads(event))) if event else b""
        older.screen.store.put(key, head.encode() + (b"\n" + data if event else b""))
    for each in (FIRST, TWIN, CARD, OTHER):
        own.submit(each)
    return older, own


def _run(desk: Desk) -> list[list[ExpenseDecided]]:
    return [desk.submit(RECEIPT), desk.retract(FIRST), desk.retract(CARD), desk.retract(OTHER), desk.retract(TWIN)]


@_VERSIONS
def test_what_older_versions_kept_is_decided_again_the_same(version: int) -> None:
    """A twin is freed of its flag, and a receipt still finds the card line, whichever version wrote them."""
    older, own = _desks(version)
    told = _run(older)
    assert told == _run(own)
    assert codes(told[0][0]) == ["DUPLICATE_NEAR", "BUDGET_EXCEEDED"]
    assert [codes(decision) for decision in told[1]] == [[], [], []]


@_VERSIONS
def test_nothing_of_the_older_state_is_left_behind(version: int) -> None:
    """Once all has been taken back, the state is that of a ledger that never saw any of it."""
    older, own = _desks(version)
    for desk in (older, own):
        _run(desk)
        desk.retract(RECEIPT)
    assert dict(older.screen.store.range("", "~")) == dict(own.screen.store.range("", "~"))
    assert [key for key, _ in own.screen.store.range("", "~")] == ["ledger/acme/main/sequence"]
