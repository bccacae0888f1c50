"""The vendor master as an index: who is known, by tax number, bank account and name.

Built from a compacted table and refreshed record by record while the stage runs. What it answers depends only on the
records it holds, never on the order they came in.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.identity import derive

__all__ = ["KnownVendor", "VendorMaster", "account_key", "vendor_id"]

# A block longer than this tells nothing apart ("services"): the other words of a name find its vendor.
_BLOCK_LIMIT: Final = 2_000
_STEM: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVendor:
    """One vendor of the master. `keys` are folded names it goes by, its own first.

    `bare` and `core` are its own name's, as `Merchant` has them; empty where they are not to be asked for.
    """

    vendor_id: str
    name: str
    keys: tuple[str, ...]
    bare: str = ""
    core: str = ""
    tax_ids: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()


def vendor_id(tenant: str, identity: str) -> str:
    """Return the id of a vendor: the same normalised name (without spaces) in one tenant is the same vendor."""
    return derive("vendor", tenant, identity)


def account_key(number: str) -> str:
    """Return a tax number or bank account without the spaces, dots and dashes people print in it."""
    return "".join(c for c in number.upper() if c.isalnum())


def _stems(key: str) -> set[str]:
    """Return the blocks a name is found under: the start of each word, and its end for a misread start."""
    words = [word for word in key.split() if len(word) >= _STEM]
    return {f"^{word[:_STEM]}" for word in words} | {f"{word[-_STEM:]}$" for word in words}


@dataclass(slots=True)
class VendorMaster:
    """The known vendors of one tenant, indexed. `version` counts changes: what was looked up before one is stale."""

    version: int = 0
    _vendors: dict[str, KnownVendor] = field(default_factory=dict)
    _by_tax: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_iban: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_name: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_bare: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_core: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _blocks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, vendors: Iterable[KnownVendor]) -> "VendorMaster":
        """Return the index of these vendors; of two with one id the later stands."""
        master = cls()
        for vendor in vendors:
            master.put(vendor)
        return master

    def __len__(self) -> int:
        return len(self._vendors)

    def put(self, vendor: KnownVendor) -> None:
        """Add a vendor or replace the one with its id."""
        if self._vendors.get(vendor.vendor_id) == vendor:
            return
        self.drop(vendor.vendor_id)
        self._vendors[vendor.vendor_id] = vendor
        for index, entry in self._entries(vendor):
            index[entry].add(vendor.vendor_id)
        self.version += 1

    def drop(self, vendor: str) -> None:
        """Forget the vendor with this id, if it is known."""
        gone = self._vendors.pop(vendor, None)
        if gone is None:
            return
        for index, entry in self._entries(gone):
            index[entry].discard(vendor)
            if not index[entry]:
                del index[entry]
        self.version += 1

    def _entries(self, vendor: KnownVendor) -> Iterator[tuple[dict[str, set[str]], str]]:
        yield from ((self._by_tax, number) for number in {account_key(number) for number in vendor.tax_ids})
        yield from ((self._by_iban, number) for number in {account_key(number) for number in vendor.ibans})
        yield from ((self._by_name, name) for name in {key.replace(" ", "") for key in vendor.keys})
        yield from (
            (index, name) for index, name in ((self._by_bare, vendor.bare), (self._by_core, vendor.core)) if name
        )
        yield from ((self._blocks, stem) for stem in set[str]().union(*map(_stems, vendor.keys)))

    def get(self, vendor: str) -> KnownVendor | None:
        """Return the vendor with this id."""
        return self._vendors.get(vendor)

    def by_tax(self, number: str) -> KnownVendor | None:
        """Return the one vendor with this tax number; None when none or several have it."""
        return self._only(self._by_tax.get(account_key(number)))

    def by_iban(self, iban: str) -> KnownVendor | None:
        """Return the one vendor with this bank account; None when none or several have it."""
        return self._only(self._by_iban.get(account_key(iban)))

    def has_iban(self, number: str) -> bool:
        """Say whether any vendor is known by this bank account."""
        return account_key(number) in self._by_iban

    def by_name(self, identity: str) -> KnownVendor | None:
        """Return the one vendor of exactly this normalised name (without spaces); None when none or several have it."""
        return self._only(self._by_name.get(identity))

    def by_core(self, bare: str, core: str) -> KnownVendor | None:
        """Return the one vendor that differs from a name in a lost `&` or in neutral words behind it.

        One of the two must have none of them, and no third vendor be of the same core: "North Group" and "North
        Retail" are two companies, and "North" may be either. None when none or several fit.
        """
        if lost := self._by_bare.get(bare):
            return self._only(lost)
        nothing: set[str] = set()
        found = self._by_bare.get(core, nothing) | self._by_core.get(bare, nothing)
        return self._only(found) if self._by_core.get(core, nothing) <= found else None

    def near(self, key: str) -> list[KnownVendor]:
        """Return the vendors whose name shares the start or end of a word with `key`, in the order of their ids."""
        found: set[str] = set()
        for stem in _stems(key):
            block = self._blocks.get(stem, ())
            if len(block) <= _BLOCK_LIMIT:
                found.update(block)
        return [self._vendors[vendor] for vendor in sorted(found)]

    def _only(self, ids: set[str] | None) -> KnownVendor | None:
        return self._vendors[next(iter(ids))] if ids and len(ids) == 1 else None
