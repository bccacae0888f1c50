"""What an expense leaves in its ledger's history: the totals it counts towards and the keys it is recognised by.

Pure: from the event and the policy in force alone, so that the same event always leaves the same footprint, and
taking it back removes exactly what was left.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from consumers.screen.twins import Near
from policy.checks import meal_and_per_diem
from policy.checks.across import SplitTransaction
from policy.coded import CARD_LINE, Spent, facts_of, spent_of
from policy.compiled import CompiledPolicy
from policy.currency import to_minor_unit
from policy.facts import folded
from policy.judge import visits
from policy.models import Period
from schemas.currencies import quantum
from schemas.events import ExpenseEvaluated
from schemas.records import ClaimCheck, Portion

__all__ = ["DAYS_OF_MEALS", "Account", "Footprint", "Part", "Print", "Purchase", "footprint_of"]


# The check whose prints are of a person and a day.
DAYS_OF_MEALS: Final = "MEAL_AND_PER_DIEM"


class Account(NamedTuple):
    """A running total: its key, the rule that limits it, and what this expense adds. Amounts in policy currency.

    `above` is the outcome of what exceeds it, REVIEW_REQUIRED where a higher limit may be the one that applies.
    """

    key: str
    rule_id: str
    level: str
    limit: Decimal
    warn_at: Decimal
    words: str
    amount: Decimal
    above: str = "FAIL"


class Print(NamedTuple):
    """One way to recognise an expense again: the check, the key that equal ones share, and what they share in words.

    `looked`: earlier expenses under this key are the same one. `left`: later expenses find this one under it.
    """

    code: str
    key: str
    words: str
    looked: bool = True
    left: bool = True


class Part(NamedTuple):
    """What this expense could be a part of: purchases under one limit, by one person at one vendor."""

    key: str
    rule_id: str
    limit: Decimal
    amount: Decimal


class Purchase(NamedTuple):
    """How a receipt and a card line know each other. `minor` is the total in minor units; `name` the seller, folded."""

    card: bool
    subject: str
    day: date
    minor: int
    name: str


class Footprint(NamedTuple):
    """All of it. `wants_receipt`: the policy has this card line wait for its receipt; `subject` is as in keys."""

    subject: str
    day: date
    accounts: tuple[Account, ...]
    prints: tuple[Print, ...]
    parts: tuple[Part, ...]
    purchase: Purchase | None
    near: Near | None
    wants_receipt: bool


def footprint_of(event: ExpenseEvaluated, policy: CompiledPolicy) -> Footprint:
    """Return what the expense leaves behind."""
    spent = spent_of(event)
    on, submitted = event.facts.invoice_date, event.submitted_at.date()
    day = on or submitted
    known = spent.total is not None and spent.currency == policy.currency
    rules, card = policy.receipts, event.facts.kind == CARD_LINE
    wants = known and card and rules.required and spent.total is not None and spent.total > rules.above
    return Footprint(
        subject=_quoted(event.subject),
        day=day,
        accounts=_accounts(event, spent.total, policy, day) if known else (),
        prints=(*_prints(event, spent), *_days_of_meals(event, policy)),
        parts=_parts(event, spent, policy) if known else (),
        purchase=_purchase(event, spent, card=card) if known else None,
        near=None if event.document is None else _near(event, spent),
        wants_receipt=wants,
    )


def _key(*parts: str) -> str:
    # Quoted, so that a slash in a name cannot make two different keys equal or reach into another range.
    return "/".join(map(_quoted, parts))


def _quoted(part: str) -> str:
    # Pseudonyms and accounts are letters and digits, which stay as they are.
    return part if part.isascii() and part.isalnum() else _escaped(part)


# Departments, vendors and amounts come again and again.
@lru_cache(maxsize=65_536)
def _escaped(part: str) -> str:
    return quote(part, safe="")


def _accounts(
    event: ExpenseEvaluated, amount: Decimal | None, policy: CompiledPolicy, day: date
) -> tuple[Account, ...]:
    total, context = amount or Decimal(0), event.context
    check = policy.settings.get("BUDGET_EXCEEDED")
    found = []
    if check is None or check.enabled:
        for scope, name in (("department", context.department), ("project", context.project)):
            if name:
                for key, rule, limit, warn_at, words in _budgets(policy, scope, name, day):
                    found.append(Account(key, rule, scope, limit, warn_at, words, total))
    return (*found, *_personal_accounts(event, policy, day)) if policy.cumulative else tuple(found)


_Budget = tuple[str, str, Decimal, Decimal, str]
_BUDGETS: Final[dict[tuple[str, str, str, int], tuple[_Budget, ...]]] = {}
# Departments and projects times months that are looked back upon, half a kilobyte each; past them all are worked out
# anew.
_MOST_BUDGETS: Final = 8_192
_MONTHS: Final = 12


def _budgets(policy: CompiledPolicy, scope: str, name: str, day: date) -> tuple[_Budget, ...]:
    """Return of each budget a day's spending counts towards its key, rule, limit, when it warns, and its words.

    Budgets are of a month or a year, so those of a day are those of its month.
    """
    place = policy.version, scope, name, day.year * _MONTHS + day.month
    known = _BUDGETS.get(place)
    if known is None:
        if len(_BUDGETS) >= _MOST_BUDGETS:
            _BUDGETS.clear()
        owner = folded(name)
        known = _BUDGETS[place] = tuple(
            (
                _key("budget", scope, owner, _bucket(Period(budget.per), day)),
                budget.id,
                budget.limit,
                budget.limit * policy.warn_above,
                f"{budget.limit} {policy.currency} per {budget.per} for this {budget.scope}",
            )
            for budget in (policy.budgets_of(scope, owner) if owner else ())
        )
    return known


def _personal_accounts(event: ExpenseEvaluated, policy: CompiledPolicy, day: date) -> list[Account]:
    """Return the running totals of this person under limits per trip, day, month or year."""
    facts = facts_of(event)
    found: dict[str, Account] = {}
    for line in facts.lines:
        for visit in visits(line, facts, policy):
            node, effective = visit.node, visit.effective
            if visit.silent or not node.cumulative or line.amount is None:
                continue
            on = (line.on if node.dated else None) or day
            over = facts.trip or "" if node.per is Period.TRIP else _bucket(node.per, on)
            key = _key("limit", node.id, event.subject, over)
            before = found[key].amount if key in found else Decimal(0)
            level, words = node.level.value, effective.origin
            added, above = before + line.amount, effective.failed.outcome
            found[key] = Account(key, node.id, level, effective.value, effective.warn_at, words, added, above)
    return list(found.values())


def _bucket(period: Period, day: date) -> str:
    return day.isoformat()[: {Period.DAY: 10, Period.MONTH: 7, Period.YEAR: 4}[period]]


def _content(document: ClaimCheck, portion: Portion | None) -> tuple[str, ...]:
    """Return what is the same for the same document: of a file with several, which of them it is."""
    if portion is None:
        return "document", document.sha256
    whole = "document", portion.sha256 or document.sha256
    return whole if portion.first_page is None else (*whole, f"{portion.first_page}-{portion.last_page}")


def _prints(event: ExpenseEvaluated, spent: Spent) -> tuple[Print, ...]:
    read, found = event.facts, []
    amount = None if read.total is None else f"{read.total.normalize():f} {read.currency}"
    on = read.invoice_date.isoformat() if read.invoice_date else None
    if event.document is not None:
        vendor = _vendor(event, spent)
        found.append(Print("DUPLICATE_EXACT", _key(*_content(event.document, event.portion)), "the same document"))
        number = _number(event)
        if vendor and number and amount:
            key = _key("invoice", vendor, number, amount)
            found.append(Print("DUPLICATE_EXACT", key, "the same vendor, invoice number and total"))
        if vendor and on and amount:
            found += _alike(_key(event.subject, vendor, on, amount), numbered=bool(number))
    elif read.account and on and amount:
        key = f"card/{_quoted(read.account)}/{on}/{_key(amount, folded(read.vendor_name or ''))}"
        found.append(Print("DUPLICATE_EXACT", key, "the same account, date, amount and merchant"))
    return tuple(found)


# What a line of each side looks for, and in which words it is told of.
_OTHER_SIDE: Final = {
    "meal": ("per_diem", "the per diem of a day that this meal is of"),
    "per_diem": ("meal", "a meal on a day that this per diem is for"),
}


def _days_of_meals(event: ExpenseEvaluated, policy: CompiledPolicy) -> list[Print]:
    """Return the days this person claims a meal for, and those they claim a per diem for; each looks for the other."""
    settings = policy.settings.get(DAYS_OF_MEALS)
    if not isinstance(settings, meal_and_per_diem.Settings) or not settings.enabled:
        return []
    days = {line.number: line.service_date or event.facts.invoice_date for line in event.lines}
    sides = ("meal", settings.meals), ("per_diem", settings.per_diems)
    claimed = {
        (side, day.isoformat())
        for line, category in {match.line: match.category for match in event.categories}.items()
        if (day := days.get(line)) is not None
        for side, categories in sides
        if meal_and_per_diem.is_among(category, categories)
    }
    found, subject = [], _quoted(event.subject)
    for side, on in sorted(claimed):
        other, words = _OTHER_SIDE[side]
        found.append(Print(DAYS_OF_MEALS, f"{side}/{subject}/{on}", words, looked=False))
        found.append(Print(DAYS_OF_MEALS, f"{other}/{subject}/{on}", words, left=False))
    return found


def _vendor(event: ExpenseEvaluated, spent: Spent) -> str:
    return event.vendor.vendor_id if event.vendor else folded(spent.merchant)


def _number(event: ExpenseEvaluated) -> str:
    return "".join(c for c in (event.facts.invoice_number or "").upper() if c.isalnum())


def _near(event: ExpenseEvaluated, spent: Spent) -> Near | None:
    read, vendor = event.facts, _vendor(event, spent)
    if not vendor or not read.total or not read.currency or read.invoice_date is None:
        return None
    return Near(_key(vendor), _key(event.subject), read.total, _key(read.currency), _number(event) or None)


def _alike(key: str, *, numbered: bool) -> tuple[Print, ...]:
    """Return the prints of a document that is known by who, where, when and how much.

    Two numbers that differ are two purchases, such as the rides there and back; one that has none may be either.
    """
    words = "the same person, vendor, date and total"
    without = Print("DUPLICATE_NEAR", f"alike/{key}", words, left=not numbered)
    return (without, Print("DUPLICATE_NEAR", f"numbered/{key}", words, looked=not numbered, left=numbered))


def _parts(event: ExpenseEvaluated, spent: Spent, policy: CompiledPolicy) -> tuple[Part, ...]:
    settings = policy.settings.get("SPLIT_TRANSACTION")
    if not isinstance(settings, SplitTransaction) or not settings.enabled or not spent.merchant:
        return ()
    numbers = [line.number for line in event.lines]
    amounts = dict(zip(numbers, spent.amounts, strict=True)) if numbers else {0: spent.total}
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for decision in event.decisions:
        amount = amounts.get(decision.line)
        if amount is None:
            continue
        for node in decision.resolution_path:
            if node.limit is not None and node.outcome in _HELD:
                before = sums[node.rule_id][1] if node.rule_id in sums else Decimal(0)
                sums[node.rule_id] = node.limit, before + amount
    vendor = _vendor(event, spent)
    found = []
    for rule, (exact, amount) in sorted(sums.items()):
        limit = to_minor_unit(exact, policy.currency)
        if amount > 0 and limit * settings.part_above <= amount <= limit:
            found.append(Part(_key("split", event.subject, rule, vendor), rule, limit, amount))
    return tuple(found)


_HELD: Final = frozenset({"PASS", "WARN"})


def _purchase(event: ExpenseEvaluated, spent: Spent, *, card: bool) -> Purchase | None:
    total, on = spent.total, event.facts.invoice_date
    if total is None or total <= 0 or on is None or not spent.merchant:
        return None
    minor = int(total / quantum(spent.currency))
    return Purchase(card, _quoted(event.subject), on, minor, _words(spent.merchant))


@lru_cache(maxsize=16_384)
def _words(name: str) -> str:
    """Return a seller's name as bare words: feeds put stars and hyphens where receipts put spaces."""
    return folded("".join(c if c.isalnum() else " " for c in name))
