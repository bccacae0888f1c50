"""What screening one card line costs, with the real state file, as the history of one ledger grows; no broker.

Processor seconds, since only these can be compared on a machine that others use too: of reading the event, of looking
across expenses, of writing the decision and its audit record, of taking in what changed, and of the state file. The
runner, the client and the changelog's records come on top of these; the stage cannot be faster than all of it together.

Twice: where a person buys something once a day, as people do, and where everyone does so twenty times a day, so that
every line meets others. And what taking back an expense costs that thousands of later ones count in their totals.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Final

from bench.report import Report, per_second, ratio
from bench.retracting import retracted
from consumers.evaluate.handler import evaluate
from consumers.runtime.store import PartitionStore, RecordView
from consumers.runtime.transport import Fetched
from consumers.runtime.writer import Writer
from consumers.screen.handler import LedgerHistory, screen
from consumers.stages import stage_named
from policy.snapshot import genesis
from policy.table import Policies
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.events import ExpenseCoded, ExpenseDecided, ExpenseEvaluated, PolicyPublished
from schemas.identity import derive
from schemas.records import CategoryMatch, Coding, Context, Facts, Line, VendorMatch
from schemas.topics import POLICIES

__all__ = ["lines", "measure"]

_MOMENT: Final = datetime(2026, 11, 1, tzinfo=UTC)
_MERCHANTS: Final = 200
_DAYS: Final = 50
# Purchases of a person and day.
_ORDINARY: Final = 1
_DENSE: Final = 20
# Departments grow with the lines, so that their budgets are met as seldom in a long history as in a short one.
_LINES_A_DEPARTMENT: Final = 1_250
_TENTH: Final = 10
# So many records end with one transaction; in a short history fewer, or its tenths could not be compared.
_TOGETHER: Final = 1_000
_COMMITS: Final = 50
_PARTS: Final = ("read", "look", "write", "take", "file")
# How many lines of one department are taken back from.
_LATER: Final = 20_000
_VERSIONS: Final = {"policies": "0" * 64}


@dataclass(slots=True)
class _Run:
    """One history: nanoseconds by part, seconds after each line, flagged lines, bytes of the file."""

    parts: list[int]
    spent: list[float]
    flagged: int = 0
    size: int = 0

    def us(self, number: int) -> dict[str, float]:
        """Return microseconds a line, by part."""
        return {name: round(ns / 1e3 / number, 1) for name, ns in zip(_PARTS, self.parts, strict=True)}


def measure(*, number: int = 50_000) -> Report:
    """Return card lines a second of one ledger: all of `number`, the first tenth of them and the last."""
    policies = _policies()
    # Once without being counted: what is made for each type of event and each policy is made there.
    _run(_TOGETHER, _ORDINARY, policies)
    run, dense = _run(number, _ORDINARY, policies), _run(number, _DENSE, policies)
    tenth = number // _TENTH
    flagged, ordinary, large = retracted(lines(_LATER, policies, departments=1), policies)
    whole, crowded = run.spent[-1], dense.spent[-1]
    first, last = run.spent[tenth - 1], whole - run.spent[-tenth - 1]
    return Report(
        "screening",
        {
            "lines": number,
            "lines_per_s": per_second(number, whole),
            "first_tenth_per_s": per_second(tenth, first),
            "last_tenth_per_s": per_second(tenth, last),
            "us_per_line": round(1e6 * whole / number, 1),
            "us_by_part": run.us(number),
            "flagged_percent": round(100 * run.flagged / number, 1),
            "state_bytes_per_line": round(run.size / number),
            "dense_us_per_line": round(1e6 * crowded / number, 1),
            "dense_us_by_part": dense.us(number),
            "dense_flagged_percent": round(100 * dense.flagged / number, 1),
            "dense_state_bytes_per_line": round(dense.size / number),
            "retraction_flagged": flagged,
            "retraction_s": round(sum(ordinary.pieces), 3),
            "large_retraction_s": round(sum(large.pieces), 3),
            "large_retraction_longest_piece_s": round(max(large.pieces), 3),
            "large_retraction_told": large.told,
        },
        {"lines of a person and day": {"ordinary": _ORDINARY, "dense": _DENSE}, "ledgers": 1, "broker": None},
        {"last_to_first": ratio(last, first), "dense_to_ordinary": ratio(crowded, whole)},
    )


def _run(number: int, density: int, policies: Policies) -> _Run:
    codec = Codec(registry_at(f"mock://screening-{density}"))
    writer = Writer(stage_named("screen"), codec, frozenset())
    clock, run = time.thread_time_ns, _Run([0] * len(_PARTS), [])
    together = min(_TOGETHER, max(1, number // _COMMITS))
    feed = lines(number, policies, density)
    place, total = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        store = PartitionStore(Path(folder) / "0.sqlite", now_ms=0, max_age_ms=1)
        view = RecordView(store)
        history = LedgerHistory(view)
        # As the stage gets them, in the bytes of a piece: what makes them up is not in the processor's cache then.
        while piece := [codec.encode(line) for line in islice(feed, together)]:
            for data in piece:
                record = Fetched("expense.evaluated", 0, place, b"main", data, (), 0)
                moments = [clock()]
                event = codec.decode(data)
                moments.append(clock())
                outputs = screen(event, history, policies=policies, codec=codec)
                journal = view.take()
                moments.append(clock())
                writer.write(record, event, outputs, _VERSIONS)
                moments.append(clock())
                store.accept(journal)
                moments.append(clock())
                place += 1
                if place % together == 0 or place == number:
                    store.committed(place, now_ms=0)
                moments.append(clock())
                for part, (began, ended) in enumerate(pairwise(moments)):
                    run.parts[part] += ended - began
                total += moments[-1] - moments[0]
                run.spent.append(total / 1e9)
                run.flagged += any(isinstance(each, ExpenseDecided) and each.outcome != "PASS" for each in outputs)
        run.size = store.size()
        store.close()
    return run


def lines(
    number: int, policies: Policies, density: int = _ORDINARY, departments: int = 0
) -> Iterator[ExpenseEvaluated]:
    """Yield evaluated card lines of one ledger, each its own expense, in no order of days; the same every time.

    Of so many departments, of as many as there are lines for where that is not said.
    """
    numbers = Random(1)  # noqa: S311 - the same lines again, no secret
    people = max(1, number // (_DAYS * density))
    departments = departments or max(1, number // _LINES_A_DEPARTMENT)
    for place in range(number):
        merchant = f"lunch counter {numbers.randrange(_MERCHANTS):03}"
        person = numbers.randrange(people)
        (event,) = evaluate(_coded(place, merchant, person, person % departments, numbers), policies=policies)
        if isinstance(event, ExpenseEvaluated):
            yield event


def _coded(place: int, merchant: str, person: int, department: int, numbers: Random) -> ExpenseCoded:
    amount = Decimal(numbers.randint(800, 6_000)) / 100
    expense = derive("bench", str(place))
    return opening(
        ExpenseCoded,
        expense,
        tenant="default",
        expense_id=expense,
        at=_MOMENT,
        stage="coding",
        subject=f"{person:032x}",
        status="coded",
        document=None,
        context=Context(department=f"department {department}"),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            vendor_name=merchant,
            invoice_number=str(place),
            invoice_date=date(2026, 9, 1) + timedelta(days=numbers.randrange(_DAYS)),
            currency="USD",
            total=amount,
            mcc="5814",
            account=f"{person:032x}",
            confidence={},
        ),
        lines=(Line(number=1, description=merchant, amount=amount),),
        conversion=None,
        vendor=VendorMatch(vendor_id=derive("vendor", merchant), name=merchant, score=100, method="name"),
        categories=(CategoryMatch(line=1, category="meals", score=100),),
        codings=(Coding(line=1, gl_code="6200", recovery_status="not_applicable", rule="category:meals"),),
    )


def _policies() -> Policies:
    first = replace(genesis(), effective_from=datetime(1970, 1, 1, tzinfo=UTC))
    event = opening(
        PolicyPublished,
        first.version,
        tenant="default",
        expense_id=derive("policy", first.version),
        at=_MOMENT,
        stage="policy",
        version=first.version,
        snapshot=first.canonical.decode(),
        effective_from=first.effective_from,
        published_by="bench",
        reason="the shipped example",
    )
    policies = Policies()
    policies.apply(POLICIES.key(event), event)
    return policies
