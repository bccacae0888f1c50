"""What a person bought on a day is one value, up to a crowd; nothing that is asked of it depends on where it lies."""

from datetime import timedelta
from random import Random
from typing import Any

from consumers.screen.prior import Prior
from schemas.events import ExpenseCoded
from tests.evaluate.build import DAY, coded
from tests.harness import StageRun
from tests.screen.desk import BUDGET, ROOMY, Desk

# More than one value takes.
_CROWD = 12


class _Lasting(StageRun):
    """A stage run that keeps what it knows of its state from event to event, as the runner does."""

    _kept: Any = None

    def _state(self) -> Any:
        if self._kept is None:
            self._kept = super()._state()
        return self._kept


def _desk(*, lasting: bool = False) -> Desk:
    desk = Desk(limits=[{**ROOMY[0], "limit": "500"}], budgets=BUDGET)
    if lasting:
        run = _Lasting(desk.screen.stage)
        run.given = desk.screen.given
        desk.screen = run
    return desk


def _keys(desk: Desk, folder: str) -> list[str]:
    at = f"ledger/acme/main/{folder}/"
    return [key[len(at) :] for key, _ in desk.screen.store.range(at, f"{at[:-1]}0")]


def test_a_crowded_day_is_found_whole_and_in_order() -> None:
    """The twelfth purchase of a day names all earlier ones as its parts, wherever they lie."""
    desk = _desk()
    events = [coded(f"part {n}", f"{201 + n}.00") for n in range(_CROWD)]
    decisions = [desk.submit(event)[0] for event in events]
    (parts,) = Prior.read(decisions[-1].prior).parts.values()
    assert [other for other, _ in parts] == [event.expense_id for event in events[:-1]]
    assert _keys(desk, "day") == [f"subject-1/{DAY}"]
    assert len(_keys(desk, "part")) == _CROWD - 8


def test_a_crowded_day_leaves_nothing_behind() -> None:
    """Taken back in any order, a crowd of card lines and receipts leaves the order of arrival alone."""
    desk = _desk()
    events = [coded(f"line {n}", f"{201 + n}.00", card=n % 2 == 0, category="meals") for n in range(_CROWD)]
    for event in events:
        desk.submit(event)
    Random(3).shuffle(events)  # noqa: S311 - the same order again, no secret
    for event in events:
        desk.retract(event)
    assert [key for key, _ in desk.screen.store.range("", "~")] == ["ledger/acme/main/sequence"]


def test_what_is_known_from_memory_changes_no_decision() -> None:
    """A stage that has kept its memory all along decides as one that begins anew with every event."""
    numbers = Random(5)  # noqa: S311 - the same steps again, no secret
    lasting, fresh = _desk(lasting=True), _desk()
    alive: list[ExpenseCoded] = []
    for step in range(30):
        if alive and numbers.random() < 0.2:
            gone = alive.pop(numbers.randrange(len(alive)))
            assert lasting.retract(gone) == fresh.retract(gone)
            continue
        event = coded(
            str(step),
            numbers.choice(["90.00", "240.00", "330.00"]),
            vendor=numbers.choice(["one", "two"]),
            category=numbers.choice(["meals", "office_supplies", "travel.per_diem"]),
            card=numbers.random() < 0.5,
            number=numbers.choice([None, "20417", "20471"]),
            day=DAY + timedelta(days=numbers.randrange(3)),
        )
        alive.append(event)
        assert lasting.submit(event) == fresh.submit(event)
    assert dict(lasting.screen.store.range("", "~")) == dict(fresh.screen.store.range("", "~"))
