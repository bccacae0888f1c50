"""The policy snapshots as a table that every replica holds whole, per tenant."""

import hashlib
from dataclasses import replace
from datetime import datetime

from policy.signing import Trust
from policy.snapshot import Snapshot, Snapshots
from schemas.envelope import Event
from schemas.events import PolicyPublished

__all__ = ["Policies"]


class Policies:
    """Snapshots by tenant. A tenant without one of its own is judged under the genesis snapshot.

    A snapshot that this release cannot read raises `PolicyError` on `apply`: judging on without it would be wrong. One
    that lacks the signatures that `trust` asks for is never judged by; `refused` says why, by its key in the topic.
    """

    def __init__(self, trust: Trust | None = None) -> None:
        self._trust = trust or Trust()
        self.refused: dict[str, str] = {}
        self._published: dict[str, tuple[str, Snapshot, int]] = {}
        self._tenants: dict[str, Snapshots] = {}
        self._digest = 0

    @property
    def version(self) -> str:
        """A hash of the content; the order of arrival does not change it."""
        return f"{self._digest:064x}"

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one published snapshot, or its tombstone."""
        before = self._published.pop(key, None)
        if before is not None:
            self._digest ^= before[2]
            self._tenants.pop(before[0], None)
        self.refused.pop(key, None)
        if not isinstance(event, PolicyPublished):
            return
        refusal = self._trust.refusal(event)
        if refusal:
            self.refused[key] = refusal
            return
        snapshot = replace(Snapshot.read(event.snapshot.encode()), effective_from=event.effective_from)
        digest = int.from_bytes(hashlib.sha256(f"{key}\n{event.snapshot}".encode()).digest())
        self._published[key] = (event.tenant_id, snapshot, digest)
        self._digest ^= digest
        self._tenants.pop(event.tenant_id, None)

    def at(self, tenant: str, submitted_at: datetime) -> Snapshot:
        """Return the snapshot in force for a tenant at an instant."""
        return self.of(tenant).at(submitted_at)

    def tenants(self) -> frozenset[str]:
        """Return the tenants that have published a policy of their own."""
        return frozenset(owner for owner, _, _ in self._published.values())

    def of(self, tenant: str) -> Snapshots:
        """Return every snapshot of a tenant."""
        known = self._tenants.get(tenant)
        if known is None:
            known = Snapshots(snapshot for owner, snapshot, _ in self._published.values() if owner == tenant)
            self._tenants[tenant] = known
        return known
