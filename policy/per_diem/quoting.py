"""Per diem rules as constraint nodes: the rate of a line's place and day, found by look-ups and kept.

What a line costs does not grow with the number of places: its category gives the rules; what is stated of its place,
and its day, give the rate. Where no rate can be told the node carries the doubt, and the line goes to a person.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from policy.constraints import RANKS, Effective, Node, effective
from policy.currency import ROUNDINGS, to_minor_unit
from policy.facts import Expense, Line
from policy.fields import CUMULATIVE, WHOLE, Level, Period
from policy.per_diem.models import Component, PerDiem, RateTable
from policy.per_diem.places import Directory, Doubt, region
from policy.per_diem.seasons import season
from policy.per_diem.where import Where, where_of

__all__ = ["PerDiems"]

# Places and days come again and again; the least recently used goes first.
_KEPT: Final = 65_536
_WHOLE: Final = "; a whole day, since the document names no first and last day"


class _Quote(NamedTuple):
    """A table, a place in it and a rate of that, by their numbers.

    `floor`: what is stated may be a place with a higher rate. The standard rate is the lowest there is, so what stays
    within it passes, and what does not goes to a person.
    """

    table: int
    place: int
    rate: int
    floor: bool


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a policy judges by: its currency, how it rounds, from which share on it warns."""

    currency: str
    rounding: str
    warn_above: Decimal

    def exact(self, amount: Decimal) -> Decimal:
        return to_minor_unit(amount, self.currency, ROUNDINGS[self.rounding])


@dataclass(frozen=True, slots=True)
class _Placed:
    """A rule in the order of visits, and the tables it names, the last published first."""

    order: int
    rule: PerDiem
    tables: tuple[int, ...]


