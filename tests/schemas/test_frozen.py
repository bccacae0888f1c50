"""Records made without their `__init__` are those that it makes."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from policy import facts
from schemas.compiled import quick
from schemas.contracts import EVENTS, Shape, fields_of
from schemas.envelope import Event, caused
from schemas.events import ExpenseEvaluated
from schemas.frozen import changed, draft, maker
from schemas.records import Finding
from tests.evaluate.build import coded


def _records(record: type) -> set[type]:
    return {record}.union(*(_inner(field.shape) for field in fields_of(record)))


def _inner(shape: Shape) -> set[type]:
    return _records(shape.record) if shape.record else _inner(shape.of) if shape.of else set()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_no_record_does_more_than_hold_its_fields(kind: type[Event]) -> None:
    """Nothing would be missed without `__init__`: there is no `__post_init__`, and every field has a slot."""
    assert quick(kind)
    for record in _records(kind):
        assert not hasattr(record, "__post_init__")
        assert not hasattr(record, "__dict__") or "__dict__" not in vars(record)


def test_a_changed_record_is_that_of_the_standard_library() -> None:
    """Equal in every field, of the same type, hashed alike, and frozen."""
    event = coded("a", "10.00")
    after = changed(event, revision=2, tables={"x": "1"})
    assert after == replace(event, revision=2, tables={"x": "1"})
    assert (type(after), event.revision, changed(event)) == (type(event), 1, event)
    with pytest.raises(FrozenInstanceError):
        after.revision = 3  # type: ignore[misc] # wrong on purpose
    with pytest.raises(TypeError, match="no field 'colour'"):
        changed(event, colour="red")


def test_a_made_record_is_that_of_its_class() -> None:
    """Equal in every field, its defaults too, of the same type and frozen; what is missing or unknown is an error."""
    make = maker(Finding)
    given: dict[str, Any] = {"code": "ALCOHOL", "severity": "warn", "message": "Wine.", "blocking": True}
    made = make(**given)
    assert made == Finding(**given)
    assert make(**given, line=2) == Finding(**given, line=2)
    assert type(made) is Finding
    with pytest.raises(FrozenInstanceError):
        made.line = 3  # type: ignore[misc] # wrong on purpose
    with pytest.raises(TypeError, match="blocking"):
        make(code="ALCOHOL", severity="warn", message="Wine.")  # type: ignore[call-arg] # wrong on purpose
    with pytest.raises(TypeError, match="colour"):
        make(**given, colour="red")  # type: ignore[call-arg] # wrong on purpose


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_any_record_can_be_made_by_keyword(kind: type[Event]) -> None:
    """No field's name gets in the way of the text that the maker is compiled from."""
    for record in (*_records(kind), facts.Line, facts.Expense):
        names = [field.name for field in fields(record)]
        made: Any = maker(record)(**{name: number for number, name in enumerate(names)})
        assert type(made) is record
        assert [getattr(made, name) for name in names] == list(range(len(names)))


def test_an_event_lacks_nothing_its_cause_does_not_give() -> None:
    """A field that is neither shared nor given is an error, as is one that the type does not have."""
    event = coded("a", "10.00")
    given: dict[str, Any] = {"decisions": (), "findings": (), "outcome": "PASS", "policy_version": "v"}
    made = caused(event, ExpenseEvaluated, stage="evaluate", status="evaluated", **given)
    values = {f.name: getattr(made, f.name) for f in fields_of(ExpenseEvaluated)}
    assert ExpenseEvaluated(**values) == made
    assert (made.stage, made.status, made.facts) == ("evaluate", "evaluated", event.facts)
    with pytest.raises(TypeError, match="colour"):
        caused(event, ExpenseEvaluated, stage="evaluate", status="evaluated", colour="red", **given)
    del given["outcome"]
    with pytest.raises(TypeError, match="outcome"):
        caused(event, ExpenseEvaluated, stage="evaluate", status="evaluated", **given)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_a_draft_becomes_the_record(kind: type[Event]) -> None:
    """Python lets a draft of every record become one: of exactly its type, and frozen."""
    for record in _records(kind):
        new: Any = object.__new__(draft(record))
        names = [field.name for field in fields_of(record)]
        for number, name in enumerate(names):
            setattr(new, name, number)
        new.__class__ = record
        assert type(new) is record
        assert [getattr(new, name) for name in names] == list(range(len(names)))
        with pytest.raises(FrozenInstanceError):
            setattr(new, names[0], 0)
