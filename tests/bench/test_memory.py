"""What the memory bench makes of its samples, and what it feeds."""

from pathlib import Path

from bench.lines import write_feed
from bench.memory import growth
from bench.watching import Sample


def _samples(*megabytes: int) -> list[Sample]:
    return [Sample(float(n), 10 * n, 5, mb * 10**6, 2 * mb * 10**6) for n, mb in enumerate(megabytes)]


def test_growth_is_between_two_equal_stretches_of_events() -> None:
    """What a stage needs to start, and a single peak, do not count; what it gained since its first stretch does."""
    assert growth("x", _samples(50, 90, 100, 100, 400, 104, 105, 105, 110, 110, 110), early=20) == {
        "x_events": 100,
        "x_per_s": 10.0,
        "x_early_mb": 100.0,
        "x_late_mb": 110.0,
        "x_growth_percent": 10.0,
    }


def test_too_few_events_tell_no_growth() -> None:
    """A stage that did not come far enough has memory, but no growth: None, never a guess."""
    assert growth("x", _samples(50, 60, 70, 80), early=20)["x_growth_percent"] is None
    assert growth("x", [], early=20)["x_events"] == 0


def test_a_feed_is_the_same_again_and_no_line_twice(tmp_path: Path) -> None:
    """The same seed writes the same bytes; two seeds share no line but the header."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_feed(tmp_path / name, 300, seed=seed)
    first, again, other = ((tmp_path / name).read_text().splitlines() for name in "abc")
    assert first == again
    assert len(first) == len(set(first)) == 301
    assert set(first) & set(other) == {first[0]}
