"""ISO 4217: which currency codes exist and how finely each is counted.

Minor units come from the ISO list itself (package `iso4217`), not from CLDR: CLDR gives the digits people write
(none for IQD or ALL), and rounding an invoice by those would lose money. CLDR (package `babel`) only supplies
codes that ISO has withdrawn, which old documents and old rate tables still carry.
"""

from decimal import Decimal
from typing import Final

from babel.core import get_global
from iso4217 import Currency

__all__ = ["MINOR_UNITS", "minor_units", "quantum"]

_DEFAULT_DIGITS: Final = 2


def _withdrawn() -> dict[str, int]:
    digits = get_global("currency_fractions")
    return {
        code: digits[code][0] if code in digits else _DEFAULT_DIGITS
        for code in get_global("all_currencies")
        # X codes are metals, bond units and tests: nobody pays with them.
        if not code.startswith("X")
    }


# Code to decimal digits of its minor unit. ISO gives no digits (None) to metals and test codes; nobody is paid in them.
MINOR_UNITS: Final[dict[str, int]] = _withdrawn() | {c.code: c.exponent for c in Currency if c.exponent is not None}
_QUANTA: Final[dict[str, Decimal]] = {code: Decimal(1).scaleb(-digits) for code, digits in MINOR_UNITS.items()}


def minor_units(code: str) -> int | None:
    """Return the decimal digits of a currency's minor unit (JPY 0, KWD 3, CLF 4), None when nobody pays in it."""
    return MINOR_UNITS.get(code)


def quantum(code: str) -> Decimal:
    """Return the smallest amount of a currency, for example 0.01 for EUR.

    Raises:
        KeyError: not a currency that anything is paid in; ask `minor_units` first.

    """
    return _QUANTA[code]
