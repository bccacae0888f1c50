"""A mapping larger than memory answers as a dictionary does."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.shelf import Shelf
from tests.depth import examples

KEYS = st.sampled_from([f"{number:02}" for number in range(20)])


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(KEYS, st.integers()), max_size=60), st.integers(1, 30))
def test_what_is_put_down_is_found_again(put: list[tuple[str, int]], at_hand: int) -> None:
    """Whether at hand or in the file, each key has its last value, and all come out sorted."""
    expected: dict[str, int] = {}
    with Shelf[int](at_hand) as shelf:
        for key, value in put:
            assert shelf.get(key) == expected.get(key)
            expected[key] = shelf[key] = value
        assert len(shelf) == len(expected)
        assert list(shelf.by_key()) == sorted(expected.items())
        assert [shelf.get(key) for key in expected] == list(expected.values())


def test_values_come_back_as_they_were() -> None:
    """What lies in the file is equal to what was put there."""
    told = (datetime(2026, 3, 14, tzinfo=UTC), frozenset({"a"}), b"\0")
    with Shelf[tuple[object, ...]](at_hand=1) as shelf:
        shelf["first"] = told
        shelf["second"] = ()
        shelf["third"] = ()
        assert shelf.get("first") == told
        assert shelf.get("none") is None
