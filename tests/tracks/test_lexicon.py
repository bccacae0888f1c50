"""Words are found however they are printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.folding import fold
from consumers.lexicon import Lexicon, Term

WORDS = Lexicon(
    [
        Term("parking", "ground", 80),
        Term("parking lot reseal", "site", 80),
        Term("hotel", "lodging", 80),
        Term("hotel", "lodging", 40, part=True),
        Term("stationery", "office", 80),
        Term("gas", "utilities", 40),
    ]
)


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("Parking Lot Reseal", ["site"]),
        ("parking, lot B", ["ground"]),
        ("PARKING hotel", ["ground", "lodging"]),
        ("Parkhotel", ["lodging"]),
        ("Hotelrechnung", ["lodging"]),
        ("statlonery", ["office"]),
        ("gasket", []),
        ("", []),
    ],
)
def test_found(text: str, meanings: list[str]) -> None:
    """The longest phrase, parts of compounds, and misread long words count; look-alikes do not."""
    assert [hit.meaning for hit in WORDS.find(text)] == meanings


def test_the_stronger_weight_stands() -> None:
    """A word given twice keeps its larger weight, and a repaired one says a little less."""
    assert WORDS.find("hotel")[0].weight == 80
    assert WORDS.find("statlonery")[0].weight == 72


@given(st.text(max_size=100))
def test_folding_is_stable(text: str) -> None:
    """Folding twice changes nothing, and any text can be searched."""
    assert fold(fold(text)) == fold(text)
    assert sum(hit.words for hit in WORDS.find(text)) <= len(fold(text).split())
