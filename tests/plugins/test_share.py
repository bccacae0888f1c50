"""Shares of the test files: every file is in one, and they are of about the same size."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.share import dealt

_SIZES = st.dictionaries(st.from_regex(r"test_[a-z]{1,8}\.py", fullmatch=True).map(Path), st.integers(0, 20_000))


@given(sizes=_SIZES, number=st.integers(1, 9))
def test_every_file_is_in_one_share(sizes: dict[Path, int], number: int) -> None:
    """No file is left out or run twice, and the order they were found in says nothing."""
    shares = dealt(sizes, number)
    assert len(shares) == number
    assert sorted(path for share in shares for path in share) == sorted(sizes)
    assert dealt(dict(reversed(sizes.items())), number) == shares


@given(sizes=_SIZES, number=st.integers(1, 9))
def test_no_share_is_larger_than_another_by_more_than_a_file(sizes: dict[Path, int], number: int) -> None:
    """The shares end together, but for the largest file."""
    held = [sum(sizes[path] for path in share) for share in dealt(sizes, number)]
    assert max(held) - min(held) <= max(sizes.values(), default=0)
