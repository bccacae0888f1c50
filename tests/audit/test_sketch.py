"""An expense folded without decoding every event is the one that decoding every event gives."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import read
from audit.reconstruct import Expense, apply, state_at
from audit.sketch import Folding, Sketch
from schemas import events as e
from schemas.codec import Undecodable
from schemas.envelope import Event
from schemas.events import AuditSealed
from schemas.lifecycle import State
from schemas.records import Assertion, Context
from tests.audit.trail import (
    CODEC,
    NOON,
    SECOND,
    Trail,
    approved,
    begun,
    clean,
    coded,
    decided,
    facts,
    held,
    judged_again,
    opened,
    posted,
    rejected,
    resolved,
    sealed,
    submitted,
)
from tests.depth import examples

LATER = NOON + SECOND * 1_000


def folded(entries: Iterable[AuditSealed]) -> dict[str, Sketch]:
    """Return the sketches of entries, those of several expenses mixed."""
    folding, sketches = Folding(CODEC), dict[str, Sketch]()
    for entry in entries:
        sketch = folding.apply(sketches.get(entry.expense_id), read(entry.metadata.encode()), entry.output)
        if sketch is not None:
            sketches[entry.expense_id] = sketch
    return sketches


def settled(entries: Iterable[AuditSealed]) -> dict[str, Expense]:
    """Return the expenses of entries, folded without decoding every event."""
    return {name: Folding(CODEC).settled(sketch) for name, sketch in folded(entries).items()}


def corrected() -> Trail:
    """An expense that was held, corrected and judged anew; late word of the old revision comes behind."""
    trail = held(decided(coded(begun()), violation=True))
    old = trail.event
    stated = Assertion(field="total", value="80.00", actor="cd" * 16)
    trail.go(
        e.ReviewClosed, "approval", State.PARSED, beside=True, action="correct", actor="cd" * 16, reason="Misread."
    )
    trail.go(e.ExpenseRetracted, "approval", State.IN_REVIEW, beside=True, reason="corrected")
    trail.go(
        e.ExpenseCorrected, "approval", State.PARSED, revision=2, asserted=(stated,), facts=facts("80.00"), problems=()
    )
    trail.record(replace(decided(coded(begun()), violation=True).event, revision=1), old)
    return trail


def dead_lettered() -> Trail:
    """An expense that one stage could not handle at first."""
    trail = begun()
    trail.dead_letter("ocr", "LIMIT_EXCEEDED")
    return posted(approved(decided(coded(trail))))


def repeated() -> Trail:
    """A posted expense whose document entered again, and about which a decision was made anew."""
    trail = clean()
    trail.record(replace(submitted(), event_id=NOON.isoformat(), context=Context(department="other")))
    trail.record(replace(decided(coded(begun()), violation=True).event, status=State.DECIDED))
    return trail


TRAILS: tuple[Callable[[], Trail], ...] = (
    clean,
    resolved,
    lambda: rejected(held(decided(coded(begun()), violation=True))),
    corrected,
    lambda: posted(approved(decided(judged_again(corrected(), "80.00"), total="80.00"))),
    dead_lettered,
    repeated,
)


@cache
def entries_of(make: Callable[[], Trail]) -> list[AuditSealed]:
    """Return a trail's entries, sealed once."""
    return sealed(make())


@pytest.mark.parametrize("make", TRAILS)
def test_every_beginning_of_a_trail_folds_to_the_same_expense(make: Callable[[], Trail]) -> None:
    """After each entry of reviews, corrections, repeats and dead letters nothing differs from decoding all of it."""
    folding = Folding(CODEC)
    sketch: Sketch | None = None
    expense: Expense | None = None
    for sealed_entry, (entry, event) in zip(entries_of(make), opened(entries_of(make)), strict=True):
        sketch, expense = folding.apply(sketch, entry, sealed_entry.output), apply(expense, entry, event)
        assert (folding.settled(sketch) if sketch else None) == expense


def impersonal(entry: AuditSealed, *, hidden: bool) -> AuditSealed:
    """Return an entry whose event has nothing personal, where `hidden`."""
    if not hidden or entry.output is None:
        return entry
    event: Event = CODEC.decode(entry.output)
    return replace(entry, output=CODEC.encode(replace(event, personal=None)))


@settings(max_examples=examples(40), deadline=None)
@given(st.sampled_from(TRAILS), st.data())
def test_the_last_personal_part_is_never_lost(make: Callable[[], Trail], data: st.DataObject) -> None:
    """Whichever events have nothing personal, what stands at the end is the last that had."""
    entries = entries_of(make)
    hidden = data.draw(st.lists(st.booleans(), min_size=len(entries), max_size=len(entries)))
    mixed = [impersonal(entry, hidden=each) for entry, each in zip(entries, hidden, strict=True)]
    assert settled(mixed) == state_at(opened(mixed), LATER)


def test_events_that_have_the_last_word_in_nothing_are_not_kept() -> None:
    """Of a posted expense one event is left, however often tracks and decisions came again."""
    trail = clean()
    for number in range(20):
        trail.go(e.ExpensePosted, "posting", State.POSTED, part=str(number), posting=None)
    (sketch,) = folded(sealed(trail)).values()
    assert len(sketch.words) == 1
    (expense,) = settled(sealed(trail)).values()
    assert (expense.posting, expense.sequence) == (None, len(trail.records))


def test_an_event_that_is_left_and_damaged_is_not_passed_over() -> None:
    """What has the last word must be readable; bytes of no event are refused as they come."""
    entries = sealed(clean())
    output = entries[-1].output
    assert output is not None
    cut = [*entries[:-1], replace(entries[-1], output=output[:-1])]
    with pytest.raises(Undecodable):
        settled(cut)
    with pytest.raises(Undecodable):
        folded([replace(entries[0], output=b"junk")])
