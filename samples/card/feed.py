"""Deal the plans out to cardholders and days, and add the lines that only exist in relation to others."""

from calendar import SATURDAY
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from samples.card.line import FeedLine
from samples.card.plans import DOUBLE, ORDINARY, REFUND, SPLIT_FIRST, SPLIT_SECOND, TWICE, VIOLATIONS, Plan
from samples.sample import Expectation

FIRST_DAY, LAST_DAY = date(2026, 9, 1), date(2026, 10, 23)
LINES = 200
MINOR_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
"""Digits after the decimal point, from ISO 4217."""

DOUBLE_CHARGES, REPEATED_EXPORTS, REFUNDS = 3, 2, 5
SPLITS = (
    ("MONOLITH CLOUD SUITE", "7372", "software", "961.40", "887.25"),
    ("CODEHARBOR.EXAMPLE", "5734", "software", "948.10", "913.75"),
)


@dataclass(frozen=True, slots=True)
class Cardholder:
    """An employee with a company card; the card number is masked as feeds mask it."""

    employee_id: str
    card_account: str
    department: str
    project: str


CARDHOLDERS = (
    Cardholder("E1003", "************4417", "operations", "ALDER-COURT"),
    Cardholder("E1007", "************8830", "operations", "QUAYSIDE"),
    Cardholder("E1011", "************2096", "leasing", "QUAYSIDE"),
    Cardholder("E1014", "************7751", "leasing", ""),
    Cardholder("E1022", "************6342", "finance", ""),
    Cardholder("E1025", "************1189", "engineering", "TENANT-APP"),
    Cardholder("E1031", "************9074", "engineering", "TENANT-APP"),
    Cardholder("E1038", "************5523", "sales", "EXPANSION-EU"),
    Cardholder("E1040", "************3368", "sales", "EXPANSION-EU"),
    Cardholder("E1052", "************0915", "executive", ""),
)


@dataclass(frozen=True, slots=True)
class _Dealt:
    """What was dealt so far, so that duplicates and splits are only those meant."""

    prices: set[tuple[str, int]] = field(default_factory=set)
    occasions: set[tuple[str, str, date]] = field(default_factory=set)

    def price(self, plan: Plan, numbers: Random) -> tuple[str, int]:
        """Draw a merchant and an amount that this merchant has not charged yet."""
        while True:
            price = numbers.choice(plan.merchants), numbers.randint(plan.low, plan.high)
            if price not in self.prices:
                self.prices.add(price)
                return price

    def occasion(self, merchant: str, days: list[date], numbers: Random) -> tuple[Cardholder, date]:
        """Draw a cardholder and a day; nobody is at one merchant on two days running, as a split would look."""
        while True:
            holder, day = numbers.choice(CARDHOLDERS), numbers.choice(days)
            around = {(holder.employee_id, merchant, day + timedelta(days=offset)) for offset in (-1, 0, 1)}
            if not around & self.occasions:
                self.occasions.add((holder.employee_id, merchant, day))
                return holder, day


def deal(numbers: Random) -> tuple[FeedLine, ...]:
    """Make the 200 lines, sorted as a feed is: by posting date. Lines that an export repeats stand at the end."""
    dealt = _Dealt()
    ordinary = _deal_plans(ORDINARY, dealt, numbers)
    lines = [*ordinary, *_deal_plans(VIOLATIONS, dealt, numbers), *_splits(dealt, numbers)]
    dollars = [each for each in ordinary if each.currency == "USD" and each.category != "meals"]
    chosen = numbers.sample(dollars, DOUBLE_CHARGES + REPEATED_EXPORTS + REFUNDS)
    doubled, repeated, refunded = chosen[:3], chosen[3:5], chosen[5:]
    lines += [_posted_later(each, DOUBLE) for each in doubled]
    lines += [_refund(each) for each in refunded]
    references = numbers.sample(range(10_000_000, 99_999_999), len(lines))
    named = [replace(each, reference=f"R{number}") for each, number in zip(lines, references, strict=True)]
    named.sort(key=lambda each: (each.posting_date, each.reference))
    again = [
        replace(each, expectation=TWICE)
        for each in named
        if any(replace(each, reference="") == original for original in repeated)
    ]
    feed = (*named, *again)
    if len(feed) != LINES:
        raise ValueError(f"the card feed has {len(feed)} lines, the plans must add up to {LINES}")
    return feed


def _deal_plans(plans: tuple[Plan, ...], dealt: _Dealt, numbers: Random) -> list[FeedLine]:
    lines = []
    for plan in plans:
        days = [day for day in _days() if (day.weekday() >= SATURDAY) == (plan.days == "weekends")]
        for _ in range(plan.count):
            merchant, minor = dealt.price(plan, numbers)
            holder, day = dealt.occasion(merchant, days, numbers)
            amount = Decimal(minor).scaleb(-MINOR_DIGITS[plan.currency])
            lines.append(_charge(holder, day, amount, plan, merchant, numbers))
    return lines


def _charge(holder: Cardholder, day: date, amount: Decimal, plan: Plan, merchant: str, numbers: Random) -> FeedLine:
    return FeedLine(
        card_account=holder.card_account,
        employee_id=holder.employee_id,
        transaction_date=day,
        posting_date=day + timedelta(days=numbers.randint(1, 3)),
        amount=amount,
        currency=plan.currency,
        merchant=merchant,
        mcc=plan.mcc,
        reference="",
        department=holder.department,
        project=holder.project,
        category=plan.category,
        expectation=plan.expectation,
    )


def _splits(dealt: _Dealt, numbers: Random) -> list[FeedLine]:
    """Make purchases cut in two on one day, each part just under the limit, the second posted a day later."""
    workdays = [day for day in _days() if day.weekday() < SATURDAY]
    lines = []
    for merchant, mcc, category, first, second in SPLITS:
        plan = Plan(category, mcc, (merchant,), 0, 0, 1, SPLIT_FIRST)
        holder, day = dealt.occasion(merchant, workdays, numbers)
        start = _charge(holder, day, Decimal(first), plan, merchant, numbers)
        lines += [start, replace(_posted_later(start, SPLIT_SECOND), amount=Decimal(second))]
    return lines


def _posted_later(line: FeedLine, expectation: Expectation) -> FeedLine:
    """Return the line as it is posted a day later: what comes second is what gives it away."""
    return replace(line, posting_date=line.posting_date + timedelta(days=1), expectation=expectation)


def _refund(line: FeedLine) -> FeedLine:
    later = line.posting_date + timedelta(days=4)
    return replace(line, amount=-line.amount, transaction_date=_workday(later), posting_date=later, expectation=REFUND)


def _workday(day: date) -> date:
    """Step back to a Friday where the day falls on a weekend: refunds must not look like weekend spend."""
    return day - timedelta(days=max(0, day.weekday() - SATURDAY + 1))


def _days() -> list[date]:
    return [FIRST_DAY + timedelta(days=offset) for offset in range((LAST_DAY - FIRST_DAY).days + 1)]
