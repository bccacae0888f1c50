"""What one would judge with otherwise: `python -m bench.engines zen|polars SIZE NUMBER`.

Standard library and the engine alone, so an interpreter that has none of this project's dependencies can run it. Both
answer whether a line is above its limit and nothing more: no path, no reason, no rule's name. That is the part they
can do.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

from bench.ruleset import LIMIT, questions, rules

__all__ = ["ENGINES"]

_ROUNDS: Final = 5


def _zen(size: int, number: int) -> Callable[[], int]:
    """Return one pass over one first-hit decision table. It compares floats: one reason it was not taken."""
    import zen  # type: ignore[import-not-found]  # noqa: PLC0415 - installed only to be measured

    inputs = [{"id": field, "name": field, "field": field} for field in ("department", "category", "amount")]
    rows = [
        {"_id": str(n), "department": json.dumps(d), "category": json.dumps(c), "amount": f"> {LIMIT}", "fail": "true"}
        for n, (d, c) in enumerate(rules(size))
    ]
    table = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": "fail", "name": "fail", "field": "fail"}],
        "rules": rows,
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
    asked = [
        {"department": department, "category": category, "amount": minor / 100}
        for department, category, minor in questions(size, number)
    ]
    return lambda: sum(bool((decision.evaluate(one)["result"] or {}).get("fail")) for one in asked)


def _polars(size: int, number: int) -> Callable[[], int]:
    """Return one pass that joins a frame of lines with a frame of rules and compares whole columns, exactly."""
    import polars as pl  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    frame = pl.DataFrame(
        [(d, c, LIMIT * 100) for d, c in rules(size)], schema=["department", "category", "limit"], orient="row"
    )
    lines = pl.DataFrame(questions(size, number), schema=["department", "category", "minor"], orient="row")

    def once() -> int:
        met = lines.join(frame, on=["department", "category"], how="left")
        return int(met.select((pl.col("minor") > pl.col("limit")).sum()).item())

    return once


ENGINES: Final[Mapping[str, tuple[str, Callable[[int, int], Callable[[], int]]]]] = {
    "zen": ("zen-engine", _zen),
    "polars": ("polars", _polars),
}


def main(words: list[str]) -> None:
    """Print one JSON object: microseconds a line, how many lines are above their limit, the engine's version."""
    name, size, number = words[0], int(words[1]), int(words[2])
    package, prepare = ENGINES[name]
    once = prepare(size, number)
    taken, above = [], 0
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        above = once()
        taken.append(time.perf_counter() - began)
    answer: dict[str, Any] = {"us": round(min(taken) * 1e6 / number, 3), "above": above, "version": version(package)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
