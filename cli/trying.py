"""`spendtrail policy backtest`, and the same as a gate before a policy is published."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.backtesting import Comparison
from cli.context import now, session
from cli.instants import instant
from cli.output import say_json
from cli.policy_input import Json, loaded, refusing
from cli.policy_text import say_comparison
from cli.rejudging import Asked, judge_anew, source_of
from schemas.topics import AUDIT_LOG

__all__ = ["Bounds", "backtest", "beyond"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a policy may change at most: shares of the expenses judged anew, and reviews a week where there is a bound.

    A share is 0 to 1.
    """

    newly_flagged: float
    newly_cleared: float
    reviews_per_week: float | None = None


def beyond(found: Comparison, bounds: Bounds) -> Iterator[str]:
    """Yield a sentence for each bound that a policy goes beyond; none where nothing was judged anew."""
    sides = (
        ("flagged", found.newly_flagged.number, bounds.newly_flagged),
        ("cleared", found.newly_cleared.number, bounds.newly_cleared),
    )
    for what, number, most in sides:
        if number > most * found.judged:
            share = number / found.judged
            yield f"{number} of {found.judged} expenses ({share:.1%}) would be newly {what}, {most:.1%} are allowed"
    if bounds.reviews_per_week is not None and found.load_after > bounds.reviews_per_week:
        yield f"{found.load_after} expenses a week would wait for a person, {bounds.reviews_per_week:g} are allowed"


def backtest(
    policy: Annotated[
        list[Path], typer.Option(help="File or folder of the policy to try; may be given several times.")
    ],
    start: Annotated[str | None, typer.Option("--from", help="Submitted from this moment or day on, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Submitted before this moment or day, UTC.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    examples: Annotated[int, typer.Option(help="At most so many examples of each kind.", min=0)] = 10,
    processes: Annotated[
        int | None, typer.Option(help="Processes that judge; by the number of cores and expenses otherwise.", min=1)
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Read the audit log, even where expense.evaluated still has them all.")
    ] = False,
    json: Json = False,
) -> None:
    """Judge past expenses anew under another policy: what it would flag, clear, and cost in reviews.

    They are read from expense.evaluated where it still has all that is asked for, else from the audit log, which takes
    longer. What is found across expenses (duplicates, splits, budgets) is left out on both sides.
    """
    asked = Asked(tenant, instant("--from", start) if start else None, instant("--to", end) if end else None)
    with refusing():
        tried = loaded(policy)
    found = session()
    topic = AUDIT_LOG if log else source_of(found, asked.first, now())
    comparison = judge_anew(found, tried, asked, topic, processes=processes, examples=examples, quiet=json)
    if json:
        say_json(comparison)
    else:
        say_comparison(comparison)
