"""A proof bundle: what it proves, and that nothing in it can be changed unnoticed."""

import base64
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit import check
from audit.bundle import NotProvable, Proof, pack
from audit.check import Broken, Checked, canonical, check_bundle
from audit.checkpoint import key_statement, named, signed
from audit.kept import load
from schemas.events import AuditSealed
from tests.audit import trail as trails
from tests.audit.notary import Key, Notary, hashes_of, located
from tests.audit.trail import POLICY, begun, clean, coded, resolved, sealed

SNAPSHOT = canonical({"name": "travel", "limit": "250.00"}).decode()
VERSION = sha256(SNAPSHOT.encode()).hexdigest()
DOCUMENT = "ab" * 32
ROOT = Key().public.hex()

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def log() -> list[AuditSealed]:
    """Two expenses that were judged under the snapshot, one after the other."""
    old, trails.POLICY = POLICY, VERSION
    try:
        return [*sealed(resolved("one")), *sealed(clean("two"))]
    finally:
        trails.POLICY = old


@pytest.fixture
def notary(log: list[AuditSealed]) -> Notary:
    """A notary that signed the log twice."""
    notary = Notary()
    notary.sign(log[:9])
    notary.sign(log)
    return notary


def bundle(log: list[AuditSealed], notary: Notary, path: Path, number: int = 0, **given: Any) -> Path:
    """Write the bundle of the expense of an entry."""
    proof = Proof(log[number].expense_id, notary.kept())
    for at in located(log):
        proof.take(at)
    path.write_bytes(pack(proof, notary.record(), {VERSION: SNAPSHOT}, [DOCUMENT, DOCUMENT], **given))
    return path


def unpacked(path: Path) -> Files:
    """Return the files of a bundle."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def repacked(path: Path, files: Files) -> Path:
    """Write a bundle of files."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def test_a_bundle_proves_the_trail(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """Entries, their end, policy and document are proven under the checkpoint; the same proof is the same bytes."""
    path = bundle(log, notary, tmp_path / "bundle.zip")
    number = sum(entry.expense_id == log[0].expense_id for entry in log)
    expected = Checked(
        expense_id=log[0].expense_id, entries=number, status="posted", partition=0, checkpoint=2,
        signed_at="2026-03-14T14:00:00.000000Z", key=check.key_id(Key().public), pinned=True,
        policies=(VERSION,), documents=(DOCUMENT,),
    )  # fmt: skip
    assert check_bundle(path, ROOT) == expected
    assert bundle(log, notary, tmp_path / "again.zip").read_bytes() == path.read_bytes()
    assert check_bundle(bundle(log, notary, tmp_path / "two.zip", -1), ROOT).expense_id == log[-1].expense_id


def test_the_checker_runs_by_itself(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """The file alone, copied elsewhere and run without the project, proves a bundle and refuses an altered one."""
    alone = tmp_path / "auditor" / "check.py"
    alone.parent.mkdir()
    alone.write_bytes(Path(check.__file__).read_bytes())
    path = bundle(log, notary, tmp_path / "bundle.zip")

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-P", alone, *words], cwd=alone.parent, env={}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, said = run(str(path), "--key", ROOT)
    assert (code, f"proven: expense {log[0].expense_id}" in said, "compare this key" in said) == (0, True, False)
    assert "compare this key" in run(str(path))[1]
    code, said = run(str(path), "--key", Key(9).public.hex())
    assert (code, "signed by somebody else" in said) == (1, True)
    assert run(str(path), "--seen", str(tmp_path / "none.json"))[0] == 2


def line_changed(files: Files, number: int, **changes: Any) -> Files:
    """Change one entry of a bundle."""
    lines = files["entries.jsonl"].splitlines(keepends=True)
    lines[number] = canonical(json.loads(lines[number]) | changes) + b"\n"
    return {**files, "entries.jsonl": b"".join(lines)}


def lines_as(files: Files, change: Callable[[list[bytes]], list[bytes]]) -> Files:
    """Rearrange the entries of a bundle."""
    return {**files, "entries.jsonl": b"".join(change(files["entries.jsonl"].splitlines(keepends=True)))}


def about_changed(files: Files, **changes: Any) -> Files:
    """Change what a bundle says it is."""
    return {**files, "bundle.json": canonical(json.loads(files["bundle.json"]) | changes)}


def entry_of(files: Files, number: int) -> dict[str, Any]:
    """Return one entry of a bundle."""
    found: dict[str, Any] = json.loads(files["entries.jsonl"].splitlines()[number])
    return found


def output_of(files: Files, number: int) -> bytes:
    """Return the event of one entry."""
    return base64.b64decode(entry_of(files, number)["output"])


def checkpoint_changed(files: Files, **changes: Any) -> Files:
    """Change the checkpoint's body and leave its signature."""
    found = json.loads(files["checkpoint.json"])
    return {**files, "checkpoint.json": canonical({**found, "body": found["body"] | changes})}


