"""Where a pull goes on: what was written comes back exactly, whatever the key is made of."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.feed_rows import FeedRefused
from producers.pull.position import key_text, read_position, write_position

_VALUES = st.one_of(
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC])) | st.datetimes(),
    st.uuids(),
)


@given(st.lists(_VALUES, min_size=1, max_size=3))
def test_a_position_comes_back(values: list[object]) -> None:
    """Types and values are those that were written: a key compared as another type passes rows over."""
    back = read_position(write_position(values, "t"))
    assert [(type(v), v) for v in back] == [(type(v), v) for v in values]


@pytest.mark.parametrize("value", [1.5, True, b"x", None])
def test_a_key_without_an_exact_order_is_refused(value: object) -> None:
    """A float is not equal to itself after a round trip through some drivers; rows would come twice."""
    with pytest.raises(FeedRefused, match=r"t: its key holds a value of type .* name another --key"):
        write_position([value], "t")


def test_keys_of_several_columns_cannot_be_mistaken() -> None:
    """The texts of two keys differ wherever the keys do."""
    assert key_text([7], "t") == "7"
    assert key_text(["a", "b,c"], "t") != key_text(["a,b", "c"], "t")
    assert key_text([UUID(int=1), datetime(2026, 1, 2, 3), Decimal("1.0")], "t") == (  # noqa: DTZ001 - a column without zone
        '["00000000-0000-0000-0000-000000000001", "2026-01-02T03:00:00", "1.0"]'
    )
