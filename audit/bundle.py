"""A bundle that proves one expense's trail to somebody who trusts neither this system nor its operators.

`audit.check`, a file of its own, checks it offline.
"""

import base64
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.check import canonical, digest_of
from audit.checkpoint import Growth, leaves_of, root_of
from audit.kept import Kept, Record
from audit.merkle import consistency, inclusion
from audit.verify import Located
from schemas.events import AuditSealed

__all__ = ["NotProvable", "Proof", "pack"]

# The zip format cannot go further back; a fixed time makes the same proof the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class NotProvable(Exception):
    """The log gives no proof of the expense. The message says why and what to do."""


@dataclass(slots=True)
class Proof:
    """Collects, from the whole log in order, what proves one expense up to its partition's last checkpoint.

    `later` counts its entries behind that checkpoint. Memory: 32 bytes an entry of the log.
    """

    expense_id: str
    kept: Mapping[int, Kept]
    entries: list[tuple[int, AuditSealed]] = field(default_factory=list)
    partition: int | None = None
    later: int = 0
    _growths: dict[int, Growth] = field(default_factory=dict)

    def take(self, at: Located) -> None:
        """Take in the next entry of the log."""
        kept, growth = self.kept.get(at.partition), self._growths.setdefault(at.partition, Growth())
        mine = at.sealed.expense_id == self.expense_id
        place = growth.size
        if kept is None or place >= kept.size:
            self.later += mine
        elif growth.take(at.sealed) and mine:
            self.partition = at.partition
            self.entries.append((place, at.sealed))

    def told(self) -> tuple[Kept, Growth]:
        """Return what was kept of the expense's partition, and what its log comes to.

        Raises:
            NotProvable: there is no entry under a checkpoint, or the log is not what was signed.

        """
        if self.partition is None:
            found = f"{self.later} entries, none under a checkpoint" if self.later else "no entry"
            msg = f"expense {self.expense_id} has {found}; `spendtrail audit checkpoint` signs what is there"
            raise NotProvable(msg)
        kept, growth = self.kept[self.partition], self._growths[self.partition]
        if root_of(growth.hashes, growth.size).hex() != kept.last["root"]:
            msg = f"partition {self.partition} is not what was signed; `spendtrail audit verify` says where"
            raise NotProvable(msg)
        return kept, growth


def pack(
    proof: Proof,
    record: Record,
    policies: Mapping[str, str],
    documents: Sequence[str],
    seen: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bundle as a zip file; the same proof gives the same bytes.

    `policies` are the snapshots its events name, RFC 8785 text by version; `documents` the SHA-256 of its documents;
    `seen` the body of a checkpoint the auditor kept: the bundle then proves that the log went on from it.

    Raises:
        NotProvable: as `Proof.told`, or the checkpoint is of another history.

    """
    kept, growth = proof.told()
    leaves = leaves_of(growth.hashes, growth.size)
    about = {
        "format": "spendtrail-bundle",
        "version": 1,
        "expense_id": proof.expense_id,
        "head": growth.head_proof(proof.expense_id),
        "documents": sorted(set(documents)),
    }
    files = {
        "bundle.json": canonical(about),
        "entries.jsonl": b"".join(_line(place, sealed, leaves) for place, sealed in proof.entries),
        "checkpoint.json": canonical(kept.checkpoints[-1]),
        "keys.json": canonical(list(record.keys)),
        **{f"policies/{version}.json": snapshot.encode() for version, snapshot in sorted(policies.items())},
    }
    if seen is not None:
        files["consistency.json"] = canonical({"path": [step.hex() for step in _since(kept, leaves, seen)]})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _since(kept: Kept, leaves: list[bytes], seen: Mapping[str, Any]) -> tuple[bytes, ...]:
    number = seen["number"]
    same = seen["partition"] == kept.last["partition"] and 1 <= number <= len(kept.checkpoints)
    if not same or digest_of(kept.checkpoints[number - 1]["body"]) != digest_of(seen):
        msg = f"checkpoint {number} of partition {seen['partition']} that you kept is not in this expense's partition"
        raise NotProvable(msg)
    return consistency(leaves, seen["size"])


def _line(place: int, sealed: AuditSealed, leaves: list[bytes]) -> bytes:
    said = {
        "index": place,
        "metadata": sealed.metadata,
        "output": None if sealed.output is None else base64.b64encode(sealed.output).decode(),
        "hash": sealed.hash,
        "path": [step.hex() for step in inclusion(leaves, place)],
    }
    return canonical(said) + b"\n"
