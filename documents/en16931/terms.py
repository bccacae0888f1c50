"""The semantic model of EN 16931-1, as far as its rules ask: business terms (BT) and groups (BG), free of syntax.

A term that is absent is None; one that is present without content is an empty text, because several rules tell the
two apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

Scope = Literal["full", "extended", "basic_wl", "minimum", "core"]
"""How much of the norm a document claims: `core` is for syntaxes and customizations that never promised EN 16931."""

_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})")
_CENT: Final = Decimal("0.01")


def parse_number(written: str | None) -> Decimal | None:
    """The number a document states; what only `Decimal` would take (1E400, NaN) is none, and would cost memory."""
    return Decimal(written) if written and _NUMBER.fullmatch(written) else None


def to_cents(value: Decimal) -> Decimal:
    """Rounded to two decimals, halves away from zero, as the norm rounds its sums."""
    return value.quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount as written, so that its decimals can be counted."""

    written: str
    currency: str | None = None

    @property
    def value(self) -> Decimal | None:
        """The amount's value, None when it is no number."""
        return parse_number(self.written)

    @property
    def decimals(self) -> int:
        """Digits behind the point, trailing zeros included."""
        return len(self.written.partition(".")[2])


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4), buyer (BG-7), payee (BG-10) or tax representative (BG-11)."""

    name: str | None = None
    identified: bool = False  # by an identifier of its own (BT-29, BT-46)
    registration: str | None = None  # legal registration (BT-30, BT-47)
    vat_ids: tuple[str, ...] = ()  # BT-31, BT-48, BT-63
    tax_ids: tuple[str, ...] = ()  # local tax registrations (BT-32)
    addressed: bool = False
    country: str | None = None
    endpoint_scheme: str | None = None  # None without an electronic address, empty for one without a scheme


@dataclass(frozen=True, slots=True)
class Period:
    """An invoicing period; dates as eight digits. `coded` when a code says which date the tax falls due on (BT-8)."""

    start: str | None = None
    end: str | None = None
    coded: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """An allowance or a charge, of the document (BG-20, BG-21) or of a line (BG-27, BG-28)."""

    is_charge: bool
    amount: Stated | None = None
    base: Stated | None = None
    reasoned: bool = False
    category: str | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One row of the VAT breakdown (BG-23)."""

    taxable: Stated | None = None
    tax: Stated | None = None
    category: str | None = None
    rate: Decimal | None = None
    exempted: bool = False  # an exemption reason or its code is given


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice line (BG-25). `role` is the line's part in a hierarchy (BT-X-8), None outside of one."""

    number: str | None = None
    quantity: str | None = None
    unit: str | None = None
    net: Stated | None = None
    name: str | None = None
    price: Stated | None = None
    gross: Stated | None = None
    category: str | None = None
    rate: Decimal | None = None
    charges: tuple[Charge, ...] = ()
    period: Period | None = None
    attributes: tuple[tuple[bool, bool], ...] = ()  # per item attribute: has a name, has a value
    item_schemes: tuple[str | None, ...] = ()  # scheme of each standard identifier
    class_schemes: tuple[str | None, ...] = ()  # list of each classification
    role: str | None = None
    parent: str | None = None  # the line above it in a hierarchy (BT-X-304)

    @property
    def counts(self) -> bool:
        """Whether the line is spend of its own rather than a heading or an explanation over others."""
        return self.role not in {"GROUP", "INFORMATION"}


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment instruction (BG-16)."""

    code: str | None = None
    account: str | None = None  # None without an account group, empty for one without an identifier
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Document totals (BG-22)."""

    lines: Stated | None = None  # BT-106
    allowances: Stated | None = None  # BT-107
    charges: Stated | None = None  # BT-108
    net: Stated | None = None  # BT-109
    gross: Stated | None = None  # BT-112
    paid: Stated | None = None  # BT-113
    rounding: Stated | None = None  # BT-114
    due: Stated | None = None  # BT-115


@dataclass(frozen=True, slots=True)
class Invoice:
    """One e-invoice as the rules see it."""

    scope: Scope
    profile: str | None
    number: str | None
    issued: str | None
    type_code: str | None
    currency: str | None
    tax_currency: str | None
    seller: Party | None
    buyer: Party | None
    payee: Party | None
    representative: Party | None
    totals: Totals
    taxes: tuple[Stated, ...]  # BT-110 and BT-111, told apart by currency
    breakdowns: tuple[Breakdown, ...]
    charges: tuple[Charge, ...]
    lines: tuple[Line, ...]
    period: Period | None
    tax_point: bool  # a tax point date (BT-7) is given
    payments: tuple[Payment, ...]
    terms: bool  # a due date or payment terms are given
    delivered: bool  # an actual delivery date (BT-72) is given
    deliver_to: str | None  # country (BT-80): None without a delivery address
    documents: tuple[str | None, ...]  # references of supporting documents (BT-122)
    preceding: tuple[str | None, ...]  # references of preceding invoices (BT-25)
    countries: tuple[str, ...]  # every country named
    repeated: tuple[str, ...] = ()  # rules of the syntax that allow a term once, found broken

    @property
    def tax(self) -> Stated | None:
        """The VAT total in the invoice's own currency (BT-110)."""
        return next((each for each in self.taxes if each.currency in {None, self.currency}), None)

    @property
    def detail(self) -> tuple[Line, ...]:
        """The lines that are spend of their own."""
        return tuple(line for line in self.lines if line.counts)


def scope_of(profile: str | None, *, legacy: bool = False) -> Scope:
    """How much of the norm a specification identifier (BT-24) promises.

    Profiles are those of Factur-X 1.0.07 and its forerunners; an identifier that names neither them nor EN 16931
    promises only what every invoice holds: its sums.
    """
    claimed = (profile or "").strip().lower()
    if legacy:
        return "core"
    if not claimed:
        return "full"  # its absence is itself what BR-01 names
    if "extended" in claimed and "xrechnung" not in claimed:
        return "extended"
    if claimed.endswith(":minimum"):
        return "minimum"
    if claimed.endswith(":basicwl"):
        return "basic_wl"
    return "full" if "en16931" in claimed or "factur-x" in claimed or "zugferd" in claimed else "core"
