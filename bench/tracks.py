"""How many lines a second of its own one core takes through each track: the function and its tables, without Kafka.

Every expense is another one: other amounts, dates and references, and of the merchants so many that the memory of
answers helps as it does in a real feed and no more.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from random import Random
from typing import Any, Final

from bench.report import Report, middle, per_second, ratio
from consumers.coding.patterns import PatternBook
from consumers.runtime.memory_store import MemoryStore
from consumers.stages import stage_named
from consumers.vendor.table import VendorTable
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import ExpenseParsed, PatternRecorded, VendorRecorded
from schemas.identity import derive
from schemas.records import Context, Facts, Line

__all__ = ["TRACKS", "expenses", "measure"]

TRACKS: Final = ("currency", "vendor", "category", "coding")
_NOW: Final = datetime(2026, 5, 4, 9, tzinfo=UTC)
_CURRENCIES: Final = ("EUR", "USD", "GBP", "JPY", "CHF")
_TRADES: Final = (
    "hotel",
    "taxi",
    "coffee house",
    "office supplies",
    "air",
    "hosting",
    "hardware",
    "catering",
    "garage",
)
_PLACES: Final = ("NEW YORK NY", "LONDON", "AUSTIN TX", "PARIS", "", "", "0231", "#44", "LTD")
_BEFORE: Final = ("SQ *", "PAYPAL *", "TST* ", "", "", "", "")
_DESCRIPTIONS: Final = ("lunch", "room night", "airport transfer", "paper and toner", "monthly plan", "repair", None)
_LINES: Final = 2
# A feed of a large company: some thousand merchants, the first tenth of them with most of the purchases.
_MERCHANTS: Final = 4_000
_COMMON: Final = 0.7
_ROUNDS: Final = 3
# The store in memory keeps its keys in a sorted list, unlike the one on disk: it is not to grow long.
_KEPT: Final = 1_000
_LOOP: Final = 2_000_000


def _merchants(random: Random) -> list[str]:
    letters = "abdegiklmnoprstuvz"
    found = []
    for number in range(_MERCHANTS):
        word = "".join(random.choice(letters) for _ in range(5 + number % 4)).upper()
        name = f"{random.choice(_BEFORE)}{word} {random.choice(_TRADES).upper()} {random.choice(_PLACES)}"
        found.append(name.strip())
    return found


def expenses(number: int) -> list[ExpenseParsed]:
    """Return so many different expenses of two lines; the same ones each time."""
    random = Random(7)  # noqa: S311 - made-up expenses, the same each time
    merchants = _merchants(random)
    common = merchants[: _MERCHANTS // 10]
    return [
        _expense(place, random.choice(common if random.random() < _COMMON else merchants)) for place in range(number)
    ]


def _expense(place: int, merchant: str) -> ExpenseParsed:
    amounts = [Decimal(place * 37 % 90_000 + 100 * line) / 100 for line in range(1, _LINES + 1)]
    name = str(place)
    return opening(
        ExpenseParsed,
        name,
        tenant="acme",
        expense_id=derive("bench", name),
        subject=derive("subject", str(place % 500)),
        at=_NOW,
        stage="card_feed",
        status="parsed",
        document=None,
        context=Context(reporting_currency="EUR"),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            vendor_name=merchant,
            invoice_number=f"R-{place}",
            invoice_date=date(2025, 1, 2) + timedelta(days=place % 400),
            currency=_CURRENCIES[place % len(_CURRENCIES)],
            total=sum(amounts, Decimal(0)),
            mcc=("5812", "7011", "4121", None)[place % 4],
            confidence={"total": 1.0},
        ),
        lines=tuple(
            Line(number=n, description=_DESCRIPTIONS[(place + n) % len(_DESCRIPTIONS)], amount=amount)
            for n, amount in enumerate(amounts, 1)
        ),
    )


def measure(number: int = 20_000) -> Report:
    """Return the lines a second of each track's function, the median of three rounds, beside an empty loop's."""
    given = expenses(number)
    figures: dict[str, float | None] = {}
    answers: dict[str, list[Event]] = {}
    tables = _tables(given)
    for track in TRACKS[:-1]:
        handle = stage_named(track).load().handle
        rates = []
        for _ in range(_ROUNDS):
            seconds, answers[track] = _timed(handle, given, tables.get(track, {}))
            rates.append(per_second(number * _LINES, seconds))
        figures[f"{track}_lines_per_s"] = middle(rates)
    figures["coding_lines_per_s"] = middle(_coding(answers, number) for _ in range(_ROUNDS))
    loop = _loop()
    return Report(
        "tracks",
        figures,
        {
            "expenses": number,
            "lines_each": _LINES,
            "merchants": _MERCHANTS,
            "vendors": len(tables["vendor"]["vendors"].of("acme").master),
            "empty_loop_per_s": loop,
            "coding": "joins the three answers, which come one after the other, out of state in memory, then codes",
        },
        {f"{track}_to_loop": ratio(figures[f"{track}_lines_per_s"], loop) for track in TRACKS},
    )


def _timed(
    handle: Callable[..., Any], given: Sequence[ExpenseParsed], tables: dict[str, Any]
) -> tuple[float, list[Event]]:
    answers: list[Event] = []
    # Rules and rates are loaded by the first one.
    handle(given[0], **tables)
    began = time.process_time()
    for expense in given:
        answers += handle(expense, **tables)
    return time.process_time() - began, answers


def _tables(given: Sequence[ExpenseParsed]) -> dict[str, dict[str, Any]]:
    """Return the tables of the tracks: half of the merchants are known vendors."""
    vendors = VendorTable()
    names = sorted({expense.facts.vendor_name or "" for expense in given})[::2]
    for name in names:
        key = derive("vendor", "acme", name)
        record = opening(
            VendorRecorded, name, tenant="acme", expense_id=key, at=_NOW, stage="learn", vendor_id=key, name=name
        )
        vendors.apply(key, record)
    return {"vendor": {"vendors": vendors}}


def _coding(answers: dict[str, list[Event]], number: int) -> float:
    stage = stage_named("coding").load()
    if stage.state is None:
        msg = "coding joins three answers, so it has state"
        raise TypeError(msg)
    book, codec = PatternBook(), Codec(registry_at("mock://tracks"))
    for place in range(100):
        pattern = opening(
            PatternRecorded,
            str(place),
            tenant="acme",
            expense_id=derive("pattern", str(place)),
            at=_NOW,
            stage="learn",
            vendor_id=derive("vendor", "acme", str(place)),
            description="monthly plan",
            gl_code="6200",
            recovery_status="not_applicable",
        )
        book.apply(str(place), pattern)
    began = time.process_time()
    for place, together in enumerate(zip(*(answers[track] for track in TRACKS[:-1]), strict=True)):
        if place % _KEPT == 0:
            state = stage.state(MemoryStore())
        for answer in together:
            stage.handle(answer, state, patterns=book, join_limit=timedelta(minutes=15), codec=codec)
    return per_second(number * _LINES, time.process_time() - began)


def _loop() -> float:
    """Return how often a second this machine calls a function that does nothing: what the figures stand beside."""
    began = time.process_time()
    for _ in islice(cycle((None,)), _LOOP):
        _nothing()
    return per_second(_LOOP, time.process_time() - began)


def _nothing() -> None:
    return None
