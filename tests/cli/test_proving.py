"""Signing the log, holding it to what was signed, and proving one expense, on a broker as a user would."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from audit.check import canonical
from cli import trail
from cli.context import Unreachable
from producers.opening import opening
from schemas.events import PolicyPublished
from tests.audit import trail as trails
from tests.audit.trail import NOON, clean, resolved
from tests.cli.sealing import sealed_really
from tests.cli.verbs import Run, refusal, runner
from tests.vault.transit_service import serving

SNAPSHOT = canonical({"name": "travel"}).decode()
VERSION = sha256(SNAPSHOT.encode()).hexdigest()

Log = Callable[..., None]


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `audit` with words."""
    assert not home.exists()
    return runner(trail.add, "audit")


def published() -> PolicyPublished:
    """Return the snapshot the test's expenses are judged under."""
    return opening(
        PolicyPublished, VERSION, tenant="acme", expense_id=VERSION, at=NOON - timedelta(days=1), stage="policy",
        version=VERSION, snapshot=SNAPSHOT, effective_from=NOON, published_by="S-1", reason="New year.",
    )  # fmt: skip


@pytest.mark.kafka
def test_a_log_is_signed_held_to_it_and_proved(
    run: Run, log: Log, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints cover what is there, once; a bundle proves an expense; a key change leaves all that standing."""
    monkeypatch.setattr(trails, "POLICY", VERSION)
    one, two = clean("one"), resolved("two")
    entries = sealed_really(one, two)
    first = len(one.records)
    log(published(), *entries[:first])
    signed = orjson.loads(run("checkpoint", "--json").output)
    assert [(c["partition"], c["number"], c["size"]) for c in signed["checkpoints"]] == [(0, 1, first)]
    assert "0 checkpoints signed" in run("checkpoint").output
    kept = tmp_path / "kept.json"
    kept.write_bytes((home / "checkpoints" / "checkpoints" / "0000" / "00000001.json").read_bytes())
    log(*entries[first:])
    told = orjson.loads(run("verify", "--json", "--key", signed["key"]).output)
    assert (told["entries"], told["under_checkpoints"], told["alterations"]) == (len(entries), first, [])
    bundle = tmp_path / "bundle.zip"
    assert "none under a checkpoint" in refusal(run("prove", two.event.expense_id, "-o", bundle))
    assert run("checkpoint").exit_code == 0
    proved = run("prove", two.event.expense_id, "-o", bundle, "--seen", kept, "--json")
    assert orjson.loads(proved.output)["later"] == 0
    checked = run("check", bundle, "--key", signed["key"], "--seen", kept, "--json")
    found = orjson.loads(checked.output)
    assert found["proven"], found
    assert (found["proven"], found["expense_id"], found["policies"]) == (True, two.event.expense_id, [VERSION])
    assert "proven: expense" in run("check", bundle).output
    assert run("rotate-key", "--to", tmp_path / "new.pem").exit_code == 0
    log(*sealed_really(clean("three")))
    assert "is not the newest key" in refusal(run("checkpoint"))
    again = orjson.loads(run("checkpoint", "--signing-key", tmp_path / "new.pem", "--json").output)
    assert (again["checkpoints"][0]["number"], again["key"] != signed["key"]) == (3, True)
    witness = orjson.loads(run("witness", "--signing-key", tmp_path / "w.pem", "--seen", kept, "--json").output)
    assert len(witness["written"]) == 1
    assert run("verify", "--key", signed["key"], "--seen", kept, "--witness", witness["key"]).exit_code == 0
    assert run("verify", "--witness", signed["key"]).exit_code == 1
    assert run("check", bundle, "--key", again["key"]).exit_code == 1


@pytest.mark.kafka
def test_what_was_altered_is_not_signed(run: Run, log: Log, home: Path) -> None:
    """A log that was rewritten after a checkpoint is located, and gets no further signature."""
    entries = sealed_really(clean("one"))
    log(*entries[:4])
    assert run("checkpoint").exit_code == 0
    name = home / "checkpoints" / "checkpoints" / "0000" / "00000001.json"
    changed = json.loads(name.read_text())
    name.write_bytes(canonical(changed | {"body": changed["body"] | {"size": 3}}))
    log(replace(entries[4], output=b"other"))
    result = run("checkpoint")
    assert isinstance(result.exception, Unreachable)
    assert "nothing is signed, 2 alterations" in str(result.exception)
    found = orjson.loads(run("verify", "--json").output)["alterations"]
    assert [(a["kind"], a["position"].split("/", 1)[1]) for a in found] == [
        ("forged", "0000/00000001.json"), ("altered", "0/4"),
    ]  # fmt: skip


def test_what_cannot_be_asked_is_refused(run: Run, tmp_path: Path) -> None:
    """No bundle, no checkpoint file, no store: each is refused by name; the checking program is printed."""
    assert "name the bundle" in refusal(run("check"))
    (tmp_path / "kept.json").write_text("[]")
    assert "is no checkpoint file" in refusal(run("check", tmp_path / "b.zip", "--seen", tmp_path / "kept.json"))
    assert "check.py bundle.zip" in run("check", "--script").output


@pytest.mark.kafka
def test_a_key_service_signs_and_is_waited_for(
    run: Run, log: Log, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints, a witness and a key change go by the key service; while it is away nothing is signed or lost."""
    token = tmp_path / "token"
    entries = sealed_really(clean("one"), clean("two"))
    half = len(entries) // 2
    log(*entries[:half])
    with serving() as service:
        token.write_text(service.token)
        monkeypatch.setenv("SPENDTRAIL_NOTARY_KEY", service.add("notary"))
        monkeypatch.setenv("SPENDTRAIL_NOTARY_TOKEN_FILE", str(token))
        service.status = 503
        away = run("checkpoint")
        assert isinstance(away.exception, Unreachable)
        assert "nothing was signed, and what is there is signed next time" in str(away.exception)
        assert not list((home / "checkpoints").rglob("*.json"))
        service.status = 0
        first = orjson.loads(run("checkpoint", "--json").output)
        assert first["key"] == service.public("notary", 1).hex()
        log(*entries[half:])
        service.flip = True
        assert "nothing was signed" in refusal(run("checkpoint"))
        service.flip = False
        second = orjson.loads(run("checkpoint", "--json").output)
        assert [(c["number"], c["size"]) for c in second["checkpoints"]] == [(2, len(entries))]
        witness = orjson.loads(run("witness", "--signing-key", service.add("witness"), "--json").output)
        assert (witness["key"], len(witness["written"])) == (service.public("witness", 1).hex(), 1)
        newer = service.add("notary")
        assert "is not the newest key kept" in refusal(run("checkpoint"))
        assert "rotate-key" not in run("rotate-key", "--signing-key", f"{newer}?version=1", "--to", newer).output
        assert "0 checkpoints signed" in run("checkpoint").output
    words = ("--json", "--key", first["key"], "--witness", witness["key"])
    told = orjson.loads(run("verify", *words).output)
    assert (told["alterations"], told["under_checkpoints"]) == ([], len(entries))


@pytest.mark.kafka
def test_a_witness_who_remembers_is_shown_one_history(run: Run, log: Log, home: Path, tmp_path: Path) -> None:
    """What it signed is in a folder of its own: a store that was set back afterwards gets no signature of it."""
    entries = sealed_really(clean("one"), clean("two"))
    half, own = len(entries) // 2, tmp_path / "own"
    words = ("witness", "--signing-key", tmp_path / "witness.pem", "--remember", own, "--json")
    log(*entries[:half])
    run("checkpoint")
    first = {path: path.read_bytes() for path in (home / "checkpoints").rglob("*") if path.is_file()}
    assert len(orjson.loads(run(*words).output)["written"]) == 1
    log(*entries[half:])
    run("checkpoint")
    assert len(orjson.loads(run(*words).output)["written"]) == 1
    assert orjson.loads(run(*words).output)["written"] == []
    for path in (home / "checkpoints").rglob("*"):
        if path.is_file() and path not in first:
            path.unlink()
    back = run(*words)
    assert isinstance(back.exception, Unreachable)
    assert "an old head is shown" in str(back.exception)
    own_file = own / "0000.json"
    own_file.write_bytes(own_file.read_bytes().replace(b'"size":', b'"size":1'))
    assert isinstance(run(*words).exception, Unreachable)