def resigned(files: Files) -> Files:
    """Sign the checkpoint with another key and bring the key along."""
    body = json.loads(files["checkpoint.json"])["body"] | {"key": check.key_id(Key(9).public)}
    keys = [json.loads(key_statement(Key(9).public, None))]
    return {**files, "checkpoint.json": signed(body, Key(9)), "keys.json": canonical(keys)}


Tamper = Callable[[Files], Files]
TAMPERS: list[tuple[str, Tamper, str]] = [
    (
        "flip a byte of an event",
        lambda f: line_changed(f, 3, output=base64.b64encode(output_of(f, 3)[:-1] + b"\xff").decode()),
        "entry 4 of expense .* was altered",
    ),
    ("leave out an event", lambda f: line_changed(f, 3, output=None), "entry 4 .* was altered"),
    (
        "change what is said of an entry",
        lambda f: line_changed(f, 2, metadata=entry_of(f, 2)["metadata"].replace("acme", "acne")),
        "entry 3 .* was altered",
    ),
    ("change a hash", lambda f: line_changed(f, 2, hash="0" * 64), "entry 3 .* was altered"),
    ("delete an entry", lambda f: lines_as(f, lambda c: [*c[:4], *c[5:]]), "entry 5 .* was sealed as entry 6"),
    ("cut the tail", lambda f: lines_as(f, lambda c: c[:-1]), "did not end at entry"),
    ("leave nothing", lambda f: lines_as(f, lambda c: c[:0]), "did not end at entry 0"),
    ("exchange two entries", lambda f: lines_as(f, lambda c: [c[1], c[0], *c[2:]]), "entry 1 .* was sealed as entry 2"),
    ("insert an entry", lambda f: lines_as(f, lambda c: [*c, c[-1]]), "was sealed as entry"),
    ("move an entry to another place", lambda f: line_changed(f, 2, index=11), "entry 3 .* is not under checkpoint 2"),
    ("break a path", lambda f: line_changed(f, 2, path=["ab" * 32]), "entry 3 .* is not under checkpoint 2"),
    ("say it is another expense", lambda f: about_changed(f, expense_id="x"), "was sealed as entry 1 of expense"),
    ("forge the head", lambda f: about_changed(f, head={"index": 0, "path": []}), "did not end at entry"),
    ("name another document", lambda f: about_changed(f, documents=["cd" * 32]), "document cd.* in no sealed event"),
    (
        "replace the policy",
        lambda f: {**f, f"policies/{VERSION}.json": canonical({"name": "travel", "limit": "950.00"})},
        f"policy {VERSION} was replaced",
    ),
    ("leave out the policy", lambda f: {n: c for n, c in f.items() if "policies" not in n}, "not in the bundle"),
    (
        "add a policy nothing was judged under",
        lambda f: {**f, f"policies/{sha256(b'{}').hexdigest()}.json": b"{}"},
        "nothing was judged under it",
    ),
    ("forge the checkpoint", lambda f: checkpoint_changed(f, root="ab" * 32), "checkpoint 2 .* is forged"),
    ("move the clock of the checkpoint", lambda f: checkpoint_changed(f, signed_at="2020-01-01"), "is forged"),
    ("make the checkpoint of another version", lambda f: checkpoint_changed(f, version=2), "version 2"),
    ("sign with a key of one's own", resigned, "signed by somebody else"),
    ("leave out the checkpoint", lambda f: {n: c for n, c in f.items() if n != "checkpoint.json"}, "is missing"),
    ("slip in a file", lambda f: {**f, "note.txt": b"trust me"}, "does not belong"),
    ("break the entries", lambda f: {**f, "entries.jsonl": b"{"}, "no bundle this program can read"),
]  # fmt: skip


