"""Which vendor of the master a seller is: exact by number, then by name, and never by a near miss alone.

A wrong match pays the wrong vendor and hides a duplicate; a missed one only adds a candidate that a person may merge.
So the threshold is set for precision.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from rapidfuzz import fuzz, process

from consumers.vendor.master import KnownVendor, VendorMaster, account_key, vendor_id
from consumers.vendor.merchant import Merchant
from schemas.records import Problem, VendorMatch

__all__ = ["Thresholds", "VendorMatcher"]

STAGE: Final = "vendor"
_EXACT: Final = 100
# The name but for a lost `&` or neutral words.
_ALL_BUT_EXACT: Final = 98
# Names under this many letters differ by a letter and are different companies.
_SHORTEST_FUZZY: Final = 6
# Below this a name is no near miss at all and not worth naming as the runner-up.
_WORTH_NAMING: Final = 70
# A word that OCR or a fixed field spoiled is still this like itself; another word is not ("north", "south": 60).
_SAME_WORD: Final = 75
# What a match between different words may score at most: never enough to be taken by itself.
_DIFFERENT: Final = 85
_CACHE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`automatic`: the score from which a fuzzy match is taken; `margin`: how far ahead of the next it must be."""

    automatic: int = 92
    margin: int = 4


@dataclass(frozen=True, slots=True)
class _Ranked:
    best: KnownVendor | None = None
    score: int = 0
    second: KnownVendor | None = None
    second_score: int = 0


@dataclass(slots=True)
class VendorMatcher:
    """Matches sellers against one tenant's master; remembers fuzzy answers until the master changes."""

    tenant: str
    master: VendorMaster
    thresholds: Thresholds = Thresholds()
    _ranked: dict[str, _Ranked] = field(default_factory=dict)
    _version: int = -1

    def match(
        self, merchant: Merchant, *, tax_id: str | None = None, iban: str | None = None, asserted: bool = False
    ) -> tuple[VendorMatch | None, tuple[Problem, ...]]:
        """Return who the seller is and what is doubtful about it.

        A tax number decides before a name, a name before a bank account (an account that belongs to another vendor is
        what fraud looks like, so it must not choose the vendor it is checked against). An unknown seller is a
        candidate, which is normal and no problem; policy judges it. None when nothing legible is printed
        (MISSING_VENDOR). A bank account the matched vendor is not known by is VENDOR_BANK_CHANGED. A name that a person
        stated (`asserted`) is that vendor, known by exactly this name or new.
        """
        found = self._stated(merchant) if asserted and merchant.key else self._known(merchant, tax_id, iban)
        if found is None:
            return None, (
                Problem(
                    code="MISSING_VENDOR",
                    message="No seller can be read: state the vendor's name.",
                    field="vendor_name",
                    stage=STAGE,
                ),
            )
        return found, self._doubts(found, merchant, tax_id, iban)

    def _known(self, merchant: Merchant, tax_id: str | None, iban: str | None) -> VendorMatch | None:
        by_tax = self.master.by_tax(tax_id) if tax_id else None
        if by_tax:
            return _exact(by_tax, "tax_id")
        by_name = self.master.by_name(merchant.identity) if merchant.distinct else None
        if by_name:
            return _exact(by_name, "name")
        by_core = self.master.by_core(merchant.bare, merchant.core) if merchant.distinct else None
        if by_core:
            return replace(_exact(by_core, "name"), score=_ALL_BUT_EXACT)
        near = self._fuzzy(merchant) if merchant.key else None
        by_iban = self.master.by_iban(iban) if iban else None
        return _exact(by_iban, "iban") if by_iban and (near is None or near.candidate) else near

    def _fuzzy(self, merchant: Merchant) -> VendorMatch:
        ranked = self._rank(merchant)
        best, second = ranked.best, ranked.second
        margin = ranked.score - ranked.second_score
        if best and ranked.score >= self.thresholds.automatic and margin >= self.thresholds.margin:
            return VendorMatch(
                vendor_id=best.vendor_id,
                name=best.name,
                score=ranked.score,
                method="fuzzy",
                runner_up=second.name if second else None,
                margin=margin,
            )
        return self._new(merchant, best.name if best else None)

    def _stated(self, merchant: Merchant) -> VendorMatch:
        known = self.master.by_name(merchant.identity)
        found = _exact(known, "asserted") if known else self._new(merchant, None)
        return replace(found, method="asserted", score=_EXACT)

    def _new(self, merchant: Merchant, resembles: str | None) -> VendorMatch:
        return VendorMatch(
            vendor_id=vendor_id(self.tenant, merchant.identity),
            name=merchant.name,
            score=0,
            method="new",
            runner_up=resembles,
            candidate=True,
        )

    def _rank(self, merchant: Merchant) -> _Ranked:
        if not merchant.distinct or len(merchant.identity) < _SHORTEST_FUZZY:
            return _Ranked()
        if self._version != self.master.version or len(self._ranked) >= _CACHE:
            self._ranked.clear()
            self._version = self.master.version
        ranked = self._ranked.get(merchant.key)
        if ranked is None:
            ranked = self._ranked[merchant.key] = _rank(merchant.key, self.master.near(merchant.key))
        return ranked

    def _doubts(
        self, found: VendorMatch, merchant: Merchant, tax_id: str | None, iban: str | None
    ) -> tuple[Problem, ...]:
        doubts: list[Problem] = []
        known = self.master.get(found.vendor_id)
        named = self.master.by_name(merchant.identity) if merchant.distinct else None
        by_another = bool(tax_id and known and known.tax_ids) and found.method != "tax_id"
        if by_another or (found.method == "tax_id" and named and named.vendor_id != found.vendor_id):
            doubts.append(
                Problem(
                    code="VENDOR_TAX_ID_DIFFERS",
                    message="The seller's name and the tax number belong to different vendors: confirm the vendor.",
                    field="vendor_tax_id",
                    stage=STAGE,
                )
            )
        if iban and self._foreign_account(known, iban):
            doubts.append(
                Problem(
                    code="VENDOR_BANK_CHANGED",
                    message=f"The bank account is not one that {found.name} is known by: confirm it with the vendor "
                    "over a contact you already have, not one on this document.",
                    field="vendor_iban",
                    stage=STAGE,
                )
            )
        return tuple(doubts)

    def _foreign_account(self, known: KnownVendor | None, iban: str) -> bool:
        """Say whether the account is new to a vendor whose accounts are known, or another vendor's."""
        number = account_key(iban)
        if known and number in {account_key(own) for own in known.ibans}:
            return False
        return bool(known and known.ibans) or self.master.has_iban(number)


