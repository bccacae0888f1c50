#!/usr/bin/env python3
"""Checks a proof bundle offline: this one file, Python's standard library and `cryptography`, nothing else.

    python check.py bundle.zip --key PUBLIC_KEY [--seen CHECKPOINT]

It is handed to the auditor as it is. The rest of the project imports its hashes from here, so that what is written and
what is checked cannot drift apart. docs/reference/audit-formats.md says the same in words.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "FIRST",
    "KEY_PURPOSE",
    "PURPOSE",
    "Broken",
    "Checked",
    "canonical",
    "check_bundle",
    "check_checkpoint",
    "described",
    "digest_of",
    "head_leaf",
    "key_id",
    "leaf",
    "node",
    "ring",
    "signature_holds",
    "verify_consistency",
    "verify_inclusion",
]

PURPOSE = b"spendtrail-checkpoint-v1\n"
KEY_PURPOSE = b"spendtrail-key-v1\n"
FIRST = "0" * 64
"""What the first checkpoint of a partition names as the one before it."""

_HEX = re.compile(r"[0-9a-f]{64}")
_FILES = ("bundle.json", "entries.jsonl", "checkpoint.json", "keys.json", "consistency.json")
_JUDGED = ("ExpenseEvaluated", "ExpenseDecided")
_LARGEST = 1 << 30
"""Bytes of one file in a bundle; more is refused rather than unpacked."""


class Broken(Exception):
    """Something is not what was signed. The message says which part of the bundle, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bundle proves: its expense, how many entries, where the trail ends, and under whose checkpoint."""

    expense_id: str
    entries: int
    status: str
    partition: int
    checkpoint: int
    signed_at: str
    key: str
    pinned: bool
    policies: tuple[str, ...]
    documents: tuple[str, ...]


def canonical(value: object) -> bytes:
    """Return RFC 8785 JSON; enough for text, whole numbers, lists and objects with ASCII keys, and no more occurs."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def leaf(data: bytes) -> bytes:
    """Return the hash of one leaf, 32 bytes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def head_leaf(expense_id: str, sequence: int, digest: str) -> bytes:
    """Return the leaf that says where one expense's chain ended when a checkpoint was signed."""
    return leaf(canonical([expense_id, sequence, digest]))


