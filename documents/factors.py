"""What a row of a table counts: its amount, the quantity and unit price that make it, its tax rate."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.descriptions import COUNT
from documents.numerals import parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from documents.headings import Head
    from documents.layout import Row
    from documents.numerals import Amount

_CLOSE: Final = Decimal("0.02")
_INEXACT: Final = Decimal("0.01")
"""Share by which a printed unit price, itself rounded, can miss the amount of its line."""

# A line discounted by more than 70 % is rarer than two numbers that stand in each other's way.
_LEAST_SHARE: Final = Decimal("0.3")
_PERCENT = re.compile(r"^(\d{1,2}(?:[.,]\d{1,2})?)%?$")


def line_amount(head: Head | None, amounts: Sequence[Amount]) -> Amount | None:
    """The amount of a row: in its column, where the table has one, else the last that looks like money."""
    money = [amount for amount in amounts if amount.is_money]
    column = next((role for role in ("amount", "net") if head and head.span(role)), None)
    if head is None or column is None:
        return money[-1] if money else None
    inside = [amount for amount in amounts if head.column_of(amount.x0, amount.x1) == column]
    return next((amount for amount in reversed(inside) if amount.is_money), inside[-1] if inside else None)


def factors(head: Head | None, row: Row, rest: list[Amount], amount: Amount) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and unit price: what multiplies to the amount, else what the columns say."""
    numbers = [(each.value, each.x0, each.x1) for each in rest]
    numbers += [
        (Decimal(match[1].replace(",", ".")), word.x0, word.x1)
        for word in row.words
        if word.x1 <= amount.x0 and (match := COUNT.match(word.text)) and not any(word in each.words for each in rest)
    ]
    priced = {each.x0 for each in rest if each.symbol}
    named: dict[str, Decimal] = {}
    if head:
        for value, x0, x1 in numbers:
            column = head.column_of(x0, x1)
            if column != "quantity" or x0 not in priced:  # what has a currency beside it counts nothing
                named.setdefault(column, value)
    quantity, price = named.get("quantity"), named.get("unit_price")
    if quantity is not None and price is not None:
        taxes = [value for value, _, _ in numbers if value not in {quantity, price}]
        if _plausible(quantity * price, amount.value, taxes):
            return quantity, price
    pairs = [
        (one, two)
        for one, left, _ in numbers
        for two, right, _ in numbers
        if left != right and left not in priced and abs(one * two - amount.value) <= _CLOSE and one != 0
    ]
    # The count is the whole number; of two, the one printed first.
    whole = [(one, two) for one, two in pairs if one == one.to_integral_value()]
    if whole or pairs:
        return (whole or pairs)[0]
    if quantity is not None and price is not None:
        # Columns that cannot belong together: a year or a size in the description reached into the count's column.
        return None, price
    if quantity is None and price is not None and price == amount.value:
        quantity = Decimal(1)
    return quantity, price


def tax_rate(head: Head | None, row: Row) -> Decimal | None:
    """A percentage on the row, or a bare number in the column of tax rates."""
    for at, word in enumerate(row.words):
        match = _PERCENT.match(word.text)
        if not match:
            continue
        marked = word.text.endswith("%") or (at + 1 < len(row.words) and row.words[at + 1].text.startswith("%"))
        in_column = head is not None and head.column_of(word.x0, word.x1) == "tax_rate"
        if marked and (in_column or head is None or not head.span("discount")):
            return parse_amount(match[1])
    return None


def _plausible(product: Decimal, amount: Decimal, others: Iterable[Decimal]) -> bool:
    """Return whether quantity times price can be this line.

    It is the amount itself but for rounding, more by a discount of up to 70 %, or less by the tax beside it: another
    number of the row that is the difference.
    """
    if abs(product - amount) <= max(_CLOSE, abs(amount) * _INEXACT):
        return True
    discounted = abs(amount) <= abs(product) <= abs(amount) / _LEAST_SHARE
    return discounted or any(abs(product + each - amount) <= _CLOSE for each in others)
