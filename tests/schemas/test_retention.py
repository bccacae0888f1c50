"""How long things are kept: the table of laws, and the topics held to it."""

from datetime import date

import pytest

from schemas.retention import JURISDICTIONS, KEPT, LAWS, Begins, Holds, Law, delete_after, laws_of
from schemas.topics import TOPICS, Topic


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_kept_as_the_table_says(topic: Topic) -> None:
    """Each topic has a row, and its retention is that row's; the table names no topic that is not there."""
    assert topic.retention_ms == KEPT[topic.name].ms
    assert KEPT.keys() == {each.name for each in TOPICS}


@pytest.mark.parametrize("name", KEPT)
def test_what_a_law_asks_for_is_not_deleted_by_time(name: str) -> None:
    """A topic whose records a law asks for is kept for ever; only copies go by days."""
    row = KEPT[name]
    assert row.days is None or row.holds == {Holds.COPIES}
    assert row.why


def test_what_laws_ask_for_is_in_some_topic() -> None:
    """Every kind of record that a law names is held somewhere, and every law has its source and a place to read it."""
    held = frozenset(kind for row in KEPT.values() for kind in row.holds)
    for law in LAWS:
        assert law.holds <= held
        assert Holds.COPIES not in law.holds
        assert law.years > 0
        assert law.source
        assert law.url.startswith("https://")


@pytest.mark.parametrize(
    ("begins", "last", "until"),
    [
        (Begins.MADE, date(2026, 5, 2), date(2036, 5, 2)),
        (Begins.YEAR_END, date(2026, 1, 1), date(2037, 1, 1)),
        (Begins.YEAR_END, date(2026, 12, 31), date(2037, 1, 1)),
        (Begins.PERIOD_END, date(2026, 5, 2), date(2037, 5, 2)),
        (Begins.CLOSED, date(2026, 5, 2), date(2038, 5, 2)),
        (Begins.MADE, date(2024, 2, 29), date(2034, 3, 1)),
    ],
)
def test_a_period_ends(begins: Begins, last: date, until: date) -> None:
    """Ten years from each beginning end when they should, and never a day early."""
    assert Law("XX", frozenset({Holds.BOOKS}), 10, begins, "a law", "https://law.example").until(last) == until


def test_the_longest_counts() -> None:
    """Of several laws the last day counts; of no jurisdiction named, all; one that is not known is refused."""
    last, kinds = date(2026, 3, 14), {Holds.BOOKS, Holds.VOUCHERS, Holds.CONTROLS}
    days = {where: delete_after(kinds, last, [where]) for where in JURISDICTIONS}
    assert days["DE"] == date(2037, 1, 1)
    assert days["US"] == date(2035, 3, 14)
    assert delete_after(kinds, last) == max(days.values())
    assert delete_after({Holds.VOUCHERS}, last, ["DE"]) == date(2035, 1, 1)
    assert delete_after({Holds.COPIES}, last) == last
    with pytest.raises(ValueError, match=r"no law of ZZ in the table .* there are DE, FR"):
        laws_of(kinds, ["ZZ", "DE"])
