"""What judging one line costs, with its whole path, as the rules of the policy grow a thousandfold.

Beside it stand what one would take otherwise: a rule engine (zen) and a data frame of rules (polars), each with the
largest policy; neither is a dependency, so each is measured only where it is installed.
"""

import json
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from itertools import islice, product
from typing import Any, Final

from bench.report import Figure, Report, ratio
from policy.compiled import CompiledPolicy
from policy.documents import check_document
from policy.facts import Expense, Line
from policy.judge import judge
from policy.snapshot import Snapshot

__all__ = ["SIZES", "expenses", "measure", "rules"]

SIZES: Final = (10, 1_000, 10_000)
_DAY: Final = date(2026, 3, 10)
_CATEGORIES: Final = tuple(f"c{number}" for number in range(100))
_DEPARTMENTS: Final = tuple(f"department {number}" for number in range(200))
_LINES: Final = 4
# The same for every rule: of the four lines one passes and three fail whatever the size, so only the size differs.
_LIMIT: Final = 150
_ROUNDS: Final = 7
# Places of a per diem table: a handful, and about as many as one of a whole country lists.
_PLACES: Final = (5, 500)


def rules(size: int) -> list[tuple[str, str]]:
    """Return the department and category of `size` rules; no two are alike."""
    return list(islice(product(_DEPARTMENTS, _CATEGORIES), size))


def compiled(size: int) -> CompiledPolicy:
    """Return a policy of `size` department limits and one for all."""
    limits = [
        {
            "id": f"department.{number}",
            "level": "department",
            "limit": f"{_LIMIT}.00",
            "match": {"departments": [department], "categories": [category]},
        }
        for number, (department, category) in enumerate(rules(size - 1))
    ]
    everywhere = {"id": "absolute.all", "level": "absolute", "limit": "5000.00"}
    document = {
        "name": "bench",
        "currency": "USD",
        "taxonomy": [{"code": code, "name": code} for code in _CATEGORIES],
        "limits": [everywhere, *limits],
    }
    return Snapshot.of(check_document(document, "bench")).compiled()


def expenses(size: int, number: int) -> list[Expense]:
    """Return expenses of four lines; every line meets a rule of a policy of `size`, spread over all of them."""
    known = rules(size - 1)
    # A prime step visits all rules before it comes back to the first.
    steps = iter(range(0, number * _LINES * 7919, 7919))
    found = []
    for _ in range(number):
        places = [known[next(steps) % len(known)] for _ in range(_LINES)]
        lines = tuple(
            Line(number=n, amount=Decimal(f"{90 + 37 * n}.50"), category=category, department=department)
            for n, (department, category) in enumerate(places, 1)
        )
        total = sum((line.amount for line in lines if line.amount), Decimal(0))
        found.append(Expense(lines=lines, currency="USD", submitted=_DAY, on=_DAY, total=total))
    return found


def measure(*, number: int = 2_000) -> Report:
    """Return microseconds a line at 10, 1,000 and 10,000 rules, the best of seven rounds over `number` expenses.

    Nothing but other programs can make a round slower, so the best is the nearest to what judging costs. The sizes
    take turns.
    """
    work = {size: _judging(size, number) for size in SIZES}
    rounds = [{size: _microseconds(once, number * _LINES) for size, once in work.items()} for _ in range(_ROUNDS)]
    cost = {size: min(taken[size] for taken in rounds) for size in SIZES}
    placed = {places: _judged(*per_diems(places, number)) for places in _PLACES}
    turns = [{places: _microseconds(once, number * _LINES) for places, once in placed.items()} for _ in range(_ROUNDS)]
    few, many = (min(taken[places] for taken in turns) for places in _PLACES)
    largest = SIZES[-1]
    zen = _zen(largest) if find_spec("zen") else None
    polars = _polars(largest) if find_spec("polars") else None
    figures: dict[str, Figure] = {f"us_per_line_{size}": taken for size, taken in cost.items()}
    return Report(
        "policy",
        {**figures, "us_per_line_5_places": few, "us_per_line_500_places": many, "zen_us": zen, "polars_us": polars},
        {
            "zen": f"one decision table of {largest} rows" if zen else "zen-engine is not installed",
            "polars": f"one filtered data frame of {largest} rows" if polars else "polars is not installed",
            "lines": number * _LINES,
        },
        {
            "largest_to_smallest": ratio(cost[largest], cost[SIZES[0]]),
            "places_500_to_5": ratio(many, few),
            "zen_to_ours": ratio(zen, cost[largest]),
            "polars_to_ours": ratio(polars, cost[largest]),
        },
    )


