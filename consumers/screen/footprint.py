"""What an expense leaves in its ledger's history: the totals it counts towards and the keys it is recognised by.

Pure: from the event and the policy in force alone, so that the same event always leaves the same footprint, and
taking it back removes exactly what was left.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from consumers.screen.twins import Near
from policy.checks import meal_and_per_diem
from policy.checks.across import SplitTransaction
from policy.coded import facts_of
from policy.compiled import CompiledPolicy
from policy.currency import to_minor_unit
from policy.facts import Expense, folded
from policy.judge import visits
from policy.models import Budget, Period
from schemas.currencies import quantum
from schemas.events import ExpenseEvaluated
from schemas.records import ClaimCheck, Portion

__all__ = ["Account", "Footprint", "Part", "Print", "Purchase", "footprint_of"]


@dataclass(frozen=True, slots=True)
class Account:
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


@dataclass(frozen=True, slots=True)
class Print:
    """One way to recognise an expense again: the check, the key that equal ones share, and what they share in words.

    `looked`: earlier expenses under this key are the same one. `left`: later expenses find this one under it.
    """

    code: str
    key: str
    words: str
    looked: bool = True
    left: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """What this expense could be a part of: purchases under one limit, by one person at one vendor."""

    key: str
    rule_id: str
    limit: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Purchase:
    """How a receipt and a card line know each other. `minor` is the total in minor units; `name` the seller, folded."""

    card: bool
    subject: str
    day: date
    minor: int
    name: str


@dataclass(frozen=True, slots=True)
class Footprint:
    """All of it. `wants_receipt`: the policy has this card line wait for its receipt."""

    day: date
    accounts: tuple[Account, ...]
    prints: tuple[Print, ...]
    parts: tuple[Part, ...]
    purchase: Purchase | None
    near: Near | None
    wants_receipt: bool


def footprint_of(event: ExpenseEvaluated, policy: CompiledPolicy) -> Footprint:
    """Return what the expense leaves behind."""
    facts = facts_of(event)
    day = facts.on or facts.submitted
    known = facts.total is not None and facts.currency == policy.currency
    rules = policy.receipts
    wants = known and facts.card and rules.required and facts.total is not None and facts.total > rules.above
    return Footprint(
        day=day,
        accounts=_accounts(event, facts, policy, day) if known else (),
        prints=(*_prints(event, facts), *_days_of_meals(event, facts, policy)),
        parts=_parts(event, facts, policy) if known else (),
        purchase=_purchase(event, facts) if known else None,
        near=_near(event, facts),
        wants_receipt=wants,
    )


def _key(*parts: str) -> str:
    # Quoted, so that a slash in a name cannot make two different keys equal or reach into another range.
    return "/".join(map(_quoted, parts))


# Departments, vendors and persons come again and again.
@lru_cache(maxsize=65_536)
def _quoted(part: str) -> str:
    return quote(part, safe="")


def _accounts(event: ExpenseEvaluated, facts: Expense, policy: CompiledPolicy, day: date) -> tuple[Account, ...]:
    found = []
    total = facts.total or Decimal(0)
    check = policy.settings.get("BUDGET_EXCEEDED")
    judged = check is None or check.enabled
    for scope, name in (("department", facts.lines[0].department), ("project", facts.lines[0].project)):
        for budget in policy.budgets_of(scope, name) if name and judged else ():
            words, warn_at = _limited(budget, policy)
            key = _key("budget", scope, name or "", _bucket(Period(budget.per), day))
            found.append(Account(key, budget.id, scope, budget.limit, warn_at, words, total))
    return (*found, *_personal_accounts(event, facts, policy, day)) if policy.cumulative else tuple(found)


# There are as many entries as budgets in the versions that were judged under.
_LIMITED: Final[dict[tuple[str, str], tuple[str, Decimal]]] = {}


def _limited(budget: Budget, policy: CompiledPolicy) -> tuple[str, Decimal]:
    """Return a budget in words, and from what on it warns."""
    name = policy.version, budget.id
    if name not in _LIMITED:
        words = f"{budget.limit} {policy.currency} per {budget.per} for this {budget.scope}"
        _LIMITED[name] = words, budget.limit * policy.warn_above
    return _LIMITED[name]


def _personal_accounts(event: ExpenseEvaluated, facts: Expense, policy: CompiledPolicy, day: date) -> list[Account]:
    """Return the running totals of this person under limits per trip, day, month or year."""
    found: dict[str, Account] = {}
    for line in facts.lines:
        for node, effective, _ in visits(line, facts, policy):
            if effective is None or not node.cumulative or line.amount is None:
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


def _prints(event: ExpenseEvaluated, facts: Expense) -> tuple[Print, ...]:
    read, found = event.facts, []
    amount = None if read.total is None else f"{read.total.normalize():f} {read.currency}"
    on = read.invoice_date.isoformat() if read.invoice_date else None
    if event.document is not None:
        vendor = _vendor(event, facts)
        found.append(Print("DUPLICATE_EXACT", _key(*_content(event.document, event.portion)), "the same document"))
        number = _number(event)
        if vendor and number and amount:
            key = _key("invoice", vendor, number, amount)
            found.append(Print("DUPLICATE_EXACT", key, "the same vendor, invoice number and total"))
        if vendor and on and amount:
            found += _alike(_key(event.subject, vendor, on, amount), numbered=bool(number))
    elif read.account and on and amount:
        key = _key("card", read.account, on, amount, folded(read.vendor_name or ""))
        found.append(Print("DUPLICATE_EXACT", key, "the same account, date, amount and merchant"))
    return tuple(found)


def _days_of_meals(event: ExpenseEvaluated, facts: Expense, policy: CompiledPolicy) -> tuple[Print, ...]:
    """Return the days this person claims a meal for, and those they claim a per diem for; each looks for the other."""
    settings = policy.settings.get("MEAL_AND_PER_DIEM")
    if not isinstance(settings, meal_and_per_diem.Settings) or not settings.enabled:
        return ()
    sides = (
        ("meal", settings.meals, "per_diem", "the per diem of a day that this meal is of"),
        ("per_diem", settings.per_diems, "meal", "a meal on a day that this per diem is for"),
    )
    found = []
    for side, categories, other, words in sides:
        for day in sorted({day for day, _ in meal_and_per_diem.days_of(facts, categories)}):
            own, looked = (_key(name, event.subject, day.isoformat()) for name in (side, other))
            found.append(Print("MEAL_AND_PER_DIEM", own, words, looked=False))
            found.append(Print("MEAL_AND_PER_DIEM", looked, words, left=False))
    return tuple(found)


def _vendor(event: ExpenseEvaluated, facts: Expense) -> str:
    return event.vendor.vendor_id if event.vendor else folded(facts.merchant)


def _number(event: ExpenseEvaluated) -> str:
    return "".join(c for c in (event.facts.invoice_number or "").upper() if c.isalnum())


def _near(event: ExpenseEvaluated, facts: Expense) -> Near | None:
    if event.document is None:
        return None
    read, vendor = event.facts, _vendor(event, facts)
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


def _parts(event: ExpenseEvaluated, facts: Expense, policy: CompiledPolicy) -> tuple[Part, ...]:
    settings = policy.settings.get("SPLIT_TRANSACTION")
    if not isinstance(settings, SplitTransaction) or not settings.enabled or not facts.merchant:
        return ()
    vendor = _vendor(event, facts)
    amounts = {line.number: line.amount for line in facts.lines}
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for decision in event.decisions:
        amount = amounts.get(decision.line)
        for node in decision.resolution_path:
            if node.limit is not None and amount is not None and node.outcome in {"PASS", "WARN"}:
                before = sums[node.rule_id][1] if node.rule_id in sums else Decimal(0)
                sums[node.rule_id] = (to_minor_unit(node.limit, policy.currency), before + amount)
    return tuple(
        Part(_key("split", event.subject, rule, vendor), rule, limit, amount)
        for rule, (limit, amount) in sorted(sums.items())
        if limit * settings.part_above <= amount <= limit and amount > 0
    )


def _purchase(event: ExpenseEvaluated, facts: Expense) -> Purchase | None:
    if facts.total is None or facts.total <= 0 or facts.on is None or not facts.merchant:
        return None
    minor = int(facts.total / quantum(facts.currency))
    return Purchase(facts.card, _key(event.subject), facts.on, minor, _words(facts.merchant))


@lru_cache(maxsize=16_384)
def _words(name: str) -> str:
    """Return a seller's name as bare words: feeds put stars and hyphens where receipts put spaces."""
    return folded("".join(c if c.isalnum() else " " for c in name))
