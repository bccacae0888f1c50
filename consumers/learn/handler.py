"""The learn stage: keeps the vendor master and the posting patterns, from what was posted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from consumers.learn.lessons import Habit, Profile, learn_habit, learn_profile, lines_taught, worth_telling
from consumers.runtime.stage import Handler, Store
from consumers.vendor.merchant import shipped_normaliser
from schemas.envelope import Event, caused
from schemas.events import ExpensePosted, PatternRecorded, VendorRecorded

__all__ = ["HANDLER"]

STAGE: Final = "learn"


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known so far, by tenant and vendor."""

    store: Store

    def profile(self, key: str) -> Profile | None:
        """Return what is known of a vendor."""
        stored = self._get(f"vendor/{key}")
        return Profile(**{**stored, "aliases": tuple(stored["aliases"])}) if stored else None

    def habit(self, key: str) -> Habit | None:
        """Return how lines of one description are coded."""
        stored = self._get(f"pattern/{key}")
        return Habit(**stored) if stored else None

    def keep(self, key: str, known: Profile | Habit) -> None:
        """Remember it."""
        kind = "vendor" if isinstance(known, Profile) else "pattern"
        self.store.put(f"{kind}/{key}", orjson.dumps(asdict(known)))

    def _get(self, key: str) -> dict[str, Any] | None:
        stored = self.store.get(key)
        return orjson.loads(stored) if stored else None


def learn_from_posting(event: ExpensePosted, memory: Memory) -> Sequence[Event]:
    """Return the vendor and pattern records that this posting changes."""
    if event.vendor is None:
        return ()
    vendor = f"{event.tenant_id}/{event.vendor.vendor_id}"
    return (*_vendor(event, vendor, memory), *_patterns(event, vendor, memory))


def _vendor(event: ExpensePosted, vendor: str, memory: Memory) -> list[Event]:
    normalise, _ = shipped_normaliser()
    before = memory.profile(vendor)
    after = learn_profile(event, before, normalise)
    if event.vendor is None or after is None:
        return []
    memory.keep(vendor, after)
    if not worth_telling(before, after):
        return []
    return [_recorded(event, VendorRecorded, "", vendor_id=event.vendor.vendor_id, **asdict(after))]


def _patterns(event: ExpensePosted, vendor: str, memory: Memory) -> list[Event]:
    before: dict[str, Habit | None] = {}
    after: dict[str, Habit] = {}
    for description, coding, category, by_person in lines_taught(event):
        if description not in before:
            before[description] = memory.habit(f"{vendor}/{description}")
        prior = after.get(description, before[description])
        after[description] = learn_habit(coding, category, prior, by_person=by_person)
    for description, habit in after.items():
        memory.keep(f"{vendor}/{description}", habit)
    identity = event.vendor.vendor_id if event.vendor else ""
    return [
        _recorded(event, PatternRecorded, description, vendor_id=identity, description=description, **asdict(habit))
        for description, habit in after.items()
        if worth_telling(before[description], habit)
    ]


def _recorded(
    event: ExpensePosted, kind: type[VendorRecorded | PatternRecorded], part: str, **changes: Any
) -> VendorRecorded | PatternRecorded:
    # Reference tables are kept for ever: nothing of the person or their doubts goes into them.
    return caused(
        event, kind, stage=STAGE, status=event.status, part=part, personal=None, problems=(), asserted=(), **changes
    )


HANDLER = Handler(handle=learn_from_posting, state=Memory)
