"""What is stated of a place, taken apart in any spelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.per_diem.models import RateTable
from policy.per_diem.places import Directory, Doubt
from policy.per_diem.states import state_of_zip
from policy.per_diem.where import Where, plain, where_of
from tests.depth import examples
from tests.policy.per_diem_tables import ABROAD, HOME

DIRECTORIES = tuple(Directory.of(RateTable.model_validate(data)) for data in (HOME, ABROAD))
STATED = [
    "Boston, MA", "Boston, Massachusetts 02110", "Suffolk County, MA", "Portland", "Portland, Maine", "New York, NY",
    "Vancouver", "Paris", "Kings County, New York", "02110", "Worcester, MA", "St. Louis, MO",
]  # fmt: skip
SPACES = st.sampled_from([" ", "  ", "\u00a0"])


@pytest.mark.parametrize(
    ("country", "locality", "expected"),
    [
        (None, "Boston", Where(None, None, None, None, ("boston",))),
        ("US", "Boston", Where("US", None, None, None, ("boston",))),
        ("us", "Boston, MA 02110", Where("US", "MA", "02110", None, ("boston",))),
        (None, "Boston MA", Where("US", "MA", None, None, ("boston",), foreign="MA")),
        ("US", "Charleston, West Virginia", Where("US", "WV", None, None, ("charleston",))),
        ("US", "Charleston West Virginia", Where("US", "WV", None, None, ("charleston",))),
        ("US", "New York", Where("US", None, None, None, ("new york",))),
        ("US", "New York New York", Where("US", "NY", None, None, ("new york",))),
        ("US", "Washington D.C.", Where("US", "DC", None, None, ("washington",))),
        ("US", "DC", Where("US", "DC", None, None, ("washington",))),
        ("US", "Prince George's County, MD", Where("US", "MD", None, "prince georges", ())),
        ("US", "County of Kings, NY", Where("US", "NY", None, "kings", ())),
        ("US", "Orleans Parish, Louisiana", Where("US", "LA", None, "orleans", ())),
        ("US", "City of Richmond, VA", Where("US", "VA", None, None, ("richmond",))),
        ("PR", "San Juan", Where("US", "PR", None, None, ("san juan",))),
        ("PR", None, Where("US", "PR", None, None, ())),
        ("US", "Saint-Louis, MO, USA", Where("US", "MO", None, None, ("st louis",))),
        ("CH", "Zürich", Where("CH", None, None, None, ("zurich",))),
        ("CA", "London, Ontario", Where("CA", None, None, None, ("london ontario", "london", "ontario"))),
        ("FR", "75001 Paris", Where("FR", None, None, None, ("75001 paris",))),
        (None, "75001 Paris", Where(None, None, None, None, ("75001 paris",))),
        (None, None, Where(None, None, None, None, ())),
        (" ", " , ", Where(None, None, None, None, ())),
    ],
)
def test_a_locality_is_taken_apart(country: str | None, locality: str | None, expected: Where) -> None:
    """Country, state, ZIP, county and name are told from each other; what is not stated stays open."""
    assert where_of(country, locality) == expected


@pytest.mark.parametrize(
    ("locality", "said"),
    [
        ("Boston, MA 10001", "what is stated lies in several states: MA, NY"),
        ("Boston 02110 02111", "2 ZIP codes are stated"),
    ],
)
def test_what_clashes_is_said(locality: str, said: str) -> None:
    """A ZIP of another state than the one stated is no evidence for either."""
    assert where_of("US", locality).conflict == said


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("00601", "PR"), ("01001", "MA"), ("05501", "MA"), ("06390", "NY"), ("10001", "NY"), ("20001", "DC"),
        ("20101", "VA"), ("39901", "GA"), ("73301", "TX"), ("83414", "WY"), ("88510", "TX"), ("96701", "HI"),
        ("96799", "AS"), ("99501", "AK"), ("09001", None), ("96910", None), ("00001", None), ("34001", None),
    ],
)  # fmt: skip
def test_a_zip_tells_its_state(code: str, state: str | None) -> None:
    """Three digits give the state; military mail and what is in several territories gives none."""
    assert state_of_zip(code) == state


def test_spellings_are_one_name() -> None:
    """Capitals, accents, points, hyphens and the short forms of saint, fort and mount make no difference."""
    assert {plain(name) for name in ("St. Louis", "SAINT LOUIS", "Saint-Louis", "st  louis")} == {"st louis"}
    assert plain("São Paulo") == plain("SAO PAULO")


@settings(deadline=None, max_examples=examples(200))
@given(st.one_of(st.none(), st.text(max_size=3)), st.one_of(st.none(), st.text(max_size=40)))
def test_any_text_finds_one_place_or_none(country: str | None, locality: str | None) -> None:
    """Whatever is stated, a table answers with one of its places, a doubt in words, or nothing; it never raises."""
    where = where_of(country, locality)
    for directory in DIRECTORIES:
        found = directory.find(where)
        assert found is None or (found.why if isinstance(found, Doubt) else found in range(len(directory.table.places)))


@settings(deadline=None, max_examples=examples(200))
@given(st.sampled_from(STATED), st.sampled_from([None, "US", "CA", "FR"]), st.data())
def test_spelling_changes_nothing(locality: str, country: str | None, data: st.DataObject) -> None:
    """Capitals, spaces around words and after commas, and a missing comma before the state find the same place."""
    spelt = data.draw(st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))(locality)
    spelt = data.draw(st.sampled_from(["{}", " {} ", "{},", "\t{}"])).format(spelt).replace(" ", data.draw(SPACES))
    for directory in DIRECTORIES:
        assert directory.find(where_of(country, spelt)) == directory.find(where_of(country, locality))
