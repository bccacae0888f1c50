"""What the example policy says of months of two cities' purchase cards: `python -m docs.month_pages DATA`.

Every line goes through the real stages, from the feed to the decision across expenses, in this process. What is
written down are counts, categories and reasons: no card holder, no merchant, no description.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from consumers.runtime.memory_store import MemoryStore
from consumers.runtime.stage import Handler
from consumers.stages import stage_named
from docs.markdown import table
from policy.documents import shipped
from policy.snapshot import Snapshot
from producers.card_feed import survey
from producers.card_line import CardLine, Holder
from producers.feed_map import ColumnMap
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import ExpenseDecided, ExpenseParsed, PolicyPublished
from schemas.identity import derive
from schemas.records import Context, Finding
from schemas.topics import POLICIES

__all__ = ["City", "page", "through"]

_PAGE: Final = Path(__file__).parent / "reference" / "purchase-card-months.md"
_CITIES: Final = (
    ("Birmingham", "reference/pcard_birmingham", "*.xls"),
    ("Oxford", "reference/pcard_oxford/data", "*.csv"),
)
_MOST_GROUPS: Final = 12
# A statement comes about so long after a purchase.
_STATEMENT: Final = timedelta(days=20)
_TENANT: Final = "city"
_TRACKS: Final = ("currency", "vendor", "category")
_MEANING: Final = {
    "FALLBACK_UNMAPPED": "nothing tells what was bought, or no limit covers it",
    "CAP_EXCEEDED": "above the limit of its category, or above 5,000 in all",
    "NEAR_LIMIT": "within a limit, above 90 % of it",
    "SPLIT_TRANSACTION": "several purchases at one merchant within a day that exceed a limit together",
    "DUPLICATE_EXACT": "the same card, day, amount and merchant as another line",
    "RESTRICTED_MCC": "a kind of merchant that is not bought from",
    "PERSONAL_SPEND": "a word that speaks of personal spending",
    "ALCOHOL": "a word of the line that speaks of alcohol",
    "ROUND_AMOUNT": "a multiple of 100 from 500 on",
    "WEEKEND_SPEND": "spent on a day off, other than on travel, meals or fuel",
    "BUDGET_EXCEEDED": "with it the department is above its budget of the month",
    "CATEGORY_MISMATCH": "what the feed says it is for, and what the merchant is, do not fit",
    "MISSING_VENDOR": "the feed names no merchant: payments to the card's own account, mostly",
    "MISSING_MERCHANT": "the same, said by the feed's reader",
    "NO_GL_CODE": "no account can be told, since nothing tells what was bought",
    "CONTRACT_BROKEN": "a field that a posting needs is missing, such as the property a cost is recovered from",
}


@dataclass
class City:
    """What came of one city's months."""

    name: str
    months: int = 0
    decided: list[ExpenseDecided] = field(default_factory=list)

    def with_code(self, code: str) -> list[ExpenseDecided]:
        """Return the lines on which something was found, each once."""
        return [event for event in self.decided if code in _codes(event)]


class _Run:
    """One stage over one ledger, in memory."""

    def __init__(self, name: str) -> None:
        self._handler: Handler = stage_named(name).load()
        self._store = MemoryStore()
        self._given: dict[str, Any] = {}
        for each in self._handler.tables:
            view = self._given[each.name] = each.view()
            if each.topic is POLICIES:
                published = _published()
                view.apply(POLICIES.key(published), published)
        if "join_limit" in self._handler.capabilities:
            self._given["join_limit"] = timedelta(days=1)
        if "codec" in self._handler.capabilities:
            self._given["codec"] = Codec(registry_at("mock://month"))

    def __call__(self, event: Event) -> Sequence[Event]:
        arguments: list[Any] = [event]
        if self._handler.state is not None:
            arguments.append(self._handler.state(self._store))
        # None of these stages waits for anything, so what comes back is the answer itself.
        return cast("Sequence[Event]", self._handler.handle(*arguments, **self._given))


def through(lines: Sequence[ExpenseParsed]) -> list[ExpenseDecided]:
    """Return the last decision on each expense, in the order they came in."""
    tracks, coding, evaluate, screen = (
        [_Run(name) for name in _TRACKS],
        _Run("coding"),
        _Run("evaluate"),
        _Run("screen"),
    )
    decided: dict[str, ExpenseDecided] = {}
    for parsed in lines:
        for answer in (answer for track in tracks for answer in track(parsed)):
            for coded in coding(answer):
                for evaluated in evaluate(coded):
                    for event in screen(evaluated):
                        if isinstance(event, ExpenseDecided):
                            decided[event.expense_id] = event
    return list(decided.values())


def read(folder: Path, pattern: str) -> tuple[int, list[ExpenseParsed]]:
    """Return how many files there are and their lines as expenses, whoever holds the cards behind a derived id."""
    lines: list[ExpenseParsed] = []
    files = sorted(folder.glob(pattern))
    for file in files:
        holder = Holder(tenant=_TENANT, ledger="main", employee_id=file.name, currency="GBP", context=Context())
        rows = [line for _, line in survey(file, ColumnMap(currency="GBP"), holder).read(holder)]
        lines += [_parsed(file, number, line) for number, line in enumerate(rows) if isinstance(line, CardLine)]
    return len(files), lines


