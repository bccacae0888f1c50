"""The history of one ledger: running totals, the keys expenses are recognised by, and what may be decided again.

Cost per expense is a handful of look-ups, however long the history. Keys, under `ledger/<tenant>/<ledger>/`:

    sequence                         order of arrival
    left/<expense>/<revision>        what that revision left, so that taking it back removes exactly that
    total/<account>                  running total
    print/<print>/<sequence>         who has this print
    part/<part>/<day>/<sequence>     purchases that could be parts of one
    numbered/..., bought/...         documents that later ones may be twins of (`twins`)
    purchase/<side>/<subject>/<day>/<minor>/<sequence>, purchases/<side>/<subject> (that there was one)
    kept/<sequence>                  decisions that lean on other expenses, with their event as it came
    watch/<account or expense>/<sequence>   who must be told when that changes
    waiting/<expense>                card lines whose receipt has not come
    dismissed/<expense>/<group>      what a person has let stand (`dismissals`)

The first version of the state counted under `purchases`, and kept events as JSON; both are read still.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple, cast
from urllib.parse import quote

import orjson
from rapidfuzz import fuzz

from consumers.runtime.stage import Store
from consumers.screen.dismissals import NOTHING, Apart, Dismissals
from consumers.screen.footprint import Footprint, Part, Purchase
from consumers.screen.known import Known
from consumers.screen.prior import Match, Prior, Seen
from consumers.screen.twins import Twins, shifted
from policy.models import Receipts
from schemas.codec import Codec
from schemas.events import ExpenseEvaluated
from schemas.plain import from_plain

__all__ = ["Kept", "Ledger", "Left", "Newcomer", "folder_of"]

# Range ends: the code point after "/" closes a folder, and sequences have this many digits.
_AFTER: Final = "0"
_DIGITS: Final = 12
# A person who splits one purchase into more parts than this is found by the first ones.
_MOST_PARTS: Final = 50
# Of what came again and again as many are named, each a pair of its own with what comes now.
_MOST_NAMED: Final = 5
# Between a kept decision, one line of JSON, and its event.
_EVENT: Final = b"\n"
_EVALUATED: Final = ExpenseEvaluated.__name__


@dataclass(frozen=True, slots=True)
class Left:
    """What one revision left: its place in the order, amounts by account, and index keys."""

    sequence: int
    accounts: dict[str, Decimal]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision that leans on other expenses or waits, kept to be made again when those change."""

    sequence: int
    event: ExpenseEvaluated
    prior: Prior
    number: int
    gist: tuple[tuple[str, str | None], ...]


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
        self._store, self._at, self._codec, self._known = store, at, codec, known
        self.dismissals = Dismissals(store, at)

    def read_on(self) -> None:
        """Learn more of what there is; to be called before an event writes anything."""
        self._known.read_on()

    # Order of arrival

    def next(self) -> int:
        """Return the place of the next expense in the order of arrival."""
        sequence = int(self._store.get(f"{self._at}sequence") or b"0") + 1
        self._store.put(f"{self._at}sequence", str(sequence).encode())
        return sequence

    # Reading

    def read(self, newcomer: Newcomer) -> Prior:
        """Return what earlier expenses say about this one."""
        totals = {account.key: self._total(account.key) for account in newcomer.footprint.accounts}
        return self.look(newcomer, totals)

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
                if (found := tuple(self._parts(part, footprint.day, sequence, same | {expense}, days)))
                and not apart.parts.issuperset(other for other, _ in found)
            },
            match=match,
        )

    def _total(self, account: str) -> Decimal:
        return Decimal((self._store.get(f"{self._at}total/{account}") or b"0").decode())

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
            folder = f"{self._at}{name}/"
            walk = self._store.range(folder, folder + _place(sequence), _MOST_PARTS)
            found = [other for _, value in walk if (other := value.decode()) != expense]
            # A meal and a per diem of one day are two purchases, not one again.
            again = mark.code.startswith("DUPLICATE")
            found = [other for other in found if other not in apart] if again else found[:1]
            if found and found[0] not in same:
                seen.append(Seen(mark.code, found[0], mark.words, tuple(found[1:_MOST_NAMED])))
            same.update(found if again else ())
        return tuple(seen), same

    def _parts(
        self, part: Part, day: date, sequence: int, same: AbstractSet[str], days: int
    ) -> Iterator[tuple[str, Decimal]]:
        """Yield the earlier purchases that this one may complete; the `same` invoice again is no further part."""
        name = f"part/{part.key}/"
        if not any(self._known.may_hold(f"{name}{each}") for each in _around(day, days)):
            return
        folder = self._at + name
        first, last = shifted(day, -days), shifted(day, days)
        count = 0
        for key, value in self._store.range(f"{folder}{first}", f"{folder}{last}{_AFTER}"):
            other, amount = orjson.loads(value)
            if int(key.rpartition("/")[2]) < sequence and other not in same:
                yield other, Decimal(amount)
                count += 1
                if count == _MOST_PARTS:
                    return

    def _match(self, own: Purchase, sequence: int, not_it: AbstractSet[str], rules: Receipts) -> Match | None:
        """Return the other half: the amount with room for a tip, a few days apart, a like name; waiting ones first."""
        side = "document" if own.card else "card"
        mark = f"purchases/{side}/{own.subject}"
        if not self._known.may_hold(mark) or self._store.get(self._at + mark) is None:
            return None
        tip = 1 + rules.tip_tolerance
        lowest, highest = (int(own.minor / tip), own.minor) if own.card else (own.minor, int(own.minor * tip))
        found = []
        days = {shifted(own.day, apart): apart for apart in range(-rules.days_apart, rules.days_apart + 1)}
        for day, apart in days.items():
            folder = f"{self._at}purchase/{side}/{own.subject}/{day}/"
            for key, value in self._store.range(f"{folder}{lowest:015}", f"{folder}{highest:015}{_AFTER}"):
                other, name = orjson.loads(value)
                minor, place = (int(part) for part in key.split("/")[-2:])
                if place < sequence and other not in not_it and _alike(own.name, name) >= rules.merchant_similarity:
                    waiting = not own.card and self.waiting(other) is not None
                    found.append((not waiting, abs(minor - own.minor), abs(apart), place, other))
        if not found:
            return None
        best = min(found)
        return Match(best[-1], waiting=not best[0])

    def _unlike(self, own: Purchase, sequence: int, not_it: AbstractSet[str], rules: Receipts) -> str | None:
        """Return the waiting card line a receipt would belong to but for its amount, the nearest in days and amount."""
        found = []
        for apart in range(-rules.days_apart, rules.days_apart + 1):
            folder = f"{self._at}purchase/card/{own.subject}/{shifted(own.day, apart)}/"
            for key, value in self._store.range(folder, folder[:-1] + _AFTER, _MOST_PARTS):
                other, name = orjson.loads(value)
                minor, place = (int(part) for part in key.split("/")[-2:])
                known = place < sequence and other not in not_it and self.waiting(other) is not None
                if known and _alike(own.name, name) >= rules.merchant_similarity:
                    found.append((abs(apart), abs(minor - own.minor), place, other))
        return min(found)[-1] if found else None

    # Writing

    def leave(self, event: ExpenseEvaluated, footprint: Footprint, sequence: int, *, merged: bool = False) -> None:
        """Write what a revision leaves. A merged receipt leaves its prints alone: its card line counts for it."""
        expense, place, on = event.expense_id, _place(sequence), footprint.day
        owner = expense.encode()
        keys = [self._put_known(f"print/{mark.key}", place, owner) for mark in footprint.prints if mark.left]
        if footprint.near is not None:
            keys += [self._put(key, value) for key, value in footprint.near.index(expense, on, place)]
        accounts: dict[str, str] = {}
        if not merged:
            for account in footprint.accounts:
                accounts[account.key] = f"{account.amount:f}"
                self._add(account.key, account.amount)
            for part in footprint.parts:
                value = orjson.dumps([expense, f"{part.amount:f}"])
                keys.append(self._put_known(f"part/{part.key}/{on}", place, value))
            if footprint.purchase is not None:
                keys.append(self._put_purchase(footprint.purchase, expense, place))
        record = {"sequence": sequence, "accounts": accounts, "keys": keys}
        self._put_known(f"left/{expense}", f"{event.revision:06}", orjson.dumps(record))

    def take_back(self, expense: str, revision: int) -> Left | None:
        """Remove all that a revision left and return it; None where it left nothing."""
        key = self._at + _left(expense, revision)
        value = self._store.get(key)
        if value is None:
            return None
        record = orjson.loads(value)
        left = Left(record["sequence"], {k: Decimal(v) for k, v in record["accounts"].items()}, tuple(record["keys"]))
        for account, amount in left.accounts.items():
            self._add(account, -amount)
        for index in left.keys:
            self._drop(index)
        self._store.delete(key)
        self.unkeep(left.sequence)
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
            self._store.put(key, orjson.dumps(record))

    def _put(self, key: str, value: bytes) -> str:
        self._store.put(self._at + key, value)
        return key

    def _put_known(self, folder: str, name: str, value: bytes) -> str:
        self._known.note(folder)
        return self._put(f"{folder}/{name}", value)

    def _add(self, account: str, amount: Decimal) -> None:
        total = self._total(account) + amount
        if total:
            self._put(f"total/{account}", f"{total:f}".encode())
        else:
            self._store.delete(f"{self._at}total/{account}")

    def _put_purchase(self, own: Purchase, expense: str, place: str) -> str:
        side = f"{'card' if own.card else 'document'}/{own.subject}"
        mark = f"purchases/{side}"
        if self._store.get(self._at + mark) is None:
            self._known.note(mark)
            self._put(mark, b"1")
        value = orjson.dumps([expense, own.name])
        return self._put(f"purchase/{side}/{own.day}/{own.minor:015}/{place}", value)

    def _drop(self, index: str) -> None:
        self._store.delete(self._at + index)
        if index.startswith("purchase/"):
            side = "/".join(index.split("/")[1:3])
            folder = f"{self._at}purchase/{side}/"
            # Looked for here and not counted with every purchase: purchases come far more often than they go.
            if not any(self._store.range(folder, folder[:-1] + _AFTER, 1)):
                self._drop(f"purchases/{side}")

    # Decisions that may be made again

    def keep(self, kept: Kept, *, waiting: bool) -> None:
        """Keep a decision that is not kept yet, watched under each account and expense it leans on."""
        place = _place(kept.sequence)
        watched = (*kept.prior.totals, *kept.prior.others())
        for name in watched:
            self._put(f"watch/{name}/{place}", b"")
        if waiting:
            self._put(f"waiting/{kept.event.expense_id}", place.encode())
        record = {
            "expense": kept.event.expense_id,
            "prior": kept.prior.canonical(),
            "number": kept.number,
            "gist": kept.gist,
            "watched": watched,
        }
        self._put(f"kept/{place}", orjson.dumps(record) + _EVENT + self._codec.encode(kept.event))

    def unkeep(self, sequence: int) -> None:
        """Let go of a kept decision; no error where there is none."""
        place = _place(sequence)
        value = self._store.get(f"{self._at}kept/{place}")
        if value is None:
            return
        record = orjson.loads(value.partition(_EVENT)[0])
        for name in record["watched"]:
            self._store.delete(f"{self._at}watch/{name}/{place}")
        expense = record["expense"] if "expense" in record else record["event"]["expense_id"]
        self._store.delete(f"{self._at}waiting/{expense}")
        self._store.delete(f"{self._at}kept/{place}")

    def kept(self, sequence: int) -> Kept | None:
        """Return a kept decision.

        Raises:
            Undecodable, RegistryUnavailable: see the codec.

        """
        value = self._store.get(f"{self._at}kept/{_place(sequence)}")
        if value is None:
            return None
        head, _, data = value.partition(_EVENT)
        record = orjson.loads(head)
        event = self._codec.decode(data) if data else from_plain({"event": _EVALUATED, **record["event"]})
        gist = tuple((code, other) for code, other in record["gist"])
        return Kept(sequence, cast("ExpenseEvaluated", event), Prior.read(record["prior"]), record["number"], gist)

    def watching(self, name: str, after: int = 0) -> tuple[int, ...]:
        """Return who leans on an account or expense, in order of arrival, only those that came after a place."""
        folder = f"{self._at}watch/{name}/"
        start = folder + _place(after + 1)
        return tuple(int(key.rpartition("/")[2]) for key, _ in self._store.range(start, folder[:-1] + _AFTER))

    def waiting(self, expense: str) -> int | None:
        """Return the place of a card line that waits for its receipt, None where it does not wait."""
        value = self._store.get(f"{self._at}waiting/{expense}")
        return None if value is None else int(value)


@lru_cache(maxsize=1_024)
def folder_of(tenant: str, ledger: str) -> str:
    """Return what every key of a ledger begins with."""
    return f"ledger/{quote(tenant, safe='')}/{quote(ledger, safe='')}/"


@lru_cache(maxsize=1_024)
def _around(day: date, days: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shifted(day, apart).isoformat() for apart in range(-days, days + 1)))


def _place(sequence: int) -> str:
    return f"{sequence:0{_DIGITS}}"


def _left(expense: str, revision: int) -> str:
    return f"left/{expense}/{revision:06}"


def _alike(one: str, other: str) -> float:
    return fuzz.token_set_ratio(one, other)
