"""Readings as bytes."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.problems import Problem
from documents.reading import (
    Page,
    Reading,
    UnreadableReading,
    Word,
    reading_from_bytes,
    reading_from_plain,
    reading_to_bytes,
)

_edges = st.integers(0, 100_000).map(lambda hundredths: hundredths / 100)
_words = st.builds(Word, st.text(min_size=1), _edges, _edges, _edges, _edges, st.sampled_from([0.0, 0.5, 0.931, 1.0]))
_pages = st.builds(Page, st.integers(1, 9), _edges, _edges, st.lists(_words).map(tuple), st.sampled_from([0.0, -2.5]))
_readings = st.builds(
    Reading,
    kind=st.sampled_from(["image", "digital_pdf", "ubl"]),
    pages=st.lists(_pages, max_size=3).map(tuple),
    engine=st.text(),
    problems=st.lists(st.builds(Problem, st.just("REPAIRED"), st.text()), max_size=2).map(tuple),
    xml=st.none() | st.text(),
)


@given(_readings)
def test_a_reading_survives_its_bytes(reading: Reading) -> None:
    """What the slow step read is what the fast one gets, to a hundredth of a unit."""
    assert reading_from_bytes(reading_to_bytes(reading)) == reading


@pytest.mark.parametrize("data", [b"", b"not zlib", zlib.compress(b"[1]"), zlib.compress(b'{"format": 99}')])
def test_other_bytes_are_refused(data: bytes) -> None:
    """Damaged or newer bytes are refused by name instead of misread."""
    with pytest.raises(UnreadableReading, match="reading"):
        reading_from_bytes(data)


@pytest.mark.parametrize("plain", [None, {}, {"format": 1, "kind": "image"}, {"format": 1, "pages": [[1]]}])
def test_other_data_is_refused(plain: object) -> None:
    """The same holds for data that came another way than as bytes."""
    with pytest.raises(UnreadableReading):
        reading_from_plain(plain)
