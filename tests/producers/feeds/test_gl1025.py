"""American Express GL1025: fixed places, signs, decimals, and a trailer that must be there."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.card_feed import survey
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import JONES, NO_MAP, faults_of, gl1025, gl1025_row, lines_of, said, written


def test_transactions_are_read(tmp_path: Path) -> None:
    """A charge is positive, a credit negative; decimals are those the record states."""
    feed = gl1025(gl1025_row(), gl1025_row(sign="-", billed="000000000000500", decimals="0", currency="392"))
    assert said(tmp_path, feed) == [
        ("2024-01-05", "63.81", "CAD", "NORTHFIELD HARDWARE", "5310"),
        ("2024-01-05", "-500", "JPY", "NORTHFIELD HARDWARE", "5310"),
    ]


def test_the_brand_comes_before_the_establishments_name(tmp_path: Path) -> None:
    """What the merchant is known by, where the record has it; the holder's name and card are personal."""
    row = gl1025_row()
    branded = row[:1867] + "NORTHFIELD".ljust(30) + row[1897:]
    (line,) = lines_of(survey(written(tmp_path, gl1025(branded)), NO_MAP, JONES))
    assert line.merchant == "NORTHFIELD"
    assert (str(line.facts.original_amount), line.facts.original_currency) == ("48.33", "USD")
    assert (line.told["cardholder_name"], line.told["card_number"]) == ("JANE DOE", "***********1234")


@given(st.integers(0, 10**14), st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.booleans())
def test_a_generated_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, minor: int, day: date, credit: bool
) -> None:
    """Amount, sign and day of any record are what was written."""
    row = gl1025_row(billed=f"{minor:015}", day=day.isoformat(), sign="-" if credit else "+")
    (line,) = lines_of(survey(written(tmp_path_factory.getbasetemp(), gl1025(row)), NO_MAP, JONES))
    assert (line.amount * 100, line.day) == (Decimal(-minor if credit else minor), day)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (gl1025(gl1025_row(), trailer=None), "line 3: ends without its trailer"),
        (gl1025(gl1025_row()).replace("\n9", "\n9other"), "line 4: the trailer is of another file"),
        (gl1025(gl1025_row()) + gl1025_row(), "line 5: is no record of GL1025 in its place"),
        (gl1025(gl1025_row()).replace("GL1025", "GL1205"), "line 1: is American Express GL1205, .* GL1025"),
        (gl1025(gl1025_row(sign="x")), "line 3: Sign Indicator .*neither"),
    ],
)
def test_a_feed_that_is_not_whole_is_refused(tmp_path: Path, feed: str, told: str) -> None:
    """Cut short, put together from two files, or of another layout."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, feed), NO_MAP, JONES)


def test_another_count_in_the_trailer_is_told(tmp_path: Path) -> None:
    """What it counts is not published, so it is a note and no refusal."""
    assert (
        survey(written(tmp_path, gl1025(gl1025_row(), count=13)), NO_MAP, JONES)
        .remarks[0]
        .endswith("line 4: the trailer tells of 13, and 1 transactions were found")
    )


def test_a_bad_record_goes_aside(tmp_path: Path) -> None:
    """A short record and one with letters in its amount name their line and field."""
    feed = gl1025(gl1025_row(), gl1025_row(billed="00000000000638x"), gl1025_row()[:900])
    assert [(line, column) for line, column, _ in faults_of(survey(written(tmp_path, feed), NO_MAP, JONES))] == [
        (4, "Billed Amount"),
        (5, ""),
    ]
