"""The rate of a day comes from the table or not at all."""

import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.currency.rates import MAX_AGE_DAYS, RateFileError, RateTable, bundled_rates, load_rates

CSV = """Date,USD,JPY,HRK,
2024-03-28,1.0811,163.45,N/A,
2024-03-27,1.0816,163.52,N/A,
2022-12-30,1.0666,140.66,7.5365,
"""


@pytest.fixture
def table(tmp_path: Path) -> RateTable:
    """Return a table of three days around Easter 2024."""
    path = tmp_path / "rates.csv"
    path.write_text(CSV, encoding="utf-8")
    return load_rates(path)


def test_rate_of_the_day(table: RateTable) -> None:
    """A euro buys what the ECB published, and a dollar its twelve-digit inverse."""
    day = date(2024, 3, 27)
    there, back = table.rate("EUR", "USD", day), table.rate("USD", "EUR", day)
    assert there is not None
    assert back is not None
    assert (there.rate, there.day) == (Decimal("1.0816"), day)
    assert back.rate == Decimal("0.924556213018")


def test_cross_rate_goes_through_the_euro(table: RateTable) -> None:
    """Dollars become yen by the two euro rates of the same day."""
    found = table.rate("USD", "JPY", date(2024, 3, 28))
    assert found is not None
    assert found.rate == (Decimal("163.45") / Decimal("1.0811")).quantize(Decimal("1e-12"))


def test_weekend_takes_the_business_day_before(table: RateTable) -> None:
    """Easter Monday is judged at Maundy Thursday's rate and says so."""
    found = table.rate("EUR", "USD", date(2024, 4, 1))
    assert found is not None
    assert found.day == date(2024, 3, 28)


def test_too_old_is_no_rate(table: RateTable) -> None:
    """Ten days back still counts, eleven do not, and nothing looks ahead."""
    last = date(2024, 3, 28)
    assert table.rate("EUR", "USD", last + timedelta(days=MAX_AGE_DAYS)) is not None
    assert table.rate("EUR", "USD", last + timedelta(days=MAX_AGE_DAYS + 1)) is None
    assert table.rate("EUR", "USD", date(2022, 12, 29)) is None


def test_unquoted_currency_is_no_rate(table: RateTable) -> None:
    """A currency the table lacks, or no longer quotes, has no rate."""
    assert table.rate("EUR", "KWD", date(2024, 3, 28)) is None
    assert table.rate("HRK", "EUR", date(2024, 3, 28)) is None
    assert table.rate("HRK", "EUR", date(2022, 12, 31)) is not None


def test_same_currency_needs_no_table(table: RateTable) -> None:
    """A currency is worth one of itself on any day, quoted or not."""
    found = table.rate("KWD", "KWD", date(1970, 1, 1))
    assert found is not None
    assert (found.rate, found.day) == (Decimal(1), date(1970, 1, 1))


def test_zip_and_csv_hold_the_same(tmp_path: Path, table: RateTable) -> None:
    """The zipped form loads to the same rates."""
    path = tmp_path / "rates.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rates.csv", CSV)
    assert load_rates(path).rows == table.rows


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "row 1"),
        ("Day,USD\n", "row 1"),
        ("Date,USD,\n", "holds no day"),
        ("Date,USD,\n28.03.2024,1.08,\n", "row 2, column Date"),
        ("Date,USD,JPY,\n2024-03-28,1.08\n", "cut short"),
        ("Date,USD,\n2024-03-28,abc,\n", "no positive number"),
        ("Date,USD,\n2024-03-28,-1,\n", "no positive number"),
        ("Date,USD,\n2024-03-28,NaN,\n", "no positive number"),
        ("Date,USD,\n2024-03-28,1,\n2024-03-28,1,\n", "stands twice"),
    ],
)
def test_bad_table_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """A broken table is refused with file and row, not half loaded."""
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RateFileError, match=complaint) as caught:
        load_rates(path)
    assert str(path) in str(caught.value)


def test_missing_file_and_crowded_zip_are_refused(tmp_path: Path) -> None:
    """A missing file and a zip of several tables say what to do."""
    with pytest.raises(RateFileError, match="cannot be read"):
        load_rates(tmp_path / "absent.zip")
    crowded = tmp_path / "two.zip"
    with zipfile.ZipFile(crowded, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    with pytest.raises(RateFileError, match="2 CSV files"):
        load_rates(crowded)


def test_bundled_history() -> None:
    """The shipped history starts with the euro and knows its first dollar rate."""
    found = bundled_rates().rate("EUR", "USD", date(1999, 1, 4))
    assert found is not None
    assert found.rate == Decimal("1.1789")


@given(st.dates(date(2022, 12, 1), date(2024, 5, 1)))
def test_never_from_the_future_never_stale(day: date) -> None:
    """Whatever the day, the rate is of that day or at most ten days before."""
    rows = {d.toordinal(): (Decimal("1.1"),) for d in (date(2023, 1, 2), date(2023, 6, 1), date(2024, 3, 28))}
    found = RateTable("t", "v", date(2024, 3, 28), {"USD": 0}, rows).rate("USD", "EUR", day)
    if found is None:
        assert not any(day.toordinal() - MAX_AGE_DAYS <= o <= day.toordinal() for o in rows)
    else:
        assert 0 <= (day - found.day).days <= MAX_AGE_DAYS
        assert found.day.toordinal() in rows
