"""Amounts in the reporting currency: rounded once, split so that no cent appears or disappears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from typing import Final, Literal

from consumers.currency.rates import RateTable
from schemas.currencies import minor_units, quantum
from schemas.records import Conversion, Problem

__all__ = ["ROUNDINGS", "Rounding", "allocate", "convert_amounts", "implied_rate_problem", "round_amount"]

Rounding = Literal["half_up", "half_even"]
ROUNDINGS: Final[dict[Rounding, str]] = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
STAGE: Final = "currency"
# An amount has 22 digits and a rate 28: their product is exact within this.
_DIGITS: Final = 60


@dataclass(frozen=True, slots=True)
class _Share:
    units: int
    remainder: Decimal


def round_amount(amount: Decimal, currency: str, rounding: Rounding) -> Decimal:
    """Return the amount in whole minor units of an ISO 4217 currency.

    Raises:
        KeyError: not a currency that anything is paid in.

    """
    with localcontext(prec=_DIGITS):
        return amount.quantize(quantum(currency), rounding=ROUNDINGS[rounding])


def allocate(parts: Sequence[Decimal], total: Decimal, unit: Decimal) -> tuple[Decimal, ...]:
    """Split `total` over `parts` in whole `unit`s so that the shares add up to `total` exactly.

    Largest-remainder method: every part gets its floor, the units left over go to the largest remainders, ties to
    the earlier part. A part of zero stays zero, unless all are and there is a total to place, which then falls to the
    first. `parts` are exact, unrounded amounts; `total` is a multiple of `unit`.

    Raises:
        ValueError: there is a total and no part to carry it.

    """
    with localcontext(prec=_DIGITS):
        if len(parts) == 1:
            # Whatever it is, it carries all.
            return (int(total / unit) * unit,)
        shares = [_share(part, unit) for part in parts]
        left = int(total / unit) - sum(share.units for share in shares)
        carriers = [index for index, part in enumerate(parts) if part] or ([0] if parts else [])
        if not carriers:
            if left:
                msg = f"cannot split {total} over no parts; give at least one part"
                raise ValueError(msg)
            return ()
        carriers.sort(key=lambda index: (-shares[index].remainder, index))
        each, extra = divmod(left, len(carriers))
        units = [share.units for share in shares]
        for place, index in enumerate(carriers):
            units[index] += each + (1 if place < extra else 0)
        return tuple(count * unit for count in units)


def _share(part: Decimal, unit: Decimal) -> _Share:
    exact = part / unit
    floor = exact.to_integral_value(rounding=ROUND_FLOOR)
    return _Share(int(floor), exact - floor)


def convert_amounts(
    total: Decimal | None,
    lines: Sequence[Decimal | None],
    currency: str,
    target: str,
    *,
    day: date,
    table: RateTable,
    rounding: Rounding = "half_up",
) -> Conversion | Problem:
    """Return total and lines in `target` at the rate of `day`, or the problem that prevents it.

    The total is rounded once; the lines share the rounded value of their own sum, so lines that add up to the total
    (or to the total less tax) still do. Problems: MISSING_AMOUNT, UNKNOWN_CURRENCY, NO_RATE. A wrong figure here
    would be judged and posted, so nothing is ever assumed.
    """
    amounts = [amount for amount in lines if amount is not None]
    if total is None or len(amounts) != len(lines):
        where = None if total is None else next(i for i, amount in enumerate(lines, start=1) if amount is None)
        return _problem("MISSING_AMOUNT", "An amount is missing, nothing can be converted: state it.", "total", where)
    for code in (currency, target):
        if minor_units(code) is None:
            return _problem("UNKNOWN_CURRENCY", f"{code!r} is no ISO 4217 currency: state the currency.", "currency")
    found = table.rate(currency, target, day)
    if found is None:
        return _problem("NO_RATE", _no_rate(currency, target, day, table), "currency")
    with localcontext(prec=_DIGITS):
        exact = [amount * found.rate for amount in amounts]
        converted = allocate(exact, round_amount(sum(exact, Decimal(0)), target, rounding), quantum(target))
        return Conversion(
            currency=target,
            total=round_amount(total * found.rate, target, rounding),
            line_amounts=converted,
            rate=found.rate,
            rate_date=found.day,
            source="identity" if currency == target else table.source,
            snapshot_date=table.snapshot_date,
        )


def _no_rate(currency: str, target: str, day: date, table: RateTable) -> str:
    unquoted = [code for code in (currency, target) if not table.knows(code)]
    if unquoted:
        return f"{table.source} does not quote {' or '.join(unquoted)}: state the amount in {target}."
    return (
        f"{table.source} has no rate from {currency} to {target} on {day} or the ten days before "
        f"(the table ends on {table.snapshot_date}): load a newer table or state the amount in {target}."
    )


def implied_rate_problem(
    billed: tuple[Decimal, str], original: tuple[Decimal, str], *, day: date, table: RateTable, tolerance: Decimal
) -> Problem | None:
    """Return FX_MISMATCH when a card feed's own two amounts do not fit the day's rate.

    `billed` and `original` are (amount, ISO 4217 code) of the same purchase; `tolerance` is a share, 0.05 for five
    per cent, which must leave room for the card issuer's mark-up. None when they fit or no rate is known to compare.
    """
    found = table.rate(original[1], billed[1], day)
    if found is None or not original[0]:
        return None
    with localcontext(prec=_DIGITS):
        expected = original[0] * found.rate
        # One minor unit of grace: on small amounts rounding alone exceeds any share.
        if abs(billed[0] - expected) <= abs(expected) * tolerance + quantum(billed[1]):
            return None
        implied = (billed[0] / original[0]).quantize(Decimal("1e-6"))
    return _problem(
        "FX_MISMATCH",
        f"The card billed {billed[0]} {billed[1]} for {original[0]} {original[1]}, a rate of {implied}; "
        f"{table.source} says {found.rate.normalize():f} on {found.day}: check the amounts.",
        "total",
    )


def _problem(code: str, message: str, field: str, line: int | None = None) -> Problem:
    return Problem(code=code, message=message, field=field, line=line, stage=STAGE)
