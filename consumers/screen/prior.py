"""The little that was read from the ledger's history to decide.

It travels in the event, so that the decision can be redone years later without the history.
"""

from dataclasses import asdict, dataclass, field
from decimal import Decimal

import orjson

from consumers.screen.twins import Sum
from schemas.records import Finding

__all__ = ["Dismissed", "Match", "Prior", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Another expense that shares a print: which check, which expense, what they share, who `also` shares it."""

    code: str
    expense: str
    words: str
    also: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All that are named, the earliest first."""
        return (self.expense, *self.also)


@dataclass(frozen=True, slots=True)
class Match:
    """The other half of a receipt and card line pair; `waiting` when it is a card line that waits for its receipt."""

    expense: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Other expenses that would be flagged with this one, had `by` (a pseudonym) not let them stand on a day."""

    others: tuple[str, ...]
    by: str
    on: str


@dataclass(frozen=True, slots=True)
class Prior:
    """What was known when deciding.

    `totals` are the running totals before this expense, by account key; `parts` per limit the earlier purchases
    (expense, amount) that this one may complete; `overdue` says that the wait for a receipt ran out; `receipt` is
    the receipt that came for this card line, `carried` what was found about that receipt; `added` the expenses that
    with this one are two parts and their whole; `unlike` the waiting card line whose amount this receipt does not fit;
    `dismissed` what a person has let stand beside it.
    """

    sequence: int
    totals: dict[str, Decimal] = field(default_factory=dict)
    seen: tuple[Seen, ...] = ()
    parts: dict[str, tuple[tuple[str, Decimal], ...]] = field(default_factory=dict)
    match: Match | None = None
    overdue: bool = False
    receipt: str | None = None
    carried: tuple[Finding, ...] = ()
    added: Sum | None = None
    unlike: str | None = None
    dismissed: tuple[Dismissed, ...] = ()

    def others(self) -> tuple[str, ...]:
        """Return the expenses this decision leans on, each once."""
        named = [seen.expense for seen in self.seen] + [e for parts in self.parts.values() for e, _ in parts]
        named += [other for other in (self.match.expense if self.match else None, self.unlike) if other]
        if self.added:
            named += self.added.others
        return tuple(dict.fromkeys(named))

    def canonical(self) -> str:
        """Return it as RFC 8785 JSON; amounts are decimal strings.

        There are no floats and every key is ASCII, so sorted compact JSON is that form already.
        """
        data = {
            "sequence": self.sequence,
            "totals": {key: f"{total:f}" for key, total in self.totals.items()},
            "seen": [[s.code, s.expense, s.words, *([s.also] if s.also else [])] for s in self.seen],
            "parts": {key: [[e, f"{a:f}"] for e, a in parts] for key, parts in self.parts.items()},
            "match": [self.match.expense, self.match.waiting] if self.match else None,
            "overdue": self.overdue,
            "receipt": self.receipt,
            "carried": [asdict(finding) for finding in self.carried],
        }
        # Only where there is one: what was decided before there were these fields stays the same to the last byte.
        if self.added:
            data["added"] = [self.added.parts, self.added.whole]
        if self.unlike:
            data["unlike"] = self.unlike
        if self.dismissed:
            data["dismissed"] = [[each.others, each.by, each.on] for each in self.dismissed]
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def read(cls, text: str | bytes) -> "Prior":
        """Return it from its canonical form.

        Raises:
            ValueError: the text is none.

        """
        try:
            data = orjson.loads(text)
            return cls(
                sequence=data["sequence"],
                totals={key: Decimal(total) for key, total in data["totals"].items()},
                seen=tuple(Seen(*seen[:3], *map(tuple, seen[3:])) for seen in data["seen"]),
                parts={key: tuple((e, Decimal(a)) for e, a in parts) for key, parts in data["parts"].items()},
                match=Match(*data["match"]) if data["match"] else None,
                overdue=data["overdue"],
                receipt=data["receipt"],
                carried=tuple(Finding(**finding) for finding in data["carried"]),
                added=Sum(tuple(data["added"][0]), data["added"][1]) if "added" in data else None,
                unlike=data.get("unlike"),
                dismissed=tuple(Dismissed(tuple(others), by, on) for others, by, on in data.get("dismissed", ())),
            )
        except (KeyError, TypeError, ArithmeticError) as error:
            raise ValueError(f"no prior of a decision: {error!r}") from error
