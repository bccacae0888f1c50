"""Amounts in the minor unit of their currency (ISO 4217)."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cache

from iso4217 import Currency

__all__ = ["ROUNDINGS", "known", "quantum", "to_minor_unit"]

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


@cache
def known(code: str) -> bool:
    """Tell whether the code is an ISO 4217 currency in use that has a minor unit (gold and test codes have none)."""
    try:
        return Currency(code).exponent is not None
    except ValueError:
        return False


@cache
def quantum(code: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for USD, 1 for JPY, 0.001 for KWD.

    Raises:
        ValueError: the code is no currency of ISO 4217, or has no minor unit.

    """
    exponent = Currency(code).exponent
    if exponent is None:
        raise ValueError(f"{code} has no minor unit in ISO 4217; use the currency that is actually paid")
    return Decimal(1).scaleb(-exponent)


def to_minor_unit(amount: Decimal, code: str, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Round an amount to the minor unit of its currency."""
    return amount.quantize(quantum(code), rounding=rounding)
