"""How lines of a vendor were coded before: what `learn` writes and `coding` asks."""

from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz, process

from consumers.folding import fold
from consumers.reference import Fingerprint
from schemas.envelope import Event
from schemas.events import PatternRecorded

__all__ = ["PatternBook", "description_key"]

# Descriptions of one vendor this alike are the same purchase with a misread letter.
_SAME: Final = 92
# A key is part of a Kafka key; more words than this repeat nothing.
_LONGEST: Final = 120


def description_key(description: str | None) -> str:
    """Return the words of a description that come back with the next purchase: no numbers, dates or references."""
    words = [word for word in fold(description or "").split() if not any(c.isdigit() for c in word)]
    return " ".join(words)[:_LONGEST].strip()


@dataclass(slots=True)
class PatternBook:
    """The table of posting patterns, by tenant, vendor and description key."""

    _fingerprint: Fingerprint = field(default_factory=Fingerprint)
    _patterns: dict[tuple[str, str], dict[str, PatternRecorded]] = field(default_factory=dict)
    _keys: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The fingerprint of the content."""
        return self._fingerprint.version

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one record; None is a tombstone.

        Raises:
            TypeError: the record is no posting pattern, so the topic is not the one it should be.

        """
        if event is not None and not isinstance(event, PatternRecorded):
            msg = f"{type(event).__name__} under {key!r} is no posting pattern"
            raise TypeError(msg)
        self._fingerprint.apply(key, event)
        gone = self._keys.pop(key, None)
        if gone:
            self._patterns[gone[:2]].pop(gone[2], None)
        if event:
            self._keys[key] = (event.tenant_id, event.vendor_id, event.description)
            self._patterns.setdefault((event.tenant_id, event.vendor_id), {})[event.description] = event

    def find(self, tenant: str, vendor_id: str, description: str | None) -> PatternRecorded | None:
        """Return how this vendor's lines of this description were coded; None where nothing like it was posted."""
        known = self._patterns.get((tenant, vendor_id))
        key = description_key(description)
        if not known or not key:
            return None
        if key in known:
            return known[key]
        # Sorted, so that of two equally near ones every replica takes the same.
        near = process.extractOne(key, sorted(known), scorer=fuzz.ratio, score_cutoff=_SAME)
        return known[near[0]] if near else None