def _judging(size: int, number: int) -> Callable[[], None]:
    policy, found = compiled(size), expenses(size, number)
    for expense in found[:100]:
        if len(judge(expense, policy).decisions[0].resolution_path) < len(("absolute", "department")):
            msg = "a line was judged by fewer nodes than apply to it; the figure would mean nothing"
            raise AssertionError(msg)
    return _judged(policy, found)


def _judged(policy: CompiledPolicy, found: list[Expense]) -> Callable[[], None]:
    def once() -> None:
        for expense in found:
            judge(expense, policy)

    return once


def per_diems(places: int, number: int) -> tuple[CompiledPolicy, list[Expense]]:
    """Return a policy with one table of so many places, and expenses of four nights spread over all of them."""
    days = {"since": "2025-10-01", "until": "2026-09-30"}
    table = {
        "id": "table",
        "name": "Table",
        "publisher": "bench",
        "source": "bench",
        "fiscal_year": 2026,
        "published": days["since"],
        "currency": "USD",
        **days,
        "places": [
            {
                "name": f"Place {n}",
                "country": "US",
                "areas": [{"state": "NY", "cities": [f"place {n}"]}],
                "rates": [{**days, "lodging": f"{_LIMIT}.00", "meals": "80.00"}],
            }
            for n in range(places)
        ],
    }
    document = {
        "name": "bench",
        "currency": "USD",
        "taxonomy": [{"code": "lodging", "name": "Lodging"}],
        "limits": [{"id": "absolute.all", "level": "absolute", "limit": "5000.00"}],
        "per_diem": [{"id": "rooms", "component": "lodging", "categories": ["lodging"], "tables": ["table"]}],
        "per_diem_tables": [table],
    }
    policy = Snapshot.of(check_document(document, "bench")).compiled()
    steps = iter(range(0, number * _LINES * 7919, 7919))
    found = []
    for _ in range(number):
        towns = [f"place {next(steps) % places}, ny" for _ in range(_LINES)]
        lines = tuple(
            Line(number=n, amount=Decimal("30.00"), category="lodging", country="US", locality=town)
            for n, town in enumerate(towns, 1)
        )
        found.append(Expense(lines=lines, currency="USD", submitted=_DAY, on=_DAY, total=Decimal(120), nights=1))
    return policy, found


def _microseconds(once: Callable[[], None], lines: int) -> float:
    began = time.perf_counter()
    once()
    return round((time.perf_counter() - began) * 1e6 / lines, 3)


def _zen(size: int) -> float:
    """Return microseconds a line of one first-hit decision table. It compares floats: one reason it was not taken."""
    import zen  # type: ignore[import-not-found]  # noqa: PLC0415 - installed only to be measured

    inputs = [{"id": field, "name": field, "field": field} for field in ("department", "category", "amount")]
    rows = [
        {"department": json.dumps(d), "category": json.dumps(c), "amount": f"> {_LIMIT}", "fail": "true"}
        for d, c in rules(size)
    ]
    table = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": "fail", "name": "fail", "field": "fail"}],
        "rules": [{"_id": str(n), **row} for n, row in enumerate(rows)],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "2", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))
    asked = _asked(size)

    def once() -> None:
        for question in asked:
            decision.evaluate(question)

    return min(_microseconds(once, len(asked)) for _ in range(_ROUNDS))


def _polars(size: int) -> float:
    """Return microseconds a line of filtering a frame of rules."""
    import polars as pl  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    frame = pl.DataFrame(
        [(d, c, _LIMIT) for d, c in rules(size)],
        schema=["department", "category", "limit"],
        orient="row",
    )
    asked = _asked(size)

    def once() -> None:
        for question in asked:
            frame.filter(
                (pl.col("department") == question["department"])
                & (pl.col("category") == question["category"])
                & (pl.col("limit") < question["amount"])
            )

    return min(_microseconds(once, len(asked)) for _ in range(_ROUNDS))


def _asked(size: int) -> list[dict[str, Any]]:
    return [
        {"department": line.department, "category": line.category, "amount": float(line.amount or 0)}
        for expense in expenses(size, 10)
        for line in expense.lines
    ]
