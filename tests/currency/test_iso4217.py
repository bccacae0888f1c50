"""Minor units follow ISO 4217, not what people write."""

from decimal import Decimal

import pytest

from schemas.currencies import minor_units, quantum


@pytest.mark.parametrize(
    ("code", "digits"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("IQD", 3), ("ALL", 2), ("UGX", 0), ("HRK", 2), ("TRL", 0)],
)
def test_minor_units(code: str, digits: int) -> None:
    """Every currency has the digits of the ISO list, withdrawn ones those of CLDR."""
    assert minor_units(code) == digits
    assert quantum(code) == Decimal(1).scaleb(-digits)


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "ZZZ", "eur", ""])
def test_nobody_pays_in_it(code: str) -> None:
    """Metals, test codes and unknown codes have no minor unit."""
    assert minor_units(code) is None