def verify_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Return whether the path leads from the leaf to the root of a tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last = index, size - 1
    found = leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(sibling, found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            found = node(found, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and found == expected_root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Return whether the tree of `first` leaves is the beginning of that of `second` (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    # A tree of a power of two is a node of the larger one: its root opens the path.
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at >>= 1
        last >>= 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node(step, before), node(step, after)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            after = node(after, step)
        at >>= 1
        last >>= 1
    return last == 0 and before == first_root and after == second_root


def key_id(public: bytes) -> str:
    """Return the short name of a public key: 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def digest_of(body: Mapping[str, Any]) -> str:
    """Return what the next checkpoint names this one by: SHA-256 of its canonical body, hex."""
    return hashlib.sha256(canonical(body)).hexdigest()


def ring(keys: Sequence[Mapping[str, Any]], trusted: str | None) -> dict[str, bytes]:
    """Return the public keys that may sign, oldest first: the trusted one and those that follow from it.

    Each key after the first is signed by the one before it. Without a trusted key the first is taken at its word.

    Raises:
        Broken: a key does not follow from the one before it, or the trusted one is not among them.

    """
    found: dict[str, bytes] = {}
    before: tuple[str, bytes] | None = None
    for number, statement in enumerate(keys):
        public, previous = bytes.fromhex(statement["public"]), statement["previous"]
        name = key_id(public)
        if before is not None:
            signed = canonical({"public": public.hex(), "previous": previous})
            if previous != before[0] or not signature_holds(before[1], KEY_PURPOSE + signed, statement["signature"]):
                msg = f"key {name} (number {number + 1} in keys.json) does not follow from the key before it"
                raise Broken(msg)
        if found or trusted is None or trusted in {name, public.hex()}:
            found[name] = public
        before = (name, public)
    if not found:
        msg = f"the key you trust, {trusted}, is not in keys.json: it was signed by somebody else"
        raise Broken(msg)
    return found


def check_checkpoint(signed: Mapping[str, Any], keys: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the body of a checkpoint whose signature holds.

    Raises:
        Broken: it does not, or an unknown key made it.

    """
    body: dict[str, Any] = signed["body"]
    name = f"checkpoint {body['number']} of partition {body['partition']}"
    if body["version"] != 1:
        raise Broken(f"{name} has version {body['version']}, which this program does not know")
    if body["key"] not in keys:
        raise Broken(f"{name} is signed by key {body['key']}, which does not follow from the key you trust")
    if not signature_holds(keys[body["key"]], PURPOSE + canonical(body), signed["signature"]):
        raise Broken(f"{name} is forged: its signature is not that of key {body['key']}")
    return body


def check_bundle(bundle: Path, trusted: str | None = None, seen: Mapping[str, Any] | None = None) -> Checked:
    """Check everything a bundle says.

    `trusted` is the public key (hex) or its id as published by whoever runs the system; `seen` a checkpoint the
    auditor kept from before: the bundle must stand on it or on a later one.

    Raises:
        Broken: something is not what was signed; the message says where.

    """
    try:
        files = _unpack(bundle)
        about = _json(files, "bundle.json")
        keys = ring(_json(files, "keys.json"), trusted)
        body = check_checkpoint(_json(files, "checkpoint.json"), keys)
        entries = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
        metadata, outputs = _check_entries(about, entries, body)
        policies = _check_policies(files, metadata, outputs)
        documents = _check_documents(about["documents"], outputs)
        if seen is not None:
            _check_seen(body, check_checkpoint(seen, keys), _json(files, "consistency.json"))
    except (KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile) as error:
        msg = f"{bundle.name} is no bundle this program can read: {type(error).__name__} {error}"
        raise Broken(msg) from error
    return Checked(
        expense_id=about["expense_id"],
        entries=len(entries),
        status=metadata[-1]["status"],
        partition=body["partition"],
        checkpoint=body["number"],
        signed_at=body["signed_at"],
        key=body["key"],
        pinned=trusted is not None,
        policies=policies,
        documents=documents,
    )


def _unpack(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as packed:
        names = packed.namelist()
        for info in packed.infolist():
            known = info.filename in _FILES or re.fullmatch(r"policies/[0-9a-f]{64}\.json", info.filename)
            if not known or names.count(info.filename) > 1 or info.file_size > _LARGEST:
                raise Broken(f"{info.filename} does not belong into a bundle, or not twice, or is too large")
        return {name: packed.read(name) for name in names}


def _json(files: Mapping[str, bytes], name: str) -> Any:
    if name not in files:
        raise Broken(f"{name} is missing from the bundle")
    return json.loads(files[name])


def _check_entries(
    about: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], body: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Follow the chain from its beginning to its head, and each entry up to the signed root."""
    expense_id, root = about["expense_id"], bytes.fromhex(body["root"])
    previous = hashlib.sha256(bytes(32) + expense_id.encode()).digest()
    told, outputs, last = [], [], -1
    for sequence, entry in enumerate(entries, 1):
        name = f"entry {sequence} of expense {expense_id}"
        output = base64.b64decode(entry["output"], validate=True) if entry["output"] is not None else b""
        said = json.loads(entry["metadata"])
        digest = hashlib.sha256(previous + entry["metadata"].encode() + output).digest()
        if (said["expense_id"], said["sequence"]) != (expense_id, sequence):
            raise Broken(f"{name} was sealed as entry {said['sequence']} of expense {said['expense_id']}")
        if digest.hex() != entry["hash"]:
            raise Broken(f"{name} was altered, or the entry before it: its hash is not that of its content")
        if (said["output_sha256"] or "") != (hashlib.sha256(output).hexdigest() if entry["output"] is not None else ""):
            raise Broken(f"{name} has another event than the one that was sealed")
        path = [bytes.fromhex(step) for step in entry["path"]]
        if entry["index"] <= last or not verify_inclusion(leaf(digest), entry["index"], body["size"], path, root):
            raise Broken(f"{name} is not under checkpoint {body['number']} of partition {body['partition']}")
        last, previous = entry["index"], digest
        told.append(said)
        outputs.append(output)
    head = about["head"]
    path = [bytes.fromhex(step) for step in head["path"]]
    ending = head_leaf(expense_id, len(entries), previous.hex())
    if not entries or not verify_inclusion(ending, head["index"], body["expenses"], path, bytes.fromhex(body["heads"])):
        raise Broken(f"the trail of expense {expense_id} did not end at entry {len(entries)} when it was signed")
    return told, outputs


def _check_policies(
    files: Mapping[str, bytes], metadata: Sequence[Mapping[str, Any]], outputs: Sequence[bytes]
) -> tuple[str, ...]:
    """Hold every snapshot to its name, and every judged event to a snapshot: its version stands in the sealed bytes."""
    found = {n.removeprefix("policies/").removesuffix(".json"): c for n, c in files.items() if n.startswith("policies")}
    for version, content in found.items():
        if hashlib.sha256(content).hexdigest() != version:
            raise Broken(f"policy {version} was replaced: its SHA-256 is another")
    for said, output in zip(metadata, outputs, strict=True):
        if said["action"] in _JUDGED and not any(version.encode() in output for version in found):
            raise Broken(f"entry {said['sequence']} was judged under a policy that is not in the bundle")
    for version in found:
        if not any(version.encode() in output for output in outputs):
            raise Broken(f"policy {version} is in the bundle, and nothing was judged under it")
    return tuple(sorted(found))


def _check_documents(documents: Sequence[str], outputs: Sequence[bytes]) -> tuple[str, ...]:
    for sha256 in documents:
        if not _HEX.fullmatch(sha256) or not any(sha256.encode() in output for output in outputs):
            raise Broken(f"document {sha256} is named in bundle.json and in no sealed event")
    return tuple(documents)


def _check_seen(body: Mapping[str, Any], seen: Mapping[str, Any], proof: Mapping[str, Any]) -> None:
    """Hold the bundle's checkpoint to one kept from before: the same log, gone on."""
    name = f"checkpoint {body['number']} of partition {body['partition']}"
    if (body["log"], body["partition"]) != (seen["log"], seen["partition"]):
        raise Broken(f"{name} is of another log or partition than the checkpoint you kept")
    if body["number"] < seen["number"] or body["size"] < seen["size"]:
        raise Broken(f"{name} is older than checkpoint {seen['number']}, which you kept: an old head is shown again")
    path = [bytes.fromhex(step) for step in proof["path"]]
    roots = bytes.fromhex(seen["root"]), bytes.fromhex(body["root"])
    if not verify_consistency(seen["size"], body["size"], *roots, path):
        raise Broken(f"{name} does not go on from checkpoint {seen['number']}, which you kept: the log was rewritten")


def signature_holds(public: bytes, message: bytes, signature: str) -> bool:
    """Return whether an Ed25519 signature (hex) is that of the public key under the message."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only who checks a signature needs it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def described(found: Checked) -> str:
    """Return what was proven, for a person."""
    pinned = "" if found.pinned else "  (compare this key with the published one, or give it as --key)"
    return (
        f"proven: expense {found.expense_id}, {found.entries} entries, last status {found.status}\n"
        f"  partition {found.partition}, checkpoint {found.checkpoint}, signed {found.signed_at}\n"
        f"  key {found.key}{pinned}\n"
        f"  policies {', '.join(found.policies) or 'none'}\n  documents {', '.join(found.documents) or 'none'}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a bundle: 0 it holds, 1 it does not, 2 it could not be asked."""
    asked = argparse.ArgumentParser(description="Checks a Spendtrail proof bundle offline.")
    asked.add_argument("bundle", type=Path)
    asked.add_argument("--key", help="public key of the notary, or its id, as you got it from elsewhere")
    asked.add_argument("--seen", type=Path, help="a checkpoint file you kept from before")
    given = asked.parse_args(arguments)
    try:
        seen = json.loads(given.seen.read_bytes()) if given.seen else None
        found = check_bundle(given.bundle, given.key, seen)
    except Broken as error:
        sys.stdout.write(f"NOT PROVEN: {error}\n")
        return 1
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{given.seen}: {error}\n")
        return 2
    sys.stdout.write(described(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
