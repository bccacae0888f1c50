"""From a coded expense to the facts that rules look at: amounts in one currency, tax and tip spread over the lines."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from policy.currency import known, to_minor_unit
from policy.facts import Expense, Line, folded
from policy.nights import nights_of, nights_on
from schemas.events import ExpenseCoded
from schemas.frozen import maker
from schemas.records import Facts
from schemas.records import Line as DocumentLine

__all__ = ["Spent", "facts_of", "spent_of", "spread"]

CARD_LINE: Final = "card_line"
_LODGING: Final = "lodging"
_line, _expense = maker(Line), maker(Expense)


class Spent(NamedTuple):
    """How much was spent where: `amounts` has one for each line, tax and tip included; None is not known.

    `merchant` is empty where nobody knows it.
    """

    currency: str
    total: Decimal | None
    amounts: tuple[Decimal | None, ...]
    merchant: str


def spent_of(event: ExpenseCoded) -> Spent:
    """Return the little of the facts that suffices to tell expenses apart; they cost ten times as much as this."""
    merchant = event.vendor.name if event.vendor else event.facts.vendor_name
    return Spent(*_amounts(event), merchant or "")


def facts_of(event: ExpenseCoded) -> Expense:
    """Return what the rules look at.

    An expense without lines is one line of number 0, the expense as a whole. Lines and total are in the reporting
    currency; without a conversion they are in the document's own, and the policy says whether it can judge that.
    """
    facts, context = event.facts, event.context
    currency, total, amounts, vendor = spent_of(event)
    categories = {match.line: match.category for match in event.categories}
    shared: dict[str, Any] = {
        "department": _folded(context.department),
        "project": _folded(context.project),
        "role": _folded(context.role),
        "country": context.country,
        "locality": _folded(context.locality),
        "month": facts.invoice_date.month if facts.invoice_date else None,
        "vendor": _folded(vendor),
        "mcc": facts.mcc,
        "kind": _folded(facts.kind),
        "property_id": _folded(facts.property_id or context.property_id),
    }
    lines = tuple(
        _line(
            number=line.number,
            amount=amount,
            category=categories.get(line.number),
            on=line.service_date,
            description=_bought(line, facts),
            **shared,
        )
        for line, amount in zip(event.lines, amounts, strict=True)
    )
    stay = _stay(event)
    nights = nights_of(facts, stay)
    return _expense(
        lines=lines or (_line(number=0, amount=total, **shared),),
        currency=currency,
        submitted=event.submitted_at.date(),
        on=facts.invoice_date,
        total=total,
        merchant=vendor,
        card=facts.kind == CARD_LINE,
        nights=nights,
        nights_on=nights_on(facts, stay, nights),
        first=facts.service_start,
        last=facts.service_end,
        trip=_folded(context.trip),
        attendees=context.attendees,
    )


def _bought(line: DocumentLine, facts: Facts) -> str:
    """Return what a line says was bought. Feeds repeat the merchant there, which says who sold it, not what."""
    said = line.description or ""
    if facts.kind != CARD_LINE or not facts.vendor_name:
        return said
    return " ".join(said.casefold().replace(facts.vendor_name.casefold(), " ").split())


def _folded(name: str | None) -> str | None:
    return folded(name) if name else None


def _amounts(event: ExpenseCoded) -> tuple[str, Decimal | None, tuple[Decimal | None, ...]]:
    """Return currency, total and what each line costs with its share of tax and tip."""
    conversion = event.conversion
    if conversion is not None and known(conversion.currency) and len(conversion.line_amounts) == len(event.lines):
        read = [line.amount for line in event.lines]
        amounts = [None if own is None else to for own, to in zip(read, conversion.line_amounts, strict=True)]
        return conversion.currency, *_exact(conversion.currency, conversion.total, amounts)
    currency = event.facts.currency or ""
    if currency != event.context.reporting_currency or not known(currency):
        return currency, None, tuple(None for _ in event.lines)
    return currency, *_exact(currency, event.facts.total, [line.amount for line in event.lines])


def _exact(
    currency: str, total: Decimal | None, amounts: Sequence[Decimal | None]
) -> tuple[Decimal | None, tuple[Decimal | None, ...]]:
    whole = None if total is None else to_minor_unit(total, currency)
    if len(amounts) == 1:
        # One line is the whole expense.
        return whole, (whole,)
    parts = [None if amount is None else to_minor_unit(amount, currency) for amount in amounts]
    if whole is None or None in parts:
        # Of several lines an unread one cannot be told from tax.
        return whole, tuple(parts)
    return whole, spread(whole, [part for part in parts if part is not None], currency)


def spread(total: Decimal, amounts: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """Return the amounts with what is between their sum and the total spread over them by their size.

    Tax, tip and discount that stand beside the lines count towards the limits of what was bought. The result adds
    up to the total exactly: shares are rounded cumulatively, so no minor unit is lost or made.
    """
    if not amounts:
        return ()
    rest = total - sum(amounts)
    weights = [abs(amount) for amount in amounts]
    if not any(weights):
        weights = [Decimal(1)] * len(amounts)
    all_weights = sum(weights)
    given, passed = Decimal(0), Decimal(0)
    result = []
    for amount, weight in zip(amounts, weights, strict=True):
        passed += weight
        due = to_minor_unit(rest * passed / all_weights, currency)
        result.append(amount + due - given)
        given = due
    return tuple(result)


def _stay(event: ExpenseCoded) -> list[DocumentLine]:
    """Return the lines of a stay, or all where no line has a category: three breakfasts are not three nights."""
    named = [match for match in event.categories if match.category]
    lodging = {match.line for match in named if _is_lodging(match.category or "")}
    return [line for line in event.lines if line.number in lodging] if named else list(event.lines)


@lru_cache(maxsize=4_096)
def _is_lodging(category: str) -> bool:
    return _LODGING in category.split(".")
