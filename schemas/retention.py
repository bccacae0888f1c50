"""How long each kind of record has to be kept, by which law, and what each topic holds.

Two tables. `LAWS` says what the law of a jurisdiction asks for, with its source. `KEPT` says for each topic what it
holds and how long it is kept; the topic table takes its retention from here. The law is met by what is kept for ever: a
topic of the way through holds copies of what is in `audit.log`, and its days are what the system itself needs.

The table is no legal advice: it names the general rule, and a court's order to keep more goes before all of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "DAY_MS",
    "JURISDICTIONS",
    "KEPT",
    "LAWS",
    "Begins",
    "Holds",
    "Keeping",
    "Law",
    "delete_after",
    "laws_of",
    "ms",
]

DAY_MS = 24 * 3600 * 1000


class Holds(StrEnum):
    """What kind of record something is, as laws tell them apart."""

    BOOKS = "books"
    """Entries, and what is needed to understand them: rules, master data, documentation of the procedure."""
    VOUCHERS = "vouchers"
    """What an entry rests on: documents, and what was read of them."""
    CONTROLS = "controls"
    """Evidence that controls worked: who decided what, and what went wrong."""
    COPIES = "copies"
    """On its way: the same event is in `audit.log`. No law asks for the copy."""


class Begins(StrEnum):
    """When a period begins."""

    MADE = "made"
    """When the record was made."""
    YEAR_END = "year_end"
    """At the end of the calendar year in which it was made."""
    PERIOD_END = "period_end"
    """At the end of the fiscal year, which is at most twelve months after: reckoned as that."""
    CLOSED = "closed"
    """When that year's return is filed or its audit concluded: reckoned as twelve months after the fiscal year."""


_WAITING_YEARS = {Begins.MADE: 0, Begins.PERIOD_END: 1, Begins.CLOSED: 2}


@dataclass(frozen=True, slots=True)
class Law:
    """What one jurisdiction asks for: `years` from `begins` on, for records that hold one of `holds`."""

    jurisdiction: str
    holds: frozenset[Holds]
    years: int
    begins: Begins
    source: str
    url: str

    def until(self, last: date) -> date:
        """Return the first day on which this law no longer asks for records whose last one was made on `last`."""
        if self.begins is Begins.YEAR_END:
            return date(last.year + 1 + self.years, 1, 1)
        year = last.year + _WAITING_YEARS[self.begins] + self.years
        # 29 February has no anniversary in most years: the day after is on the safe side.
        return date(year, 3, 1) if (last.month, last.day) == (2, 29) else last.replace(year=year)


_ALL = frozenset({Holds.BOOKS, Holds.VOUCHERS, Holds.CONTROLS})
_ACCOUNTS = frozenset({Holds.BOOKS, Holds.VOUCHERS})

LAWS: tuple[Law, ...] = (
    Law(
        "DE",
        frozenset({Holds.BOOKS, Holds.CONTROLS}),
        10,
        Begins.YEAR_END,
        "HGB s. 257 (1) no. 1, (4), (5); AO s. 147 (1) no. 1, (3), (4); GoBD (BMF 28 Nov 2019) for the procedure",
        "https://www.gesetze-im-internet.de/hgb/__257.html",
    ),
    Law(
        "DE",
        frozenset({Holds.VOUCHERS}),
        8,
        Begins.YEAR_END,
        "HGB s. 257 (1) no. 4, (4) and AO s. 147 (3) as of 1 January 2025 (BEG IV); ten years before that",
        "https://www.gesetze-im-internet.de/ao_1977/__147.html",
    ),
    Law(
        "FR",
        _ACCOUNTS,
        10,
        Begins.PERIOD_END,
        "Code de commerce, art. L123-22: accounting documents and vouchers",
        "https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000006219327",
    ),
    Law(
        "GB",
        _ACCOUNTS,
        6,
        Begins.MADE,
        "Companies Act 2006, s. 388 (4) (b): public companies; private ones 3 years",
        "https://www.legislation.gov.uk/ukpga/2006/46/section/388",
    ),
    Law(
        "GB",
        _ACCOUNTS,
        6,
        Begins.PERIOD_END,
        "Finance Act 1998, Sch. 18, para. 21: six years from the end of the period of the return",
        "https://www.legislation.gov.uk/ukpga/1998/36/schedule/18/paragraph/21",
    ),
    Law(
        "IN",
        _ACCOUNTS,
        8,
        Begins.PERIOD_END,
        "Companies Act 2013, s. 128 (5): eight financial years, with the vouchers",
        "https://www.indiacode.nic.in/handle/123456789/2114",
    ),
    Law(
        "US",
        _ACCOUNTS,
        6,
        Begins.CLOSED,
        "IRC s. 6001, s. 6501 (e): six years, for an omission over 25 % of gross income; else three (IRS Pub. 583)",
        "https://www.irs.gov/businesses/small-businesses-self-employed/how-long-should-i-keep-records",
    ),
    Law(
        "US",
        _ALL,
        7,
        Begins.CLOSED,
        "Sarbanes-Oxley Act s. 802 (18 U.S.C. 1520) as 17 CFR 210.2-06 sets it: what an audit rests on, seven years",
        "https://www.ecfr.gov/current/title-17/section-210.2-06",
    ),
)
JURISDICTIONS = tuple(sorted({law.jurisdiction for law in LAWS}))


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a topic or store holds and how long it is kept: `days` at least, None for ever."""

    holds: frozenset[Holds]
    days: int | None
    why: str

    @property
    def ms(self) -> int | None:
        """The topic's `retention.ms`, None for ever."""
        return None if self.days is None else self.days * DAY_MS