@pytest.mark.parametrize(("tamper", "told"), [c[1:] for c in TAMPERS], ids=[c[0] for c in TAMPERS])
def test_each_kind_is_found_and_located(
    log: list[AuditSealed], notary: Notary, tmp_path: Path, tamper: Tamper, told: str
) -> None:
    """Each kind of tampering with a bundle is refused with the part it was done to."""
    path = bundle(log, notary, tmp_path / "bundle.zip")
    with pytest.raises(Broken, match=told):
        check_bundle(repacked(path, tamper(unpacked(path))), ROOT)


def test_another_expenses_entries_prove_nothing(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """Two expenses' entries exchanged between their bundles are refused."""
    one, two = bundle(log, notary, tmp_path / "1.zip"), bundle(log, notary, tmp_path / "2.zip", -1)
    spliced = {**unpacked(one), "entries.jsonl": unpacked(two)["entries.jsonl"]}
    with pytest.raises(Broken, match="was sealed as entry 1 of expense"):
        check_bundle(repacked(one, spliced), ROOT)


def test_no_zip_is_no_bundle(tmp_path: Path) -> None:
    """A file that is no zip is refused as such."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(Broken, match="no bundle this program can read"):
        check_bundle(path)


def test_a_bundle_goes_on_from_a_checkpoint_kept_before(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """With a checkpoint the auditor kept, the bundle proves that the log was only added to since."""
    seen = json.loads(notary.files[named(0, 1)])
    path = bundle(log, notary, tmp_path / "bundle.zip", seen=seen["body"])
    assert check_bundle(path, ROOT, seen).checkpoint == 2
    with pytest.raises(Broken, match=r"consistency\.json is missing"):
        check_bundle(bundle(log, notary, tmp_path / "b.zip"), ROOT, seen)
    broken = {**unpacked(path), "consistency.json": canonical({"path": ["ab" * 32]})}
    with pytest.raises(Broken, match="the log was rewritten"):
        check_bundle(repacked(tmp_path / "c.zip", broken), ROOT, seen)


def test_an_old_head_shown_again_is_refused(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """A bundle under an older checkpoint than the auditor kept is refused, and so is one of another log."""
    kept = json.loads(notary.files[named(0, 2)])
    old = Notary(files={n: c for n, c in notary.files.items() if n not in {named(0, 2), hashes_of(notary.files, 2)}})
    first = json.loads(notary.files[named(0, 1)])["body"]
    path = bundle(log, old, tmp_path / "old.zip", seen=first)
    with pytest.raises(Broken, match="an old head is shown again"):
        check_bundle(path, ROOT, kept)
    other = Notary(log="another log")
    other.sign(log)
    theirs = json.loads(other.files[named(0, 1)])
    with pytest.raises(Broken, match="of another log"):
        check_bundle(bundle(log, notary, tmp_path / "b.zip", seen=first), ROOT, theirs)


def test_what_cannot_be_proved_is_said(log: list[AuditSealed], notary: Notary, tmp_path: Path) -> None:
    """No entry, no checkpoint yet, another log than was signed, a checkpoint of another history: each says so."""
    with pytest.raises(NotProvable, match="has no entry"):
        Proof("unknown", notary.kept()).told()
    unsigned = Proof(log[0].expense_id, {})
    for at in located(log):
        unsigned.take(at)
    with pytest.raises(NotProvable, match="none under a checkpoint"):
        unsigned.told()
    late = Proof(log[0].expense_id, load({k: v for k, v in notary.files.items() if "02." not in k}).partitions)
    for at in located(log):
        late.take(at)
    assert (len(late.entries), late.later) == (9, sum(e.expense_id == log[0].expense_id for e in log) - 9)
    with pytest.raises(NotProvable, match="is not what was signed"):
        bundle(log[1:], notary, tmp_path / "b.zip", 1)
    with pytest.raises(NotProvable, match="that you kept is not in"):
        bundle(log, notary, tmp_path / "b.zip", seen={"partition": 0, "number": 9})


def test_a_trail_that_is_under_way_is_proved_with_its_end(tmp_path: Path) -> None:
    """An expense that has not ended is proven up to where it was, without a policy where none judged it."""
    log = sealed(coded(begun("three")))
    notary = Notary()
    notary.sign(log)
    proof = Proof(log[0].expense_id, notary.kept())
    for at in located(log):
        proof.take(at)
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(proof, notary.record(), {}, []))
    found = check_bundle(path, ROOT)
    assert (found.status, found.policies) == ("coded", ())
