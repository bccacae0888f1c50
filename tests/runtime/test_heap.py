"""What a process keeps of the memory it has given back."""

import gc
import weakref

import psutil
import pytest

from consumers.runtime.heap import Heap, set_aside


def _freed() -> list[bytes]:
    """Free every second of many pieces and return the others."""
    # Larger than what Python keeps for itself, smaller than what the C library takes from the system piece by piece.
    held = [b"x" * (100_000 + n) for n in range(1_000)]
    return held[::2]


def test_what_is_free_is_handed_back_when_it_is_time() -> None:
    """Free pieces between others stay with the process until the heap is looked at two seconds later."""
    now = [0.0]
    heap, process = Heap(lambda: now[0]), psutil.Process()
    between = _freed()
    before = process.memory_info().rss
    heap.look(1)
    assert process.memory_info().rss > before - 10_000_000
    now[0] = 2.0
    heap.look(0)
    assert process.memory_info().rss < before - 30_000_000
    assert len(between) == 500


def test_where_nothing_came_nothing_is_looked_for() -> None:
    """After one look a stage without records is left in peace, however long that lasts."""
    now = [0.0]
    heap, process = Heap(lambda: now[0]), psutil.Process()
    now[0] = 2.0
    heap.look(0)
    between = _freed()
    before = process.memory_info().rss
    now[0] = 60.0
    heap.look(0)
    assert process.memory_info().rss > before - 10_000_000
    assert len(between) == 500


class _Loop:
    """Holds itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.mark.slow  # the collector looks through everything the other tests of this process have left
def test_what_was_set_aside_is_let_go_of_at_the_next_call() -> None:
    """The collector leaves alone what was there, and a member that joins anew leaves nothing of the one before."""
    loop = _Loop()
    seen = weakref.ref(loop)
    try:
        set_aside()
        assert gc.get_freeze_count() > 0
        del loop
        gc.collect()
        assert seen() is not None
        set_aside()
        assert seen() is None
    finally:
        gc.unfreeze()