def _published() -> PolicyPublished:
    """Return the example policy without its budgets: a city's department has spent them by the third of the month."""
    policy = Snapshot.of(shipped().model_copy(update={"budgets": ()}))
    return opening(
        PolicyPublished,
        policy.version,
        tenant=_TENANT,
        expense_id=derive("policy", policy.version),
        at=policy.effective_from,
        stage="policy",
        version=policy.version,
        snapshot=policy.canonical.decode(),
        effective_from=policy.effective_from,
        published_by="docs",
        reason="two cities",
    )


def _parsed(file: Path, number: int, line: CardLine) -> ExpenseParsed:
    # Without a card in the feed nobody knows whose it is: then each line is somebody else's.
    subject = derive("card", line.account or f"{file.name}/{number}")
    expense = derive(file.name, str(number))
    at = datetime(line.day.year, line.day.month, line.day.day, 12, tzinfo=UTC) + _STATEMENT
    return opening(
        ExpenseParsed,
        expense,
        tenant=_TENANT,
        expense_id=expense,
        at=at,
        stage="card_feed",
        subject=subject,
        status="parsed",
        problems=line.problems,
        document=None,
        context=line.context,
        facts=line.with_account(subject).facts,
        lines=(line.line,),
    )


def _reasons(event: ExpenseDecided) -> Iterator[tuple[str, bool]]:
    """Yield each code on an expense and whether a person has to look for it; doubts of the tracks count too."""
    yield from ((finding.code, finding.blocking) for finding in event.findings)
    yield from ((problem.code, True) for problem in event.problems)


def _codes(event: ExpenseDecided) -> set[str]:
    return {code for code, _ in _reasons(event)}


def _held(event: ExpenseDecided) -> bool:
    return any(blocking for _, blocking in _reasons(event))


def page(cities: Sequence[City]) -> str:
    """Return the page."""
    about = (
        "Birmingham and Oxford publish what their purchase cards paid for. Here those months went through every stage "
        "under the [example policy](../../policy/rules/limits.yaml), without its budgets, converted to "
        f"{shipped().currency} at the day's ECB rate. No names: no card holder, no merchant, no text of a line. The "
        "policy is a private company's; what it flags says something about the policy, not about the cities."
    )
    why = (
        "Most lines that wait for a person do so because these feeds say little: no merchant category code, names of "
        "merchants cut short, no description in one of the two. What nothing tells is not guessed."
    )
    parts = [
        "# Two cities' purchase cards under the example policy",
        about,
        why,
        "`python -m docs.month_pages DATA` makes this page anew.",
        _overview(cities),
    ]
    for city in cities:
        parts += [f"## {city.name}", _found(city), *_closer(city)]
    return "\n\n".join(parts) + "\n"


def _overview(cities: Sequence[City]) -> str:
    rows = []
    for city in cities:
        held = [event for event in city.decided if _held(event)]
        rows.append(
            [
                city.name,
                str(city.months),
                f"{len(city.decided):,}",
                f"{_money(city.decided):,.0f}",
                f"{len(city.decided) - len(held):,}",
                f"{len(held):,}",
                f"{len(held) / max(len(city.decided), 1):.0%}",
            ]
        )
    return table(["City", "Files", "Lines", "USD", "Pass", "Wait for a person", "Share"], rows)


def _money(events: Sequence[ExpenseDecided]) -> Decimal:
    return sum((event.conversion.total for event in events if event.conversion), Decimal(0))


def _found(city: City) -> str:
    counts: Counter[str] = Counter()
    blocking: dict[str, bool] = {}
    for event in city.decided:
        for code, waits in set(_reasons(event)):
            counts[code] += 1
            blocking[code] = blocking.get(code, False) or waits
    rows = [
        [
            f"`{code}`",
            f"{number:,}",
            f"{number / len(city.decided):.1%}",
            f"{_money(city.with_code(code)):,.0f}",
            "yes" if blocking[code] else "no",
            _MEANING.get(code, ""),
        ]
        for code, number in counts.most_common()
    ]
    return table(["Found", "Lines", "Share", "USD", "Waits", "Which is"], rows)


def _closer(city: City) -> Iterator[str]:
    """Yield the largest lines above a limit by category, with the words a reviewer reads."""
    groups: dict[str, list[tuple[Decimal, Finding]]] = defaultdict(list)
    for event in city.decided:
        for finding in event.findings:
            if finding.code in {"CAP_EXCEEDED", "SPLIT_TRANSACTION"} and event.conversion:
                category = next((match.category for match in event.categories if match.category), "none")
                groups[f"{finding.code} {category}"].append((event.conversion.total, finding))
    rows = []
    for group, found in sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))[:_MOST_GROUPS]:
        code, category = group.split(" ", 1)
        largest = max(found, key=lambda each: (abs(each[0]), each[1].message))
        rows.append([f"`{code}`", category, f"{len(found):,}", largest[1].message])
    if rows:
        yield "What is above a limit, by category, and what the reviewer of the largest one reads:"
        yield table(["Found", "Category", "Lines", "The largest"], rows)


def main(data: Path) -> None:
    """Read the months and write the page."""
    cities = []
    for name, folder, pattern in _CITIES:
        months, lines = read(data / folder, pattern)
        cities.append(City(name, months, through(lines)))
    _PAGE.write_text(page(cities), encoding="utf-8")
    sys.stdout.write(f"{_PAGE}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
