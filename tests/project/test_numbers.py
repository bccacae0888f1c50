"""The numbers under which the read model keeps expenses."""

import pytest
from sqlalchemy import Engine, literal_column, select

from consumers.project.tables import ENTRIES, EXPENSES, NUMBERS, REVIEWS, numbered
from tests.audit.trail import approved, coded, decided, posted, resolved
from tests.project.test_model import corrected_one, dead_one, entries_of, put

TRAILS = (resolved("two"), corrected_one("five"), posted(approved(decided(coded(dead_one("six"))))))


def test_a_number_is_the_place_of_the_first_entry_however_the_log_is_cut(engine: Engine) -> None:
    """An id has its number from its first entry on, before there is an expense too, and keeps it."""
    entries = entries_of(*TRAILS)
    for at, entry in enumerate(entries):
        put(engine, [entry], at + 1)
        with engine.connect() as connection:
            known = {row.expense_id: row.number for row in connection.execute(select(NUMBERS))}
            told = set(connection.scalars(select(ENTRIES.c.number)))
            begun = {row.expense_id: row.number for row in connection.execute(select(EXPENSES))}
        assert set(known.values()) == told
        assert begun.items() <= known.items()
    firsts: dict[str, int] = {}
    for entry in entries:
        assert entry.key is not None
        firsts.setdefault(entry.key.decode().removeprefix("e/").rpartition("/")[0], entry.offset)
    assert known == {id_: numbered(0, offset) for id_, offset in firsts.items()}


def test_places_of_all_partitions_have_numbers_of_their_own_that_grow() -> None:
    """No two places share a number, and later offsets of a partition have greater ones."""
    places = [(partition, offset) for offset in (0, 1, 65_535, 65_536, 2**46) for partition in (0, 1, 65_535)]
    numbers = [numbered(*place) for place in places]
    assert numbers == sorted(set(numbers))
    assert max(numbers) < 2**63
    with pytest.raises(ValueError, match="partition 65536"):
        numbered(65_536, 0)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_keeps_expenses_in_the_order_of_their_numbers(engine: Engine) -> None:
    """The number is the row's own place in the file, not a second index beside it."""
    entries = entries_of(*TRAILS)
    put(engine, entries, len(entries))
    with engine.connect() as connection:
        for table in (EXPENSES, NUMBERS, REVIEWS):
            rows = connection.execute(select(literal_column("rowid"), table.c.number).select_from(table)).all()
            assert rows
            assert all(rowid == number for rowid, number in rows)
