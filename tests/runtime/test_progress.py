"""How far a partition is done, and how that survives a restart."""

from hypothesis import given
from hypothesis import strategies as st

from consumers.runtime.progress import WINDOW, Progress
from consumers.runtime.transport import Offset


@st.composite
def fetched_and_done(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Offsets with gaps, and those of them that were completed, in any order."""
    gaps = draw(st.lists(st.integers(1, 50), min_size=1, max_size=200))
    offsets = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    done = draw(st.permutations(offsets))
    return offsets, done[: draw(st.integers(0, len(done)))]


@given(fetched_and_done())
def test_a_restart_does_exactly_what_was_left(case: tuple[list[int], list[int]]) -> None:
    """Whatever was completed in whatever order, the next owner gets precisely the rest."""
    offsets, done = case
    progress = Progress(None)
    for offset in offsets:
        progress.fetched(offset)
    for offset in done:
        progress.complete(offset)
    committed = progress.offset()
    assert len(committed.metadata) <= 4_096
    successor = Progress(committed)
    read_again = [o for o in offsets if o >= committed.next]
    assert [o for o in read_again if o not in successor.skip] == [o for o in offsets if o not in done]


@given(fetched_and_done(), st.data())
def test_what_an_earlier_owner_completed_stays_marked(case: tuple[list[int], list[int]], data: st.DataObject) -> None:
    """A second restart before the skip set was reached again loses none of it."""
    offsets, done = case
    first = Progress(None)
    for offset in offsets:
        first.fetched(offset)
    for offset in done:
        first.complete(offset)
    committed = first.offset()
    second = Progress(committed)
    again = [o for o in offsets if o >= committed.next]
    read = again[: data.draw(st.integers(0, len(again)))]
    for offset in read:
        if offset in second.skip:
            second.passed(offset)
        else:
            second.fetched(offset)
    third = Progress(second.offset())
    assert [o for o in offsets if o >= second.offset().next and o not in third.skip] == [
        o for o in offsets if o not in done
    ]


@given(st.sets(st.integers(1, WINDOW - 1), max_size=400))
def test_metadata_of_a_full_window_fits_the_broker(beyond: set[int]) -> None:
    """The broker takes 4,096 bytes of metadata; a window full of any pattern stays below."""
    progress = Progress(Offset(1_000_000))
    for offset in range(1_000_000, 1_000_000 + WINDOW):
        progress.fetched(offset)
    for ahead in beyond:
        progress.complete(1_000_000 + ahead)
    assert len(progress.offset().metadata) <= 4_096
    assert Progress(progress.offset()).skip == {1_000_000 + a for a in beyond}


def test_metadata_across_a_long_gap_fits_too() -> None:
    """An aborted transaction or compaction can leave a gap longer than the window; the marks beyond it still fit."""
    progress = Progress(None)
    progress.fetched(0)
    for offset in range(300_000, 305_000):
        progress.fetched(offset)
        progress.complete(offset)
    committed = progress.offset()
    assert committed.next == 0
    assert len(committed.metadata) <= 4_096
    assert Progress(committed).skip == set(range(300_000, 305_000))


def test_the_frontier_follows_the_position_when_nothing_is_open() -> None:
    """Transaction markers after the last record are passed, so that lag reaches zero."""
    progress = Progress(Offset(5))
    progress.fetched(5)
    progress.moved(7)
    assert progress.offset() == Offset(5)
    progress.complete(5)
    assert progress.offset() == Offset(7)


def test_metadata_of_a_stranger_is_ignored() -> None:
    """What another tool left in the metadata marks nothing as done."""
    assert Progress(Offset(5, "set by hand")).skip == set()
