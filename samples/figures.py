"""Billed lines, their totals, and how amounts and dates are written in each country.

Amounts are Decimal throughout. A line is rounded to the cent before it is summed, as the printed column adds up.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Round half up to the cent, the commercial rounding printed on invoices."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Line:
    """One billed line: what, how many, at what unit price."""

    description: str
    quantity: Decimal
    unit_price: Decimal

    @property
    def amount(self) -> Decimal:
        """Quantity times price, to the cent."""
        return cents(self.quantity * self.unit_price)


def line(description: str, quantity: str, unit_price: str) -> Line:
    """Build a line from the figures as they are printed."""
    return Line(description, Decimal(quantity), Decimal(unit_price))


@dataclass(frozen=True, slots=True)
class Totals:
    """The foot of an invoice at one tax rate (a fraction: 0.19 is 19 %)."""

    subtotal: Decimal
    tax: Decimal
    total: Decimal


def add_up(lines: tuple[Line, ...], tax_rate: str) -> Totals:
    """Sum the lines and put tax on the sum."""
    subtotal = sum((each.amount for each in lines), Decimal(0))
    tax = cents(subtotal * Decimal(tax_rate))
    return Totals(subtotal, tax, subtotal + tax)


def english(amount: Decimal) -> str:
    """Write 1,234.56."""
    return format_decimal(amount, format="#,##0.00", locale="en")


def german(amount: Decimal) -> str:
    """Write 1.234,56."""
    return format_decimal(amount, format="#,##0.00", locale="de")


def american_date(day: date) -> str:
    """Write 10/07/2026 for the seventh of October."""
    return f"{day:%m/%d/%Y}"


def german_date(day: date) -> str:
    """Write 07.10.2026 for the seventh of October."""
    return f"{day:%d.%m.%Y}"


def long_date(day: date) -> str:
    """Write October 7, 2026. Month names are fixed in English, whatever the machine's locale."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def british_date(day: date) -> str:
    """Write 7 October 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
