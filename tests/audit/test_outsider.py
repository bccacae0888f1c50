"""A verifier written from docs/reference/audit-formats.md alone, with the standard library and an Ed25519.

The functions above the line import nothing of it. If the page or the formats change, this fails.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha(*parts: bytes) -> bytes:
    """SHA of bytes one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def text_of(value: Any) -> bytes:
    """Canonical JSON."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode("utf-8")


def tree(contents: Sequence[bytes]) -> bytes:
    """The root of a tree, as RFC 6962 words it."""
    if not contents:
        return sha()
    if len(contents) == 1:
        return sha(b"\x00", contents[0])
    split = 1
    while split * 2 < len(contents):
        split *= 2
    return sha(b"\x01", tree(contents[:split]), tree(contents[split:]))


def signed_by(public: str, purpose: str, said: Any, signature: str) -> None:
    """Raise where a signature does not hold."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    key.verify(bytes.fromhex(signature), purpose.encode() + b"\n" + text_of(said))


def outsiders_verdict(store: Mapping[str, bytes], export: Sequence[str], trusted: str) -> int:
    """Hold an export with --sealed against a store of checkpoints; return how many entries are under signature."""
    keys: dict[str, str] = {}
    statements = [json.loads(store[name]) for name in sorted(store) if name.startswith("keys/")]
    for before, statement in zip([None, *statements], statements, strict=False):
        if before is not None:
            said = {"public": statement["public"], "previous": sha(bytes.fromhex(before["public"])).hex()[:16]}
            assert said["previous"] == statement["previous"]
            signed_by(before["public"], "spendtrail-key-v1", said, statement["signature"])
        if keys or statement["public"] == trusted:
            keys[sha(bytes.fromhex(statement["public"])).hex()[:16]] = statement["public"]
    partitions: dict[int, list[dict[str, Any]]] = {}
    chains: dict[str, list[bytes]] = {}
    for row in map(json.loads, export):
        chain = chains.setdefault(row["expense_id"], [])
        if chain and row["sequence"] == len(chain) and bytes.fromhex(row["hash"]) == chain[-1]:
            continue
        previous = chain[-1] if chain else sha(bytes(32), row["expense_id"].encode())
        output = base64.b64decode(row["output"] or "")
        told = json.loads(row["metadata"])
        assert (told["expense_id"], told["sequence"]) == (row["expense_id"], len(chain) + 1)
        assert told["output_sha256"] == (None if row["output"] is None else sha(output).hex())
        assert row["previous"] == previous.hex()
        chain.append(sha(previous, row["metadata"].encode(), output))
        assert row["hash"] == chain[-1].hex()
        partitions.setdefault(row["partition"], []).append(row)
    under = 0
    for partition, rows in partitions.items():
        names = sorted(name for name in store if name.startswith(f"checkpoints/{partition:04}/"))
        before, contents = "0" * 64, b""
        for number, name in enumerate(names, 1):
            body, signature = json.loads(store[name])["body"], json.loads(store[name])["signature"]
            signed_by(keys[body["key"]], "spendtrail-checkpoint-v1", body, signature)
            assert (body["version"], body["partition"], body["number"]) == (1, partition, number)
            assert (body["previous"], name) == (before, f"checkpoints/{partition:04}/{number:08}.json")
            before = sha(text_of(body)).hex()
            contents += store[f"hashes/{partition:04}/{number:08}-{body['root'][:16]}.bin"]
            kept = [contents[at : at + 32] for at in range(0, len(contents), 32)]
            assert len(kept) == body["size"]
            assert tree(kept).hex() == body["root"]
            covered = rows[: body["size"]]
            assert [row["hash"] for row in covered] == [each.hex() for each in kept]
            heads = {row["expense_id"]: [row["expense_id"], row["sequence"], row["hash"]] for row in covered}
            assert len(heads) == body["expenses"]
            assert tree([text_of(heads[each]) for each in sorted(heads)]).hex() == body["heads"]
            assert max(row["recorded_at"] for row in covered) == body["known_at"]
        under += len(contents) // 32
    return under


# ---- above: nothing of the project; below: what it is tried on ------------------------------------------------------


@pytest.fixture(scope="module")
def shown() -> tuple[dict[str, bytes], list[str], str]:
    """Return a store with a changed key, a sealed export with a record delivered twice, and the first key."""
    from audit.siem import line  # noqa: PLC0415 - the verifier above must not see it
    from cli.output import as_json  # noqa: PLC0415 - as above
    from tests.audit.notary import Key, Notary, located  # noqa: PLC0415 - as above
    from tests.audit.trail import begun, clean, opened, resolved, sealed  # noqa: PLC0415 - as above

    dead = begun("dead")
    dead.dead_letter("parse", "CRASHED")
    log = [*sealed(clean("one")), *sealed(resolved("two")), *sealed(dead)]
    notary = Notary()
    notary.sign(log[:7])
    notary.rotate(Key(2))
    notary.sign(log[:-1])
    twice = [*log[:3], log[2], *log[3:]]
    entries = zip(located(twice), opened(twice), strict=True)
    lines = [as_json(line(at, entry, event, None, sealed=True)) for at, (entry, event) in entries]
    return notary.files, lines, Key(1).public.hex()


def test_an_outsider_verifies_export_and_checkpoints(shown: tuple[dict[str, bytes], list[str], str]) -> None:
    """The page is enough: chains, trees, signatures, a changed key and a record delivered twice all hold."""
    store, export, trusted = shown
    assert outsiders_verdict(store, export, trusted) == len(export) - 2


@pytest.mark.parametrize("at", [0, 5, 12, 20])
def test_an_outsider_finds_what_was_changed(shown: tuple[dict[str, bytes], list[str], str], at: int) -> None:
    """A line changed, left out, or put elsewhere does not pass; neither does another key or checkpoint."""
    store, export, trusted = shown
    row = json.loads(export[at])
    changed = json.dumps({**row, "metadata": row["metadata"].replace("acme", "acne")})
    name = "checkpoints/0000/00000002.json"
    body = json.loads(store[name])
    forged = {**store, name: text_of({**body, "body": {**body["body"], "size": 8}})}
    for files, lines, key in (
        (store, [*export[:at], changed, *export[at + 1 :]], trusted),
        (store, [*export[:at], *export[at + 1 :]], trusted),
        (store, [export[-1], *export[:-1]], trusted),
        (store, export[:9], trusted),
        (store, export, "ab" * 32),
        (forged, export, trusted),
    ):
        with pytest.raises((AssertionError, InvalidSignature, KeyError)):
            outsiders_verdict(files, lines, key)