class PerDiems:
    """The per diem rules of one policy, by category.

    `unplaced` is each rule's node before any place is known, by its order among the policy's rules.
    """

    def __init__(
        self,
        tables: Sequence[RateTable],
        rules: Mapping[int, PerDiem],
        beneath: Mapping[str, Sequence[tuple[str, int]]],
        terms: tuple[str, str, Decimal],
    ) -> None:
        ordered = sorted(tables, key=lambda table: (table.published, table.id), reverse=True)
        self._directories = tuple(Directory.of(table) for table in ordered)
        self._terms = _Terms(*terms)
        numbers = {table.id: number for number, table in enumerate(ordered)}
        self._rules = {
            order: _Placed(order, rule, tuple(sorted(numbers[name] for name in rule.tables)))
            for order, rule in rules.items()
        }
        self.unplaced = {order: _node(placed, "no place is known") for order, placed in self._rules.items()}
        self._by_category = _by_category(self._rules, beneath, self.unplaced)
        # A method kept by lru_cache would keep the policy for ever; these go when it goes.
        self._quote: Callable[[tuple[int, ...], str | None, str | None, date], _Quote | Doubt]
        self._quote = lru_cache(_KEPT)(self._found)
        self._limit: Callable[[int, tuple[tuple[_Quote, int], ...], bool | None], Node | Doubt]
        self._limit = lru_cache(_KEPT)(self._limited)

    def find(self, line: Line, expense: Expense) -> list[Node]:
        """Return a node for each rule on the line's category, unordered."""
        return [
            replace(found, nearer=nearer) if nearer else found
            for order, nearer in self._by_category.get(line.category or "", ())
            for found in (self._for_line(self._rules[order], line, expense),)
        ]

    def _for_line(self, placed: _Placed, line: Line, expense: Expense) -> Node:
        day = line.on or expense.on or expense.submitted
        days = expense.nights_on if placed.rule.per is Period.NIGHT and expense.nights_on else (day,)
        quotes = [self._quote(placed.tables, line.country, line.locality, on) for on in days]
        told = Counter(quote for quote in quotes if not isinstance(quote, Doubt))
        if len(told) == 0 or sum(told.values()) < len(quotes):
            doubt = next(quote for quote in quotes if isinstance(quote, Doubt))
            return _node(placed, doubt.why)
        edge = None if expense.first is None or expense.last is None else day in {expense.first, expense.last}
        limit = self._limit(placed.order, tuple(told.items()), edge)
        return _node(placed, limit.why) if isinstance(limit, Doubt) else limit

    def _found(self, tables: tuple[int, ...], country: str | None, locality: str | None, day: date) -> _Quote | Doubt:
        where = where_of(country, locality)
        if where.conflict or not where.stated:
            return Doubt(where.conflict or "no place is stated")
        in_force = [n for n in tables if self._directories[n].table.since <= day <= self._directories[n].table.until]
        if not in_force:
            return Doubt(f"none of its tables is for {day}")
        if any(self._directories[number].names_abroad(where) for number in in_force):
            return Doubt(f"{where.foreign} may be a state or a country; the country is not stated")
        places = self._places(in_force, where)
        if isinstance(places, Doubt):
            return places
        rated = (
            _Quote(table, place, number, of.places[place].rest and self._directories[table].may_be_listed(where))
            for table, place in places
            for of in (self._directories[table].table,)
            for number, rate in enumerate(of.places[place].rates)
            if rate.since <= day <= rate.until
        )
        return next(rated, None) or Doubt(f"its tables have no rate for the place on {day}")

    def _places(self, in_force: list[int], where: Where) -> list[tuple[int, int]] | Doubt:
        """Return the place in each table that has it, with the table; they must not lie in different countries."""
        places: list[tuple[int, int]] = []
        for number in in_force:
            hit = self._directories[number].find(where)
            if isinstance(hit, Doubt):
                return hit
            if hit is not None:
                places.append((number, hit))
        if not places:
            return Doubt("the place stated is in none of its tables")
        regions = [self._region(table, place) for table, place in places]
        if any(other.isdisjoint(regions[0]) for other in regions):
            return Doubt(f"it may be in {' or '.join(sorted({'/'.join(sorted(found)) for found in regions}))}")
        return places

    def _region(self, table: int, place: int) -> frozenset[str]:
        found = self._directories[table].table.places[place]
        return frozenset(f"{found.country} {area.state}".strip() for area in found.areas)

    def _limited(self, order: int, told: tuple[tuple[_Quote, int], ...], edge: bool | None) -> Node | Doubt:
        """Return the node of a rule at a rate; several rates of one stay are added up, night by night."""
        placed, currency = self._rules[order], self._terms.currency
        priced = [(self._amount(placed.rule.component, quote), quote, count) for quote, count in told]
        for amount, _, _ in priced:
            if isinstance(amount, Doubt):
                return amount
        amounts = [(self._terms.exact(a), quote, count) for a, quote, count in priced if isinstance(a, Decimal)]
        if len(amounts) > 1:
            value = sum((amount * count for amount, _, count in amounts), Decimal(0))
            parts = [f"{count} x {amount} {currency} ({self._words(quote)})" for amount, quote, count in amounts]
            nights = " + ".join(parts)
            return self._at(
                placed, told, value, (f"{nights} = {value} {currency} for the stay", nights), Period.EXPENSE
            )
        amount, quote, _ = amounts[0]
        words, per = self._words(quote), placed.rule.per
        if placed.rule.component is Component.MEALS and edge:
            share = placed.rule.first_and_last_day
            value = self._terms.exact(amount * share)
            factors = f"{amount} x {share} on the first or last day = {value} {currency}"
            return self._at(placed, told, value, (f"{factors} per {per} ({words})", f"{words}: {factors} a {per}"), per)
        whole = _WHOLE if placed.rule.component is Component.MEALS and edge is None else ""
        said = (f"{amount} {currency} per {per} ({words}{whole})", f"{words}: {amount} {currency} a {per}")
        return self._at(placed, told, amount, said, per)

    def _at(
        self,
        placed: _Placed,
        told: tuple[tuple[_Quote, int], ...],
        value: Decimal,
        said: tuple[str, str],
        per: Period,
    ) -> Node:
        """Return a rule's node at a value; `said` is how it came about, and the published rate it stands on."""
        rule, (origin, source) = placed.rule, said
        above = "REVIEW_REQUIRED" if any(quote.floor for quote, _ in told) else "FAIL"
        plain = effective(rule.id, rule.level, value, origin, self._terms.warn_above, source=source, above=above)
        return replace(
            _node(placed, "", plain),
            per=per,
            whole=per in WHOLE,
            cumulative=per in CUMULATIVE,
        )

    def _amount(self, component: Component, quote: _Quote) -> Decimal | Doubt:
        table = self._directories[quote.table].table
        rate = table.places[quote.place].rates[quote.rate]
        if component is Component.LODGING:
            return rate.lodging
        if component is Component.MEALS:
            return rate.meals
        tier = next((tier for tier in table.meal_tiers if tier.total == rate.meals), None)
        if tier is None:
            return Doubt(f"{table.name} does not divide {rate.meals} {table.currency} a day into meals")
        amount: Decimal = getattr(tier, component.value)
        return amount

    def _words(self, quote: _Quote) -> str:
        """Return table, place and season, as decisions call them."""
        table = self._directories[quote.table].table
        place = table.places[quote.place]
        at = region(place)
        named = place.name if place.rest or at == place.country else f"{place.name} ({at})"
        unnamed = place.rest and not any(area.cities for area in place.areas)
        # One for many states is the one whose counties are listed.
        rest = " unless its county is listed" if len(place.areas) > 1 else " for what is not listed by name"
        return f"{table.name}, {named}{rest if unnamed else ''}, {season(place.rates[quote.rate], table)}"


def _by_category(
    rules: Mapping[int, _Placed], beneath: Mapping[str, Sequence[tuple[str, int]]], unplaced: Mapping[int, Node]
) -> dict[str, tuple[tuple[int, tuple[Node, ...]], ...]]:
    """Return the rules of each category, each with those of the same component that name a category nearer to it."""
    distances: dict[str, dict[int, int]] = defaultdict(dict)
    for order, placed in rules.items():
        for named in placed.rule.categories:
            for code, distance in beneath.get(named, ()):
                distances[code][order] = min(distance, distances[code].get(order, distance))
    return {
        code: tuple(
            (
                order,
                tuple(
                    unplaced[other]
                    for other, at in sorted(found.items())
                    if at < distance and rules[other].rule.component is rules[order].rule.component
                ),
            )
            for order, distance in sorted(found.items())
        )
        for code, found in distances.items()
    }


def _node(placed: _Placed, doubt: str, plain: Effective | None = None) -> Node:
    """Return a rule's node. One in doubt replaces nothing: what it would replace still holds."""
    rule = placed.rule
    return Node(
        id=rule.id,
        level=rule.level,
        order=placed.order,
        rank=RANKS[Level.PER_DIEM],
        per=rule.per,
        whole=rule.per in WHOLE,
        cumulative=rule.per in CUMULATIVE,
        factors=(),
        overrides=frozenset() if doubt else frozenset(rule.overrides),
        covers=True,
        valid_from=None,
        valid_until=None,
        plain=plain or effective(rule.id, rule.level, Decimal(0), "", Decimal(1)),
        doubt=doubt,
        dated=True,
    )
