"""Card lines that were judged, written where `evaluate` writes them: what a backtest is measured on."""

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Final

from confluent_kafka import Producer

from consumers.evaluate.handler import evaluate
from policy.table import Policies
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.events import ExpenseCoded, ExpenseEvaluated
from schemas.identity import derive
from schemas.records import CategoryMatch, Coding, Context, Evidence, Facts, Line, VendorMatch
from schemas.topics import EVALUATED
from streams.client import PARTITIONER

__all__ = ["fill", "judged"]

_PEOPLE: Final = 500
_LEDGERS: Final = 8
_FIRST_DAY: Final = date(2026, 9, 1)
_DAYS: Final = 50
_DEPARTMENTS: Final = ("operations", "sales", "engineering", "finance", "legal")
# Category, its merchants' code, and the largest amount: some of each are above their limit of the shipped policy.
_KINDS: Final = (
    ("meals", "5814", 90),
    ("fuel", "5541", 170),
    ("office_supplies", "5943", 550),
    ("software", "5734", 1100),
    ("travel.ground", "4121", 220),
)


def judged(first: int, last: int) -> Iterator[ExpenseEvaluated]:
    """Yield the judged card lines from number `first` up to but without `last`; a number is always the same line."""
    policies = Policies()
    for number in range(first, last):
        for event in evaluate(_coded(number), policies=policies):
            if isinstance(event, ExpenseEvaluated):
                yield event


def fill(bootstrap: str, registry: str, first: int, last: int, *, processes: int) -> None:
    """Write judged card lines to their topic, from several processes.

    Raises:
        RuntimeError: one of them failed; what it said stands above.

    """
    cuts = [first + (last - first) * part // processes for part in range(processes + 1)]
    context = multiprocessing.get_context("spawn")
    running = [
        context.Process(target=_fill, args=(bootstrap, registry, start, end), daemon=True)
        for start, end in pairwise(cuts)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
    if any(process.exitcode for process in running):
        msg = "not every card line could be written"
        raise RuntimeError(msg)


def _fill(bootstrap: str, registry: str, first: int, last: int) -> None:
    codec = Codec(registry_at(registry))
    settings = {"bootstrap.servers": bootstrap, "partitioner": PARTITIONER, "linger.ms": 50, "log_level": 0}
    producer = Producer({**settings, "queue.buffering.max.messages": 1_000_000})
    for event in judged(first, last):
        producer.produce(EVALUATED.name, codec.encode(event), EVALUATED.key(event).encode())
        producer.poll(0)
    if producer.flush(120):
        msg = "the broker did not take every card line within two minutes"
        raise TimeoutError(msg)


def _coded(number: int) -> ExpenseCoded:
    numbers = Random(number)  # noqa: S311 - the same line again, no secret
    category, mcc, most = _KINDS[number % len(_KINDS)]
    merchant = f"{category.split('.')[-1].upper().replace('_', ' ')} COUNTER {numbers.randrange(40):02}"
    day = _FIRST_DAY + timedelta(days=numbers.randrange(_DAYS))
    amount = Decimal(numbers.randint(300, most * 100)) / 100
    person = f"{numbers.randrange(_PEOPLE):032x}"
    entered = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1, seconds=number % 40_000)
    evidence = (Evidence(source="mcc", value=mcc, category=category, weight=80),)
    return opening(
        ExpenseCoded,
        "bench",
        str(number),
        tenant="main",
        ledger=f"ledger-{number % _LEDGERS}",
        expense_id=derive("bench", str(number)),
        at=entered,
        stage="coding",
        subject=person,
        status="coded",
        document=None,
        context=Context(department=numbers.choice(_DEPARTMENTS), claimed_category=category),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            engine="csv",
            vendor_name=merchant,
            invoice_number=f"R{number}",
            invoice_date=day,
            currency="USD",
            total=amount,
            mcc=mcc,
            account=person,
            confidence={},
        ),
        lines=(Line(number=1, description=merchant, amount=amount),),
        conversion=None,
        vendor=VendorMatch(vendor_id=derive("vendor", merchant), name=merchant.lower(), score=100, method="name"),
        categories=(CategoryMatch(line=1, category=category, score=100, evidence=evidence),),
        codings=(Coding(line=1, gl_code="6000", recovery_status="not_applicable", rule="gl.default"),),
    )
