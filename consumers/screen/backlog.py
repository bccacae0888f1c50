"""What a retraction leaves to be done later: one may concern more decisions than a transaction has time for.

An expense that alone used up a department's year is taken back, and tens of thousands of later ones are decided again.
The brokers end a transaction after 10 s, so a record does a bounded part of that, and ticks do the rest a piece at a
time. Until then totals that wait are as they were; each is lessened once, whatever else happens to it meanwhile.

Keys, over all ledgers of a partition, since ticks come per partition:

    behind/less/<ledger's folder><place taken back>/<account>   totals still to be lessened (`Less`)
    behind/again/<ledger's folder><place>                       decisions still to be made again
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import orjson

from consumers.runtime.stage import Store
from consumers.screen.kept import place_of

__all__ = ["Backlog", "Less"]

_LESS: Final = "behind/less/"
_AGAIN: Final = "behind/again/"
# The code point after "/" closes a folder.
_AFTER: Final = "0"


@dataclass(frozen=True, slots=True)
class Less:
    """`amount` less in an account, for decisions after one place in the order of arrival and up to another."""

    tenant: str
    ledger: str
    place: int
    account: str
    amount: Decimal
    after: int
    upto: int


class Backlog:
    """The partition's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put_less(self, at: str, less: Less) -> None:
        """Note totals that are still to be lessened, or how far that got; `at` is the ledger's folder."""
        value = [less.tenant, less.ledger, less.place, less.account, f"{less.amount:f}", less.after, less.upto]
        self._store.put(f"{_LESS}{at}{place_of(less.place)}/{less.account}", orjson.dumps(value))

    def put_again(self, at: str, tenant: str, ledger: str, place: int) -> None:
        """Note a decision that is still to be made again."""
        self._store.put(f"{_AGAIN}{at}{place_of(place)}", orjson.dumps([tenant, ledger, place]))

    def lesses(self) -> Iterator[Less]:
        """Yield what there is of totals to be lessened, each forgotten before it is seen."""
        while rows := tuple(self._store.range(_LESS, _LESS[:-1] + _AFTER, 1)):
            ((key, value),) = rows
            self._store.delete(key)
            tenant, ledger, place, account, amount, after, upto = orjson.loads(value)
            yield Less(tenant, ledger, place, account, Decimal(amount), after, upto)

    def agains(self, most: int) -> Iterator[tuple[str, str, int]]:
        """Yield tenant, ledger and place of what is to be decided again, each forgotten before it is seen.

        They are looked up `most` at a time.
        """
        while rows := tuple(self._store.range(_AGAIN, _AGAIN[:-1] + _AFTER, most)):
            for key, value in rows:
                self._store.delete(key)
                tenant, ledger, place = orjson.loads(value)
                yield tenant, ledger, place
