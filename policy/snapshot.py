"""Snapshots: a policy in canonical form, named by its hash, in force from an instant on.

An expense is judged under the snapshot in force when it was submitted, however late that happens. A snapshot may
therefore only begin in the future (`check_publication`); else what was decided already would be decided otherwise.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any, Final

import orjson
import rfc8785

from policy.compiled import CompiledPolicy, compile_policy
from policy.documents import check_document, shipped
from policy.errors import Fault, PolicyError
from policy.models import PolicyDocument
from schemas.topics import POLICIES

__all__ = ["PUBLICATION_LEAD", "Snapshot", "Snapshots", "check_publication", "genesis"]

_ORDERED: Final = (
    ("taxonomy", "code"), ("limits", "id"), ("modifiers", "id"), ("budgets", "id"), ("per_diem", "id"),
    ("per_diem_tables", "id"),
)  # fmt: skip
_LATER: Final = ("per_diem", "per_diem_tables")
# What else a published record holds: its envelope, who published it and why.
_OVERHEAD: Final = 64 * 1024
# Longer than any replica takes to read a new record of the snapshot topic.
PUBLICATION_LEAD: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version. `canonical` is its RFC 8785 form, `version` the SHA-256 of that, hex."""

    version: str
    canonical: bytes
    effective_from: datetime
    document: PolicyDocument

    @classmethod
    def of(cls, document: PolicyDocument) -> "Snapshot":
        """Return the snapshot of a document; the order its rules were written in does not change it.

        Raises:
            PolicyError: it is larger than one record of the snapshot topic.

        """
        canonical = rfc8785.dumps(_ordered(document))
        most = POLICIES.max_message_bytes - _OVERHEAD
        if len(canonical) > most:
            raise PolicyError(
                Fault(
                    document.name,
                    "per_diem_tables" if document.per_diem_tables else "limits",
                    f"the policy has {len(canonical)} bytes; a version is one record of {most} at most",
                    "name fewer tables, or take out limits that nothing meets",
                )
            )
        return cls.read(canonical)

    @classmethod
    def read(cls, canonical: bytes) -> "Snapshot":
        """Return a snapshot from its canonical form; the version is computed from these very bytes.

        Raises:
            PolicyError: the bytes are no policy, or not in canonical form.

        """
        version = hashlib.sha256(canonical).hexdigest()
        name = f"snapshot {version[:12]}"
        try:
            data = orjson.loads(canonical)
        except orjson.JSONDecodeError as error:
            raise PolicyError(Fault(name, "", f"not JSON: {error}", "publish the canonical form")) from error
        document = check_document(data, name)
        if rfc8785.dumps(data) != canonical:
            raise PolicyError(Fault(name, "", "not in RFC 8785 form", "publish the canonical form"))
        return cls(version, canonical, document.effective_from, document)

    def compiled(self) -> CompiledPolicy:
        """Return the policy ready to judge; compiled once per process."""
        return _compiled(self.version, self.canonical)


@cache
def _compiled(version: str, canonical: bytes) -> CompiledPolicy:
    return compile_policy(check_document(orjson.loads(canonical), f"snapshot {version[:12]}"), version)


def _ordered(document: PolicyDocument) -> dict[str, Any]:
    # Defaults are written out: a published version keeps its meaning when a later release changes a default.
    data: dict[str, Any] = document.model_dump(mode="json")
    for section in _LATER:
        # A policy that does not use what came later keeps the version it has always had.
        if not data[section]:
            del data[section]
    for section, key in _ORDERED:
        if section in data:
            data[section] = sorted(data[section], key=itemgetter(key))
    for table in data.get("per_diem_tables", ()):
        table["places"] = sorted(table["places"], key=rfc8785.dumps)
    return data


@cache
def genesis() -> Snapshot:
    """Return the snapshot that is in force where no other is: the shipped example policy."""
    return Snapshot.of(shipped())


class Snapshots:
    """The snapshots of one tenant by time. Of two that begin at one instant the same one is picked everywhere."""

    def __init__(self, snapshots: Iterable[Snapshot] = ()) -> None:
        known = {(snapshot.version, snapshot.effective_from): snapshot for snapshot in (genesis(), *snapshots)}
        self._ordered = sorted(known.values(), key=lambda s: (s.effective_from, s is not genesis(), s.version))
        self._starts = [snapshot.effective_from for snapshot in self._ordered]

    def at(self, submitted_at: datetime) -> Snapshot:
        """Return the snapshot in force at an instant (UTC); before the first one, the first one."""
        return self._ordered[max(bisect_right(self._starts, submitted_at) - 1, 0)]

    def all(self) -> tuple[Snapshot, ...]:
        """Return every snapshot, oldest first."""
        return tuple(self._ordered)


def check_publication(new: Snapshot, existing: Snapshots, now: datetime) -> None:
    """Hold a publication to what keeps decisions the same for ever.

    Raises:
        PolicyError: it would begin too soon, or at the instant another one begins.

    """
    if new.effective_from < now + PUBLICATION_LEAD:
        soonest = (now + PUBLICATION_LEAD).isoformat(timespec="seconds")
        raise PolicyError(
            Fault(new.document.name, "effective_from", f"{new.effective_from} is too soon", f"give {soonest} or later")
        )
    for other in existing.all():
        if other.effective_from == new.effective_from and other.version != new.version:
            raise PolicyError(
                Fault(
                    new.document.name,
                    "effective_from",
                    f"policy {other.version[:12]} begins at the same instant",
                    "give a later instant",
                )
            )