_COPIES = frozenset({Holds.COPIES})
_WAY = Keeping(_COPIES, 30, "dead letters can be replayed and a stage can be away this long; the entry is in audit.log")

KEPT: Mapping[str, Keeping] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("expense.submitted", "expense.read", "expense.parsed", "expense.enrichments", "expense.coded"),
                *("expense.evaluated", "expense.approvals", "expense.review", "expense.approved", "expense.rejected"),
                *("expense.posted", "batch.progress"),
            ),
            _WAY,
        ),
        "expense.dlq": Keeping(_COPIES, 30, "a person has this long to replay or park it; the entry is in audit.log"),
        "audit.events": Keeping(_COPIES, 30, "seal can be away this long; then each is an entry of audit.log"),
        "audit.alerts": Keeping(_COPIES, 365, "a year of audits looks back on them; the entry names the breach"),
        "audit.log": Keeping(_ALL, None, "every entry with its event; replay and proofs need it whole"),
        "policy.snapshots": Keeping(frozenset({Holds.BOOKS}), None, "a decision is told and redone by its own rules"),
        "reference.vendors": Keeping(frozenset({Holds.BOOKS}), None, "master data: the last record of each"),
        "reference.patterns": Keeping(frozenset({Holds.BOOKS}), None, "master data: the last record of each"),
        "audit.keys": Keeping(frozenset({Holds.VOUCHERS}), None, "what it opens, until the person is erased"),
        "dlq.settled": Keeping(frozenset({Holds.CONTROLS}), None, "who replayed or parked what, and why"),
        "batch.completed": Keeping(_COPIES, None, "the last counts of each batch, which follow from audit.log"),
        "pull.progress": Keeping(_COPIES, None, "where each pull goes on: without it rows would come again"),
    }
)


def ms(topic: str) -> int | None:
    """Return a topic's `retention.ms`, None for ever.

    Raises:
        KeyError: the table does not name the topic.

    """
    return KEPT[topic].ms


def laws_of(holds: Iterable[Holds], jurisdictions: Iterable[str] = ()) -> tuple[Law, ...]:
    """Return the laws about records of these kinds; of all jurisdictions where none is named.

    Raises:
        ValueError: the table has no law of a jurisdiction.

    """
    named, kinds = frozenset(jurisdictions), frozenset(holds)
    if unknown := named - set(JURISDICTIONS):
        told = f"no law of {', '.join(sorted(unknown))} in the table"
        raise ValueError(f"{told} (schemas/retention.py); there are {', '.join(JURISDICTIONS)}")
    return tuple(law for law in LAWS if law.holds & kinds and (not named or law.jurisdiction in named))


def delete_after(holds: Iterable[Holds], last: date, jurisdictions: Iterable[str] = ()) -> date:
    """Return the first day on which no law asks for records of these kinds, the last of which was made on `last`."""
    return max((law.until(last) for law in laws_of(holds, jurisdictions)), default=last)
