"""What was kept of the log elsewhere: signed checkpoints, the hashes under them, the keys; held against each other.

Everything is checked before anything is believed, so that whoever can write to the folder gains nothing by it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.alteration import Alteration, Kind
from audit.check import FIRST, Broken, check_checkpoint, digest_of, ring
from audit.checkpoint import HASH_BYTES, hashes_file, key_file, named, root_of
from audit.witness import WITNESSED, check_witness

__all__ = ["Kept", "Record", "load"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One partition's checkpoints in order, as (body, signature), and the hash of every entry under the last."""

    checkpoints: tuple[Mapping[str, Any], ...]
    hashes: bytes

    @property
    def last(self) -> dict[str, Any]:
        """Body of the last checkpoint."""
        body: dict[str, Any] = self.checkpoints[-1]["body"]
        return body

    @property
    def size(self) -> int:
        """How many entries are under the last checkpoint."""
        return len(self.hashes) // HASH_BYTES

    def covering(self, index: int) -> int:
        """Return the number of the first checkpoint that covers the entry at this place, from 0."""
        return next(int(c["body"]["number"]) for c in self.checkpoints if index < c["body"]["size"])


@dataclass(frozen=True, slots=True)
class Record:
    """All that was kept: per partition, the key statements in turn, and what is wrong with any of it."""

    partitions: Mapping[int, Kept]
    keys: tuple[Mapping[str, Any], ...]
    alterations: tuple[Alteration, ...]


def load(
    files: Mapping[str, bytes],
    trusted: str | None = None,
    seen: Sequence[Mapping[str, Any]] = (),
    witness: str | None = None,
) -> Record:
    """Return what the files say as far as it holds, and name each file that does not.

    `trusted` is the public key or key id that everything must follow from; without it the first key is believed.
    `seen` are checkpoints kept elsewhere: what is here must go on from them. With `witness`, a public key, each
    partition's last checkpoint must be signed by that key too.
    """
    found: list[Alteration] = []
    try:
        keys = tuple(_keys(files))
        known = ring(keys, trusted) if keys else {}
    except (Broken, KeyError, TypeError, ValueError) as error:
        return Record({}, (), (_wrong(Kind.FORGED, "keys", f"the keys cannot be believed: {error}"),))
    partitions: dict[int, Kept] = {}
    for partition in sorted({_partition(name) for name in files if name.startswith("checkpoints/")}):
        kept = _partition_of(files, partition, known, found)
        if kept is not None:
            partitions[partition] = kept
            if witness is not None:
                found += _unwitnessed(files, kept.last, witness)
    found += [a for checkpoint in seen if (a := _older(checkpoint, partitions, known)) is not None]
    return Record(partitions, keys, tuple(found))


def _keys(files: Mapping[str, bytes]) -> list[Mapping[str, Any]]:
    names = sorted(name for name in files if name.startswith("keys/"))
    if names != [key_file(number) for number in range(1, len(names) + 1)]:
        raise Broken(f"there are {', '.join(names)}; one is missing between them")
    return [json.loads(files[name]) for name in names]


def _partition(name: str) -> int:
    folder = name.split("/")[1]
    return int(folder) if folder.isdigit() else -1


def _partition_of(
    files: Mapping[str, bytes], partition: int, known: Mapping[str, bytes], found: list[Alteration]
) -> Kept | None:
    """Return the partition's checkpoints up to the first that does not hold; None where not even the first does."""
    number_of_files = sum(name.startswith(f"checkpoints/{partition:04d}/") for name in files)
    checkpoints: list[Mapping[str, Any]] = []
    hashes = b""
    previous, order = FIRST, list(known)
    oldest_key = 0
    for number in range(1, number_of_files + 1):
        name = named(partition, number)
        try:
            signed = json.loads(files[name])
            body = check_checkpoint(signed, known)
            added = files[hashes_file(body)]
            if (body["partition"], body["number"]) != (partition, number):
                told = f"it is checkpoint {body['number']} of partition {body['partition']} under another name"
            elif body["previous"] != previous:
                told = f"it does not follow from checkpoint {number - 1}: two histories were spliced"
            elif order.index(body["key"]) < oldest_key:
                told = f"it is signed with key {body['key']}, which was replaced before"
            elif root_of(hashes + added, (len(hashes) + len(added)) // HASH_BYTES).hex() != body["root"]:
                told = f"the hashes in {hashes_file(body)} do not lead to its root: they were altered"
            else:
                told = ""
        except Broken as error:
            told = str(error)
        except KeyError as error:
            told = f"{error} is missing"
        except (TypeError, ValueError) as error:
            told = f"it cannot be read: {error}"
        if told:
            found.append(_wrong(Kind.FORGED, name, told))
            break
        checkpoints.append(signed)
        hashes += added
        previous, oldest_key = digest_of(body), order.index(body["key"])
    return Kept(tuple(checkpoints), hashes) if checkpoints else None


def _unwitnessed(files: Mapping[str, bytes], body: Mapping[str, Any], witness: str) -> list[Alteration]:
    name = named(body["partition"], body["number"])
    prefix = name.replace("checkpoints/", WITNESSED).removesuffix(".json")
    for each in sorted(files):
        if each.startswith(prefix) and check_witness(files[each], body, witness):
            return []
    return [_wrong(Kind.UNWITNESSED, name, "the witness has not signed it, or has signed another one of this number")]


def _older(signed: Mapping[str, Any], partitions: Mapping[int, Kept], known: Mapping[str, bytes]) -> Alteration | None:
    """Return what is wrong between a checkpoint kept elsewhere and those that are shown now."""
    try:
        body = check_checkpoint(signed, known)
    except (Broken, KeyError, TypeError, ValueError) as error:
        return _wrong(Kind.FORGED, "the checkpoint kept elsewhere", str(error))
    name = named(body["partition"], body["number"])
    shown = partitions.get(body["partition"])
    number = shown.last["number"] if shown else 0
    if shown is None or number < body["number"]:
        return _wrong(Kind.TRUNCATED, name, f"it was kept elsewhere; here the last is {number}: an old head is shown")
    if digest_of(shown.checkpoints[body["number"] - 1]["body"]) != digest_of(body):
        return _wrong(Kind.FORGED, name, "another of this number was kept elsewhere: there are two histories")
    return None


def _wrong(kind: Kind, name: str, told: str) -> Alteration:
    return Alteration(kind, "", 0, name, f"{name}: {told}")
