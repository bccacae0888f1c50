"""What a process keeps of the memory it has given back."""

import psutil

from consumers.runtime.heap import Heap


def test_what_is_free_is_handed_back_when_it_is_time() -> None:
    """Free pieces between others stay with the process until the heap is looked at ten seconds later."""
    now = [0.0]
    heap = Heap(lambda: now[0])
    # Larger than what Python keeps for itself, smaller than what the C library takes from the system piece by piece.
    held = [b"x" * (100_000 + n) for n in range(1_000)]
    between = held[::2]
    del held
    process = psutil.Process()
    before = process.memory_info().rss
    heap.look()
    assert process.memory_info().rss > before - 10_000_000
    now[0] = 10.0
    heap.look()
    assert process.memory_info().rss < before - 30_000_000
    assert len(between) == 500
