"""Conversion creates and loses no cent, and says so when it cannot be done."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.currency.convert import Rounding, allocate, convert_amounts, implied_rate_problem, round_amount
from consumers.currency.rates import RateTable
from schemas.currencies import quantum
from schemas.records import Conversion, Problem

DAY = date(2024, 3, 28)
RATES = ("1.0811", "163.45", "0.33267", "17149.36", "7.4587")
TABLE = RateTable(
    "ECB",
    "v1",
    DAY,
    {"USD": 0, "JPY": 1, "KWD": 2, "IDR": 3, "DKK": 4},
    {DAY.toordinal(): tuple(Decimal(rate) for rate in RATES)},
)
CODES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "IDR", "DKK"])
AMOUNTS = st.decimals(Decimal("-99999999.9999"), Decimal("99999999.9999"), places=4)
ROUNDINGS: list[Rounding] = ["half_up", "half_even"]


def convert(total: str, lines: list[str], currency: str, target: str, rounding: Rounding = "half_up") -> Conversion:
    """Return a conversion that must succeed."""
    found = convert_amounts(
        Decimal(total), [Decimal(x) for x in lines], currency, target, day=DAY, table=TABLE, rounding=rounding
    )
    assert isinstance(found, Conversion)
    return found


@given(st.lists(AMOUNTS, min_size=1, max_size=30), CODES, CODES, st.sampled_from(ROUNDINGS))
def test_no_cent_is_created_or_lost(lines: list[Decimal], currency: str, target: str, rounding: Rounding) -> None:
    """Lines that add up to the total still do after conversion, each within one minor unit of its own value."""
    found = convert_amounts(sum(lines, Decimal(0)), lines, currency, target, day=DAY, table=TABLE, rounding=rounding)
    assert isinstance(found, Conversion)
    assert sum(found.line_amounts) == found.total
    unit = quantum(target)
    for before, after in zip(lines, found.line_amounts, strict=True):
        assert abs(before * found.rate - after) <= unit
        assert after % unit == 0


@given(st.lists(AMOUNTS, min_size=1, max_size=20), CODES)
def test_same_currency_changes_nothing(lines: list[Decimal], currency: str) -> None:
    """Amounts that are already whole minor units come back untouched at rate one."""
    whole = [round_amount(line, currency, "half_up") for line in lines]
    found = convert_amounts(sum(whole, Decimal(0)), whole, currency, currency, day=DAY, table=TABLE)
    assert isinstance(found, Conversion)
    assert list(found.line_amounts) == whole
    assert (found.rate, found.source) == (Decimal(1), "identity")


@given(
    st.lists(AMOUNTS, min_size=1, max_size=20),
    st.decimals(Decimal(-10000), Decimal(10000), places=2),
)
def test_allocation_reaches_any_total(parts: list[Decimal], total: Decimal) -> None:
    """The shares add up to whatever total is asked for, and a zero part takes nothing beside others."""
    shares = allocate(parts, total, Decimal("0.01"))
    assert sum(shares) == total
    if any(parts):
        assert all(share == 0 for part, share in zip(parts, shares, strict=True) if part == 0)


def test_allocation_over_nothing() -> None:
    """No parts carry no total; asking them to is refused."""
    assert allocate([], Decimal(0), Decimal("0.01")) == ()
    assert allocate([Decimal(0), Decimal(0)], Decimal("0.02"), Decimal("0.01")) == (Decimal("0.02"), Decimal(0))
    with pytest.raises(ValueError, match="no parts"):
        allocate([], Decimal(1), Decimal("0.01"))


def test_the_leftover_cent_goes_to_the_largest_remainder() -> None:
    """Three equal lines that cannot share evenly give the first the odd cent."""
    assert convert("3.00", ["1.00", "1.00", "1.00"], "EUR", "USD").line_amounts == (
        Decimal("1.08"),
        Decimal("1.08"),
        Decimal("1.08"),
    )
    found = convert("30.03", ["10.01", "10.01", "10.01"], "EUR", "USD")
    assert found.total == Decimal("32.47")
    assert found.line_amounts == (Decimal("10.83"), Decimal("10.82"), Decimal("10.82"))


def test_tax_beside_the_lines_stays_beside_them() -> None:
    """Lines without tax share their own sum, not the taxed total."""
    found = convert("119.00", ["60.00", "40.00"], "EUR", "USD")
    assert found.total == Decimal("128.65")
    assert sum(found.line_amounts) == Decimal("108.11")


def test_rounding_is_by_setting() -> None:
    """Exactly half a cent goes up, or to the even cent."""
    assert round_amount(Decimal("0.125"), "USD", "half_up") == Decimal("0.13")
    assert round_amount(Decimal("0.125"), "USD", "half_even") == Decimal("0.12")
    assert round_amount(Decimal("-0.125"), "USD", "half_up") == Decimal("-0.13")
    assert round_amount(Decimal("2.5"), "JPY", "half_even") == Decimal(2)


def test_the_event_carries_what_it_was_computed_with() -> None:
    """Rate, its day, its publisher and the table's last day are on the result."""
    found = convert("100.00", ["100.00"], "EUR", "JPY")
    assert (found.total, found.rate, found.rate_date) == (Decimal(16345), Decimal("163.45"), DAY)
    assert (found.currency, found.source, found.snapshot_date) == ("JPY", "ECB", DAY)


@pytest.mark.parametrize(
    ("total", "lines", "currency", "day", "code"),
    [
        (Decimal(1), [Decimal(1)], "ZZZ", DAY, "UNKNOWN_CURRENCY"),
        (Decimal(1), [Decimal(1)], "$", DAY, "UNKNOWN_CURRENCY"),
        (Decimal(1), [Decimal(1)], "XAU", DAY, "UNKNOWN_CURRENCY"),
        (Decimal(1), [Decimal(1)], "CLF", DAY, "NO_RATE"),
        (Decimal(1), [Decimal(1)], "EUR", date(2024, 5, 1), "NO_RATE"),
        (None, [Decimal(1)], "EUR", DAY, "MISSING_AMOUNT"),
        (Decimal(1), [None], "EUR", DAY, "MISSING_AMOUNT"),
    ],
)
def test_what_cannot_be_converted_is_a_problem(
    total: Decimal | None, lines: list[Decimal | None], currency: str, day: date, code: str
) -> None:
    """An unknown currency, a missing rate and a missing amount are doubts, never guesses."""
    found = convert_amounts(total, lines, currency, "USD", day=day, table=TABLE)
    assert isinstance(found, Problem)
    assert (found.code, found.stage) == (code, "currency")


def test_missing_line_amount_names_its_line() -> None:
    """The problem names the line that has no amount."""
    found = convert_amounts(Decimal(2), [Decimal(1), None], "EUR", "USD", day=DAY, table=TABLE)
    assert isinstance(found, Problem)
    assert found.line == 2


def test_implied_rate() -> None:
    """A feed's own rate may differ by the issuer's mark-up, not by more."""
    original = (Decimal("100.00"), "EUR")

    def check(billed: str) -> Problem | None:
        return implied_rate_problem((Decimal(billed), "USD"), original, day=DAY, table=TABLE, tolerance=Decimal("0.05"))

    assert check("110.50") is None
    assert check("-110.50") is not None
    problem = check("150.00")
    assert problem is not None
    assert problem.code == "FX_MISMATCH"
    assert "1.0811" in problem.message
