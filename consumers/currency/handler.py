"""The currency stage: the whole expense, with its amounts in the reporting currency."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache, partial
from typing import Final

from consumers.assertions import settled
from consumers.currency.convert import convert_amounts, implied_rate_problem
from consumers.currency.rates import RateTable, bundled_rates
from consumers.currency.symbols import resolve_currency
from consumers.runtime.stage import Handler
from consumers.tracks import answer_failed
from schemas.currencies import minor_units
from schemas.envelope import Event, caused, doubt
from schemas.events import CurrencyConverted, ExpenseParsed
from schemas.lifecycle import State
from schemas.records import Conversion, Facts, Problem

__all__ = ["HANDLER"]

STAGE: Final = "currency"
# Card issuers add up to about four per cent for foreign use; more than this is another rate, or another amount.
_TOLERANCE: Final = Decimal("0.06")

# More candidates than this help nobody to choose.
_NAMED: Final = 4


@cache
def _rates() -> RateTable:
    return bundled_rates()


def convert_expense(event: ExpenseParsed) -> Sequence[Event]:
    """Return the expense with its amounts converted at the rate of its date, or with the problem that prevents it.

    An expense without a date is converted at the day it was submitted, which the date's own problem keeps before a
    person; a currency that several could be is AMBIGUOUS_CURRENCY and not converted.
    """
    table = _rates()
    facts = event.facts
    day = facts.invoice_date or event.submitted_at.date()
    currency = _currency(facts, event, day)
    if isinstance(currency, str) and currency != facts.currency:
        facts = replace(facts, currency=currency)
    answer = currency if isinstance(currency, Problem) else _convert(currency, event, day)
    doubts = [answer] if isinstance(answer, Problem) else _feed_doubts(facts, day, table)
    converted = caused(
        event,
        CurrencyConverted,
        stage=STAGE,
        status=State.PARSED,
        facts=facts,
        conversion=answer if isinstance(answer, Conversion) else None,
        problems=settled(event),
        tables={**event.tables, "rates": table.version},
    )
    return (doubt(converted, *doubts),)


def _convert(currency: str, event: ExpenseParsed, day: date) -> Conversion | Problem:
    amounts = [line.amount for line in event.lines]
    target = event.context.reporting_currency
    return convert_amounts(event.facts.total, amounts, currency, target, day=day, table=_rates())


def _currency(facts: Facts, event: ExpenseParsed, day: date) -> str | Problem:
    if facts.currency is None:
        text = "The document does not say which currency it is in: state the currency."
        return Problem(code="AMBIGUOUS_CURRENCY", message=text, field="currency", stage=STAGE)
    if minor_units(facts.currency) is not None:
        return facts.currency
    country = event.context.country
    possible = resolve_currency(facts.currency, territories=(country,) if country else (), day=day)
    if len(possible) == 1:
        return possible[0]
    if possible:
        named = ", ".join(possible[:_NAMED]) + (f" and {len(possible) - _NAMED} more" if len(possible) > _NAMED else "")
        text = f"The printed currency may be any of {named}: state which."
        return Problem(code="AMBIGUOUS_CURRENCY", message=text, field="currency", stage=STAGE)
    # An unknown code is refused by the conversion, with the code in its message.
    return facts.currency


def _feed_doubts(facts: Facts, day: date, table: RateTable) -> list[Problem]:
    if facts.original_amount is None or not facts.original_currency or facts.total is None or not facts.currency:
        return []
    found = implied_rate_problem(
        (facts.total, facts.currency),
        (facts.original_amount, facts.original_currency),
        day=day,
        table=table,
        tolerance=_TOLERANCE,
    )
    return [found] if found else []


HANDLER = Handler(handle=convert_expense, on_dead_letter=partial(answer_failed, STAGE))
