"""The history of one ledger: running totals, the keys expenses are recognised by, and what may be decided again.

Cost per expense is a handful of look-ups, however long the history. Keys, under `ledger/<tenant>/<ledger>/`:

    sequence                         order of arrival
    left/<expense>/<revision>        what that revision left, so that taking it back removes exactly that
    total/<account>                  running total; where there are credits, what is spent without them as well
    day/<subject>/<day>              what a person bought on a day (`days`); what a crowded day has no room for:
        print/<side>/<subject>/<day>/<sequence>, part/<part>/<day>/<sequence>
        purchase/<side>/<subject>/<day>/<minor>/<sequence>
    print/<print>/<sequence>         who has this print
    numbered/..., bought/...         documents that later ones may be twins of (`twins`)
    kept/..., watch/..., waiting/... decisions that lean on other expenses (`kept`)
    dismissed/<expense>/<group>      what a person has let stand (`dismissals`)

Versions 1 and 2 of the state had no days, and of purchases a mark or count at `purchases/<side>/<subject>`; version 1
kept events as JSON, up to version 3 nothing stood in the keys that watch a total, and up to version 4 a total was one
number, whatever credits were in it. All of it is read still.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import orjson
from rapidfuzz import fuzz

from consumers.runtime.stage import Store
from consumers.screen.days import Bought, Days
from consumers.screen.dismissals import NOTHING, Apart, Dismissals
from consumers.screen.footprint import DAYS_OF_MEALS, Footprint, Part, Print, Purchase
from consumers.screen.kept import KeptDecisions, place_of
from consumers.screen.known import Known
from consumers.screen.prior import Match, Prior, Seen
from consumers.screen.twins import Twins, shifted
from policy.models import Receipts
from schemas.codec import Codec
from schemas.events import ExpenseEvaluated

__all__ = ["Ledger", "Left", "Newcomer", "folder_of"]

# The code point after "/": it closes a folder.
_AFTER: Final = "0"
# A person who splits one purchase into more parts than this is found by the first ones.
_MOST_PARTS: Final = 50
# Of what came again and again as many are named, each a pair of its own with what comes now.
_MOST_NAMED: Final = 5

_NOTHING: Final = Decimal(0)
_CARD: Final = "card"
_DOCUMENT: Final = "document"
# A purchase as it is looked for: minor units, place in the order of arrival, expense, seller.
_Row = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Left:
    """What one revision left: its place in the order, amounts by account, and index keys."""

    sequence: int
    accounts: dict[str, Decimal]
    keys: tuple[str, ...]


class Newcomer(NamedTuple):
    """Who is looked for: `days` is how far apart parts of a split lie at most, `rules` how receipt meets card line."""

    footprint: Footprint
    sequence: int
    expense: str
    rules: Receipts
    days: int


class Ledger:
    """One ledger's part of the partition's store."""

    def __init__(self, store: Store, at: str, codec: Codec, known: Known) -> None:
        self._store, self._at, self._known = store, at, known
        self._days = Days(store, at, known)
        self.decisions = KeptDecisions(store, at, codec)
        self.dismissals = Dismissals(store, at)

    def read_on(self) -> None:
        """Learn more of what there is; to be called before an event writes anything."""
        self._known.read_on()

    # Order of arrival

    def next(self) -> int:
        """Return the place of the next expense in the order of arrival."""
        sequence = self.last() + 1
        self._store.put(f"{self._at}sequence", str(sequence).encode())
        return sequence

    def last(self) -> int:
        """Return the place of the last expense in the order of arrival, 0 before the first."""
        return int(self._store.get(f"{self._at}sequence") or b"0")

    # Reading

    def read(self, newcomer: Newcomer) -> tuple[Prior, dict[str, Decimal]]:
        """Return what earlier expenses say about this one, and its totals as they would be without credits."""
        sums = {account.key: self._sums(account.key) for account in newcomer.footprint.accounts}
        totals = {key: total for key, (total, _) in sums.items()}
        return self.look(newcomer, totals), {key: spent for key, (_, spent) in sums.items()}

    def look(self, newcomer: Newcomer, totals: dict[str, Decimal]) -> Prior:
        """Return the same with given totals: in a kept prior they stand as they were at arrival."""

        def past(apart: Apart) -> Prior:
            return self._look(newcomer, totals, apart)

        return self.dismissals.heed(past(NOTHING), newcomer.footprint, newcomer.expense, past)

    def _look(self, newcomer: Newcomer, totals: dict[str, Decimal], apart: Apart) -> Prior:
        footprint, sequence, expense, rules, days = newcomer
        seen, same = self._seen(footprint, sequence, expense, apart.pairs)
        near, added = footprint.near, None
        if near is not None:
            twins = Twins(self._store, self._at, sequence, same | {expense}, apart.pairs, apart.sums)
            twin = twins.of(near, footprint.day)
            if twin is not None:
                seen, same = (*seen, Seen("DUPLICATE_NEAR", *twin)), same | {twin[0]}
            added = twins.sum(near, footprint.day)
        own = footprint.purchase
        not_it = apart.pairs | {expense}
        match = self._match(own, sequence, not_it, rules) if own else None
        return Prior(
            sequence=sequence,
            totals=totals,
            seen=seen,
            added=added,
            unlike=self._unlike(own, sequence, not_it, rules) if own and not own.card and not match else None,
            parts={
                part.key: found
                for part in footprint.parts
                if (found := self._parts(part, footprint.day, sequence, same | {expense}, days))
                and not apart.parts.issuperset(other for other, _ in found)
            },
            match=match,
        )

    def _sums(self, account: str) -> tuple[Decimal, Decimal]:
        """Return what is in an account, and what it would be without credits."""
        total, _, spent = (self._store.get(f"{self._at}total/{account}") or b"0").decode().partition(" ")
        found = Decimal(total)
        return found, Decimal(spent) if spent else found

    def _seen(
        self, footprint: Footprint, sequence: int, expense: str, apart: AbstractSet[str]
    ) -> tuple[tuple[Seen, ...], AbstractSet[str]]:
        """Return the earliest expense of each print, named once, and all that are this one again."""
        seen: list[Seen] = []
        same: set[str] = set()
        for mark in footprint.prints:
            name = f"print/{mark.key}"
            if not mark.looked or not self._known.may_hold(name):
                continue
            found = [other for other in self._printed(mark, sequence) if other != expense]
            # A meal and a per diem of one day are two purchases, not one again.
            again = mark.code.startswith("DUPLICATE")
            found = [other for other in found if other not in apart] if again else found[:1]
            if found and found[0] not in same:
                seen.append(Seen(mark.code, found[0], mark.words, tuple(found[1:_MOST_NAMED])))
            same.update(found if again else ())
        return tuple(seen), same

    def _printed(self, mark: Print, sequence: int) -> list[str]:
        """Return who has a print, the earliest first."""
        folder = f"{self._at}print/{mark.key}/"
        walk = self._store.range(folder, folder + place_of(sequence), _MOST_PARTS)
        rows = [(int(key.rpartition("/")[2]), value.decode()) for key, value in walk]
        if mark.code == DAYS_OF_MEALS:
            side, _, day = mark.key.partition("/")
            rows += [(b.place, b.expense) for b in self._days.of(day) if b.place < sequence and side in b.sides]
        return [other for _, other in sorted(rows)[:_MOST_PARTS]]

    def _parts(
        self, part: Part, day: date, sequence: int, same: AbstractSet[str], days: int
    ) -> tuple[tuple[str, Decimal], ...]:
        """Return the earlier purchases that this one may complete; the `same` invoice again is no further part."""
        name = f"part/{part.key}/"
        around = [each for each in _around(day, days) if self._known.may_hold(name + each)]
        if not around:
            return ()
        rows = []
        start, end = f"{self._at}{name}{around[0]}", f"{self._at}{name}{around[-1]}{_AFTER}"
        for key, value in self._store.range(start, end):
            on, place = key.split("/")[-2:]
            rows.append((on, int(place), *orjson.loads(value)))
        _, subject, tail = part.key.split("/", 2)
        for on in around:
            bought = self._days.of(f"{subject}/{on}")
            rows += [(on, each.place, each.expense, each.parts[tail]) for each in bought if tail in each.parts]
        rows.sort()
        known = ((other, Decimal(amount)) for _, at, other, amount in rows if at < sequence and other not in same)
        return tuple(islice(known, _MOST_PARTS))

    def _purchases(self, card: str, subject: str, day: date, amounts: tuple[int, int] | None = None) -> list[_Row]:
        """Return what a person bought on a day by card or by document, by amount and place; all, or from and to."""
        folder = f"{self._at}purchase/{card}/{subject}/{day}/"
        start, end = folder, folder[:-1] + _AFTER
        if amounts is not None:
            start, end = f"{folder}{amounts[0]:015}", f"{folder}{amounts[1]:015}{_AFTER}"
        rows = []
        for key, value in self._store.range(start, end, _MOST_PARTS if amounts is None else None):
            minor, place = key.split("/")[-2:]
            rows.append((int(minor), int(place), *orjson.loads(value)))
        for bought in self._days.of(f"{subject}/{day}"):
            if bought.purchase and bought.purchase[0] == (card == _CARD):
                _, minor, name = bought.purchase
                if amounts is None or amounts[0] <= minor <= amounts[1]:
                    rows.append((minor, bought.place, bought.expense, name))
        return sorted(rows)

    def _match(self, own: Purchase, sequence: int, not_it: AbstractSet[str], rules: Receipts) -> Match | None:
        """Return the other half: the amount with room for a tip, a few days apart, a like name; waiting ones first."""
        side = _DOCUMENT if own.card else _CARD
        if not self._known.may_hold(f"purchase/{side}/{own.subject}"):
            return None
        tip = 1 + rules.tip_tolerance
        amounts = (int(own.minor / tip), own.minor) if own.card else (own.minor, int(own.minor * tip))
        found = []
        days = {shifted(own.day, apart): apart for apart in range(-rules.days_apart, rules.days_apart + 1)}
        for day, apart in days.items():
            for minor, place, other, name in self._purchases(side, own.subject, day, amounts):
                if place < sequence and other not in not_it and _alike(own.name, name) >= rules.merchant_similarity:
                    waiting = not own.card and self.decisions.waiting(other) is not None
                    found.append((not waiting, abs(minor - own.minor), abs(apart), place, other))
        if not found:
            return None
        best = min(found)
        return Match(best[-1], waiting=not best[0])

    def _unlike(self, own: Purchase, sequence: int, not_it: AbstractSet[str], rules: Receipts) -> str | None:
        """Return the waiting card line a receipt would belong to but for its amount, the nearest in days and amount."""
        found = []
        for apart in range(-rules.days_apart, rules.days_apart + 1):
            rows = self._purchases(_CARD, own.subject, shifted(own.day, apart))[:_MOST_PARTS]
            for minor, place, other, name in rows:
                known = place < sequence and other not in not_it and self.decisions.waiting(other) is not None
                if known and _alike(own.name, name) >= rules.merchant_similarity:
                    found.append((abs(apart), abs(minor - own.minor), place, other))
        return min(found)[-1] if found else None

    # Writing

    def leave(self, event: ExpenseEvaluated, footprint: Footprint, sequence: int, *, merged: bool = False) -> None:
        """Write what a revision leaves. A merged receipt leaves its prints alone: its card line counts for it."""
        expense, place = event.expense_id, place_of(sequence)
        day = f"{footprint.subject}/{footprint.day}"
        parts, purchase = ((), None) if merged else (footprint.parts, footprint.purchase)
        sides = [m.key for m in footprint.prints if m.left and m.code == DAYS_OF_MEALS and m.key.endswith(f"/{day}")]
        record: dict[str, Any] = {"sequence": sequence, "accounts": {}, "keys": []}
        keys = record["keys"]
        if sides or parts or purchase:
            bought = Bought(
                sequence,
                expense,
                [side.partition("/")[0] for side in sides],
                {part.key.split("/", 2)[2]: f"{part.amount:f}" for part in parts},
                purchase and (purchase.card, purchase.minor, purchase.name),
            )
            if self._days.add(day, bought):
                record["day"] = day
            else:
                keys += self._crowded(bought, day)
        for mark in footprint.prints:
            if mark.left and mark.key not in sides:
                keys.append(self._put_known(f"print/{mark.key}", place, expense.encode()))
        if footprint.near is not None:
            keys += [self._put(key, value) for key, value in footprint.near.index(expense, footprint.day, place)]
        if not merged:
            for account in footprint.accounts:
                record["accounts"][account.key] = f"{account.amount:f}"
                self._add(account.key, account.amount, max(account.amount, _NOTHING))
        self._put_known(f"left/{expense}", f"{event.revision:06}", orjson.dumps(record))

    def _crowded(self, bought: Bought, day: str) -> Iterator[str]:
        """Put what a day has no room for under keys of its own, and yield these."""
        subject, _, on = day.rpartition("/")
        place = place_of(bought.place)
        for side in bought.sides:
            yield self._put_known(f"print/{side}/{day}", place, bought.expense.encode())
        for part, amount in bought.parts.items():
            yield self._put_known(f"part/split/{subject}/{part}/{on}", place, orjson.dumps([bought.expense, amount]))
        if bought.purchase:
            card, minor, name = bought.purchase
            folder = f"purchase/{_CARD if card else _DOCUMENT}/{subject}"
            self._known.note(folder)
            yield self._put(f"{folder}/{on}/{minor:015}/{place}", orjson.dumps([bought.expense, name]))

    def take_back(self, expense: str, revision: int) -> Left | None:
        """Remove all that a revision left and return it; None where it left nothing."""
        key = self._at + _left(expense, revision)
        value = self._store.get(key)
        if value is None:
            return None
        record = orjson.loads(value)
        left = Left(record["sequence"], {k: Decimal(v) for k, v in record["accounts"].items()}, tuple(record["keys"]))
        for account, amount in left.accounts.items():
            self._add(account, -amount, -max(amount, _NOTHING))
        for index in left.keys:
            self._drop(index)
        if "day" in record:
            self._days.remove(record["day"], left.sequence)
        self._store.delete(key)
        self.decisions.unkeep(left.sequence)
        return left

    def revisions(self, expense: str) -> tuple[int, ...]:
        """Return the revisions of an expense that count."""
        name = f"left/{expense}"
        if not self._known.may_hold(name):
            return ()
        folder = f"{self._at}{name}/"
        return tuple(int(key.rpartition("/")[2]) for key, _ in self._store.range(folder, folder[:-1] + _AFTER))

    def places(self, expense: str) -> tuple[int, ...]:
        """Return where the revisions that count stand in the order of arrival."""
        folder = f"{self._at}left/{expense}/"
        return tuple(orjson.loads(value)["sequence"] for _, value in self._store.range(folder, folder[:-1] + _AFTER))

    def forget_purchase(self, expense: str, revision: int) -> None:
        """Make a card line that has its receipt known to no other receipt."""
        key = self._at + _left(expense, revision)
        record = orjson.loads(self._store.get(key) or b"{}")
        for index in [found for found in record.get("keys", ()) if found.startswith("purchase/")]:
            self._drop(index)
            record["keys"].remove(index)
        if "day" in record and not self._days.forget_purchase(record["day"], record["sequence"]):
            del record["day"]
        if record:
            self._store.put(key, orjson.dumps(record))

    def _put(self, key: str, value: bytes) -> str:
        self._store.put(self._at + key, value)
        return key

    def _put_known(self, folder: str, name: str, value: bytes) -> str:
        self._known.note(folder)
        return self._put(f"{folder}/{name}", value)

    def _add(self, account: str, amount: Decimal, spent: Decimal) -> None:
        """Add an amount to an account, and to what would be in it without credits."""
        total, without = self._sums(account)
        total += amount
        # A credit from before these were counted may make it less; a total is never more.
        without = max(total, without + spent) or _NOTHING
        if total or without:
            self._put(f"total/{account}", (f"{total:f}" if without == total else f"{total:f} {without:f}").encode())
        else:
            self._store.delete(f"{self._at}total/{account}")

    def _drop(self, index: str) -> None:
        self._store.delete(self._at + index)
        if index.startswith("purchase/"):
            side = "/".join(index.split("/")[1:3])
            folder = f"{self._at}purchase/{side}/"
            mark = f"{self._at}purchases/{side}"
            # Of older versions, which looked for it; it goes with the last purchase there is.
            if self._store.get(mark) is not None and not any(self._store.range(folder, folder[:-1] + _AFTER, 1)):
                self._store.delete(mark)


@lru_cache(maxsize=1_024)
def folder_of(tenant: str, ledger: str) -> str:
    """Return what every key of a ledger begins with."""
    return f"ledger/{quote(tenant, safe='')}/{quote(ledger, safe='')}/"


@lru_cache(maxsize=1_024)
def _around(day: date, days: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shifted(day, apart).isoformat() for apart in range(-days, days + 1)))


def _left(expense: str, revision: int) -> str:
    return f"left/{expense}/{revision:06}"


def _alike(one: str, other: str) -> float:
    return fuzz.token_set_ratio(one, other)
