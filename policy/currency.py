"""Amounts in the minor unit of their currency (ISO 4217)."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from schemas.currencies import minor_units, quantum

__all__ = ["ROUNDINGS", "known", "to_minor_unit"]

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}


def known(code: str) -> bool:
    """Tell whether anything is paid in this ISO 4217 currency (gold and test codes are not)."""
    return minor_units(code) is not None


def to_minor_unit(amount: Decimal, code: str, rounding: str = ROUND_HALF_UP) -> Decimal:
    """Round an amount to the minor unit of its currency."""
    return amount.quantize(quantum(code), rounding=rounding)
