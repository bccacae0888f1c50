"""What judging one line costs, with its whole path, as the rules of the policy grow a thousandfold.

Beside it stand what one would take otherwise: a rule engine (zen) and a data frame of rules (polars), each with the
largest policy; neither is a dependency, so each is measured only where it is installed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from bench.report import Figure, Report, ratio
from bench.ruleset import CATEGORIES, LIMIT, LINES, places, questions, rules
from policy.compiled import CompiledPolicy
from policy.documents import check_document
from policy.facts import Expense, Line
from policy.judge import judge
from policy.snapshot import Snapshot

__all__ = ["SIZES", "expenses", "measure"]

SIZES: Final = (10, 1_000, 10_000)
_DAY: Final = date(2026, 3, 10)
_ROUNDS: Final = 9
# Expenses timed at a time: some 10 ms, so that another program seldom falls into the same part in every round.
_PART: Final = 200
# Places of a per diem table: a handful, and about as many as one of a whole country lists.
_PLACES: Final = (5, 500)
_ROOT: Final = Path(__file__).parents[1]
# A decision table is walked row by row, a frame is joined at once: each gets as many lines as suit it.
_ASKED: Final = {"zen": 40, "polars": 80_000}
_ENGINE_S: Final = 300.0


def compiled(size: int) -> CompiledPolicy:
    """Return a policy of `size` department limits and one for all."""
    limits = [
        {
            "id": f"department.{number}",
            "level": "department",
            "limit": f"{LIMIT}.00",
            "match": {"departments": [department], "categories": [category]},
        }
        for number, (department, category) in enumerate(rules(size - 1))
    ]
    everywhere = {"id": "absolute.all", "level": "absolute", "limit": "5000.00"}
    document = {
        "name": "bench",
        "currency": "USD",
        "taxonomy": [{"code": code, "name": code} for code in CATEGORIES],
        "limits": [everywhere, *limits],
    }
    return Snapshot.of(check_document(document, "bench")).compiled()


def expenses(size: int, number: int) -> list[Expense]:
    """Return expenses of four lines; every line meets a rule of a policy of `size`, spread over all of them."""
    asked = questions(size - 1, number * LINES)
    found = []
    for start in range(0, len(asked), LINES):
        lines = tuple(
            Line(number=n, amount=Decimal(one.minor) / 100, category=one.category, department=one.department)
            for n, one in enumerate(asked[start : start + LINES], 1)
        )
        total = sum((line.amount for line in lines if line.amount), Decimal(0))
        found.append(Expense(lines=lines, currency="USD", submitted=_DAY, on=_DAY, total=total))
    return found


def measure(*, number: int = 2_000, engines: Path | None = None) -> Report:
    """Return microseconds of processor time a line at 10, 1,000 and 10,000 rules, over `number` expenses.

    Each part of the expenses counts with the best of nine rounds: nothing but other programs, which share the caches,
    can make it slower, so the best is the nearest to what judging costs. The sizes take turns. `engines` is an
    interpreter that has zen-engine and polars, where this one has not.
    """
    cost = _microseconds({size: _judging(size, number) for size in SIZES})
    few, many = _microseconds({towns: per_diems(towns, number) for towns in _PLACES}).values()
    largest = SIZES[-1]
    beside = {name: _engine(name, engines) for name in _ASKED}
    zen, polars = (None if found is None else float(found["us"]) for found in beside.values())
    figures: dict[str, Figure] = {f"us_per_line_{size}": taken for size, taken in cost.items()}
    return Report(
        "policy",
        {**figures, "us_per_line_5_places": few, "us_per_line_500_places": many, "zen_us": zen, "polars_us": polars},
        {
            "zen": _told(beside["zen"], f"one decision table of {largest} rows, in floats, without a path"),
            "polars": _told(beside["polars"], f"a join with {largest} rules and one comparison, without a path"),
            "lines": number * LINES,
        },
        {
            "largest_to_smallest": ratio(cost[largest], cost[SIZES[0]]),
            "places_500_to_5": ratio(many, few),
            "zen_to_ours": ratio(zen, cost[largest]),
            "polars_to_ours": ratio(polars, cost[largest]),
        },
    )


def _judging(size: int, number: int) -> tuple[CompiledPolicy, list[Expense]]:
    policy, found = compiled(size), expenses(size, number)
    for expense in found[:100]:
        if len(judge(expense, policy).decisions[0].resolution_path) < len(("absolute", "department")):
            msg = "a line was judged by fewer nodes than apply to it; the figure would mean nothing"
            raise AssertionError(msg)
    return policy, found


def per_diems(number_of: int, number: int) -> tuple[CompiledPolicy, list[Expense]]:
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
                "rates": [{**days, "lodging": f"{LIMIT}.00", "meals": "80.00"}],
            }
            for n in range(number_of)
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
    spread = places(number_of)
    found = []
    for _ in range(number):
        towns = [f"place {next(spread)}, ny" for _ in range(LINES)]
        lines = tuple(
            Line(number=n, amount=Decimal("30.00"), category="lodging", country="US", locality=town)
            for n, town in enumerate(towns, 1)
        )
        found.append(Expense(lines=lines, currency="USD", submitted=_DAY, on=_DAY, total=Decimal(120), nights=1))
    return policy, found


def _microseconds(work: Mapping[int, tuple[CompiledPolicy, list[Expense]]]) -> dict[int, float]:
    """Return what a line takes for each size of policy."""
    rounds = [{size: _timed(*given) for size, given in work.items()} for _ in range(_ROUNDS)]
    return {
        size: round(sum(map(min, zip(*(each[size] for each in rounds), strict=True))) * 1e6 / len(found) / LINES, 3)
        for size, (_, found) in work.items()
    }


def _timed(policy: CompiledPolicy, found: list[Expense]) -> list[float]:
    """Return the processor seconds that each part of the expenses takes."""
    taken = []
    for start in range(0, len(found), _PART):
        part = found[start : start + _PART]
        began = time.process_time()
        for expense in part:
            judge(expense, policy)
        taken.append(time.process_time() - began)
    return taken


def _told(found: dict[str, Any] | None, what: str) -> str:
    return (
        f"{what}; version {found['version']}" if found else "not installed; --engines-python names a Python that has it"
    )


def _engine(name: str, python: Path | None) -> dict[str, Any] | None:
    """Return what another engine takes with the largest set of rules, None where it is not installed.

    It runs in a process of its own, in the interpreter that was named: neither engine is a dependency.

    Raises:
        ValueError: it does not find the lines above their limit that there are.
        subprocess.CalledProcessError: it failed; what it said stands above.

    """
    if python is None and not find_spec(name):
        return None
    argv = [str(python or sys.executable), "-m", "bench.engines", name, str(SIZES[-1]), str(_ASKED[name])]
    paths = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=_ENGINE_S, check=True, env=paths)
    found: dict[str, Any] = json.loads(done.stdout)
    above = sum(question.minor > LIMIT * 100 for question in questions(SIZES[-1], _ASKED[name]))
    if found["above"] != above:
        msg = f"{name} finds {found['above']} of {above} lines above their limit, so its time says nothing"
        raise ValueError(msg)
    return found