def _exact(vendor: KnownVendor, method: str) -> VendorMatch:
    return VendorMatch(vendor_id=vendor.vendor_id, name=vendor.name, score=_EXACT, method=method, margin=_EXACT)


def _rank(key: str, vendors: list[KnownVendor]) -> _Ranked:
    """Return the best two of `vendors` (in the order of their ids, which settles ties) by their nearest name."""
    names = [(name, vendor) for vendor in vendors for name in vendor.keys]
    hits = process.extract(
        key, [name for name, _ in names], scorer=fuzz.token_sort_ratio, score_cutoff=_WORTH_NAMING, limit=8
    )
    scores: dict[str, tuple[int, KnownVendor]] = {}
    for name, score, place in hits:
        vendor = names[place][1]
        points = _guarded(key, name, int(score))
        if points > scores.get(vendor.vendor_id, (0, vendor))[0]:
            scores[vendor.vendor_id] = (points, vendor)
    order = sorted(scores.values(), key=lambda pair: (-pair[0], pair[1].vendor_id))
    if not order:
        return _Ranked()
    second = order[1] if len(order) > 1 else (0, None)
    return _Ranked(order[0][1], order[0][0], second[1], second[0])


def _guarded(key: str, name: str, score: int) -> int:
    """Return the score, held below the threshold where numbers or whole words differ: those tell vendors apart."""
    if [c for c in key if c.isdigit()] != [c for c in name if c.isdigit()]:
        return min(score, _DIFFERENT)
    ours, theirs = key.split(), name.split()
    left = sorted(word for word in ours if word not in theirs)
    right = sorted(word for word in theirs if word not in ours)
    if len(left) == len(right):
        same = all(fuzz.ratio(a, b) >= _SAME_WORD for a, b in zip(left, right, strict=True))
    else:
        same = fuzz.ratio("".join(left), "".join(right)) >= _SAME_WORD
    return score if same else min(score, _DIFFERENT)
