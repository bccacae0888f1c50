"""The audit verbs: what they refuse, what they find altered, rebuild, and account for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from audit.alteration import Alteration, Kind
from audit.completeness import Reckoning
from audit.reconstruct import state_at
from audit.story import story
from audit.verify import verify
from cli import auditlog, trail
from cli.context import session
from cli.erasing import entered, erasure
from consumers.runtime.memory_store import MemoryStore
from consumers.seal.chains import Chains
from consumers.seal.handler import seal_record
from producers.custody import ensure_secrets
from schemas.events import AlertRaised, AuditRecorded, AuditSealed
from schemas.identity import derive
from schemas.topics import AUDIT_EVENTS, AUDIT_LOG
from streams.record import Fetched
from tests.audit.trail import (
    CODEC,
    NOON,
    SECOND,
    begun,
    clean,
    coded,
    decided,
    held,
    opened,
    resolved,
    sealed,
    submitted,
)
from tests.cli.sealing import sealed_really
from tests.cli.verbs import Run, refusal, runner
from vault.keys import KeyErased


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `audit` with words."""
    assert not home.exists()
    return runner(trail.add, "audit")


def written(entries: Sequence[AuditSealed]) -> list[Fetched]:
    """Return entries as records of the log."""
    return [
        Fetched(AUDIT_LOG.name, 0, offset, AUDIT_LOG.key(entry).encode(), CODEC.encode(entry))
        for offset, entry in enumerate(entries)
    ]


def found(log: Sequence[Fetched]) -> list[Alteration]:
    """Return what is wrong with a log."""
    alterations: list[Alteration] = []
    alterations += verify(auditlog.sift(log, CODEC, alterations))
    return alterations


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), "spendtrail up"),
        (("verify", "--heads", "nowhere"), "--heads nowhere"),
        (("replay", "--as-of", "yesterday"), "--as-of 'yesterday'"),
        (("replay", "--as-of", "2026-03-14"), "spendtrail up"),
        (("explain", "ab"), "spendtrail up"),
        (("complete", "--from", "x"), "--from 'x'"),
        (("complete",), "spendtrail up"),
        (("erase", "--employee", "E-1", "--tenant", "acme"), "pseudonym secret"),
    ],
    ids=" ".join,
)
def test_bad_input_is_refused_with_a_remedy(run: Run, words: tuple[str, ...], said: str) -> None:
    """Each wrong or missing thing is named, and nothing is done."""
    assert said in refusal(run(*words))


@pytest.mark.parametrize("kept", ["[]", "{", '{"a": 1}', '{"a": ["x", "y"]}'])
def test_heads_of_another_file_are_refused(run: Run, tmp_path: Path, kept: str) -> None:
    """A file that is none of ours is named, not believed."""
    (tmp_path / "heads.json").write_text(kept)
    assert "give a file that --keep-heads wrote" in refusal(run("verify", "--heads", tmp_path / "heads.json"))


def test_an_untouched_log_has_no_alterations() -> None:
    """Two whole chains, one after the other, verify; a checkpoint beside them is no entry."""
    log = [*written([*sealed(clean("one")), *sealed(resolved("two"))]), Fetched(AUDIT_LOG.name, 0, 99, b"c/0/1", b"x")]
    assert found(log) == []


Tamper = Callable[[list[Fetched]], list[Fetched]]
TAMPERS: list[tuple[str, Tamper, set[tuple[Kind, int]]]] = [
    (
        "undecodable",
        lambda r: [*r[:2], r[2]._replace(value=b"junk"), *r[3:]],
        {(Kind.UNREADABLE, 3), (Kind.MISSING, 3)},
    ),
    ("tombstone", lambda r: [*r, r[2]._replace(offset=99, value=None)], {(Kind.MISSING, 3)}),
    ("other key", lambda r: [*r[:2], r[2]._replace(key=r[1].key), *r[3:]], {(Kind.MISPLACED, 2)}),
    (
        "other event",
        lambda r: [*r[:2], r[2]._replace(value=CODEC.encode(submitted())), *r[3:]],
        {(Kind.UNREADABLE, 3), (Kind.MISSING, 3)},
    ),
    ("deleted", lambda r: [*r[:2], *r[3:]], {(Kind.MISSING, 3)}),
]


@pytest.mark.parametrize(("name", "tamper", "expected"), TAMPERS, ids=[name for name, _, _ in TAMPERS])
def test_what_is_done_to_records_is_found(name: str, tamper: Tamper, expected: set[tuple[Kind, int]]) -> None:
    """Alterations of the records around entries are found and located as well."""
    alterations = found(tamper(written(sealed(clean()))))
    assert {(a.kind, a.sequence) for a in alterations} == expected
    assert all(a.expense_id == clean().event.expense_id for a in alterations)


def test_nothing_is_folded_over_a_damaged_log() -> None:
    """A history with an unreadable record stops at once and points to verify."""
    log = written(sealed(clean()))
    log[4] = log[4]._replace(value=b"junk")
    with pytest.raises(auditlog.LogDamaged, match=r"audit\.log/0/4 cannot be decoded.*audit verify"):
        list(auditlog.history(log, CODEC))
    log[4] = log[4]._replace(value=CODEC.encode(replace(sealed(clean())[4], metadata="{}")))
    with pytest.raises(auditlog.LogDamaged, match=r"audit\.log/0/4"):
        list(auditlog.history(log, CODEC))


def test_history_gives_what_was_asked_for() -> None:
    """Other expenses are passed over by their key, other entries before their event is decoded."""
    log = written([*sealed(clean("one")), *sealed(resolved("two"))])
    two = resolved("two").event.expense_id
    assert list(auditlog.history(log, CODEC, expense=two)) == list(opened(sealed(resolved("two"))))
    posted_ones = list(auditlog.history(log, CODEC, wanted=lambda entry: entry.action == "ExpensePosted"))
    assert len(posted_ones) == 2


@pytest.mark.kafka
def test_a_log_on_the_broker_is_verified_replayed_and_explained(
    run: Run, log: Callable[..., None], tmp_path: Path
) -> None:
    """What seal wrote verifies, gives the state of any instant, tells its story, and accounts for everything."""
    first, second = clean("one"), held(decided(coded(begun("two")), violation=True))
    log(*sealed_really(first, second))
    heads = tmp_path / "heads.json"
    result = run("verify", "--json", "--keep-heads", heads)
    number = len(first.records) + len(second.records)
    told = orjson.loads(result.output)
    assert told.pop("processor_s") > 0
    assert (result.exit_code, told) == (
        0, {"entries": number, "expenses": 2, "under_checkpoints": 0, "alterations": []},
    )  # fmt: skip
    at = (NOON + 2 * SECOND).isoformat()
    states = [orjson.loads(line) for line in run("replay", "--as-of", at, "--json").output.splitlines()]
    assert [s["state"] for s in states] == ["read", "read"]
    states = [orjson.loads(line) for line in run("replay", "--as-of", "2027-01-01", "--json").output.splitlines()]
    assert {s["expense_id"]: s["state"] for s in states} == {
        first.event.expense_id: "posted",
        second.event.expense_id: "in_review",
    }
    assert "1 in_review, 1 posted" in run("replay", "--as-of", "2027-01-01", "--batch", "batch-1").output
    assert run("replay", "--as-of", "2027-01-01", "--tenant", "globex", "--json").output == ""
    assert "Posted to the ERP as GL-1." in run("explain", first.event.expense_id).output
    assert "no expense that begins with 'zz'" in refusal(run("explain", "zz"))
    told = run("complete", "--json")
    account = orjson.loads(told.output)
    assert (told.exit_code, account["complete"], account["erp"]) == (0, True, None)
    assert "set SPENDTRAIL_ERP_URL" in account["erp_not_asked"]
    away = run("complete", "--erp", "http://127.0.0.1:9", "--json")
    assert (away.exit_code, orjson.loads(away.output)["complete"]) == (1, True)
    assert "the ERP does not answer" in orjson.loads(away.output)["erp_not_asked"]
    assert run("verify", "--heads", heads).exit_code == 0


@pytest.mark.kafka
def test_export_has_the_hash_of_input_and_output(run: Run, log: Callable[..., None], tmp_path: Path) -> None:
    """Each line names the event handled and its SHA-256, wherever in the log that is; unknown ones are null."""
    first, second = clean("one"), clean("two")
    second.record(second.event, first.event)
    for each in (first, second):
        events = [CODEC.decode(record.output or b"") for record in each.records]
        each.records[:] = [
            replace(r, event_id=derive(e.event_id, "audit")) for r, e in zip(each.records, events, strict=True)
        ]
    second.records[-1] = replace(second.records[-1], event_id=derive("again", "audit"))
    second.records[3] = replace(second.records[3], cause_id="a tick")
    # The other expense's entries come behind what they were caused by only in part.
    log(*sealed_really(second, first))
    told = tmp_path / "log.jsonl"
    assert run("export", "-o", told).exit_code == 0
    lines = [orjson.loads(line) for line in told.read_bytes().splitlines()]
    written = {line["output_id"]: line["output_sha256"] for line in lines}
    assert len(lines) == len(first.records) + len(second.records)
    assert [line["input_sha256"] for line in lines] == [written.get(line["cause_id"]) for line in lines]
    assert [n for n, line in enumerate(lines) if line["input_sha256"] is None] == [3]
    crossed = lines[len(second.records) - 1]
    assert crossed["cause_id"] == first.event.event_id
    assert crossed["input_sha256"] == lines[-1]["output_sha256"]


@pytest.mark.kafka
def test_alerts_are_listed(run: Run, log: Callable[..., None]) -> None:
    """Alerts are listed once each, of the time and tenant asked for, with exit code 1; none is said with 0."""
    assert (run("alerts").exit_code, run("alerts").output.strip()) == (0, "no alerts")
    chains = Chains(MemoryStore())
    holed = clean("one").records
    del holed[1]
    alerts = [e for record in holed for e in seal_record(record, chains) if isinstance(e, AlertRaised)]
    log(*alerts, *alerts)
    result = run("alerts", "--json", "--tenant", "acme", "--from", "2026-03-14")
    (told,) = [orjson.loads(line) for line in result.output.splitlines()]
    assert (result.exit_code, told["expense_id"], told["breach"]) == (1, holed[0].expense_id, "submitted -> parsed")
    assert "submitted -> parsed" in run("alerts").output
    assert run("alerts", "--tenant", "globex").exit_code == 0
    assert run("alerts", "--to", "2026-03-14").exit_code == 0


@pytest.mark.kafka
def test_a_tampered_log_on_the_broker_is_found_out(run: Run, log: Callable[..., None], tmp_path: Path) -> None:
    """A changed entry is located; a tail that was cut off shows against heads kept before."""
    entries = sealed_really(clean("one"))
    heads = tmp_path / "heads.json"
    heads.write_bytes(orjson.dumps({e.expense_id: [e.sequence, e.hash] for e in entries}))
    forged = replace(entries[3], metadata=entries[3].metadata.replace("acme", "acne"))
    log(*entries[:3], forged, *entries[4:-1])
    result = run("verify", "--heads", heads, "--json")
    assert result.exit_code == 1
    kinds = {(a["kind"], a["sequence"]) for a in orjson.loads(result.output)["alterations"]}
    assert kinds == {("altered", 4), ("relabelled", 4), ("truncated", len(entries))}
    assert "/0/3" in run("verify").output


@pytest.mark.kafka
def test_an_erased_person_cannot_be_read_again(run: Run, log: Callable[..., None], home: Path) -> None:
    """Every living key is destroyed, once, and only on the word --yes; what it sealed stays closed."""
    tenant = f"erase-{home.parent.name}"
    found_session = session()
    ensure_secrets(found_session.settings)
    words = ("erase", "--employee", "E-1", "--tenant", tenant)
    assert "has no key of this employee" in refusal(run(*words))
    with found_session.edge() as edge:
        subject = edge.pseudonyms.of(tenant, "E-1")
        key_id = edge.keys.ensure(tenant, subject)
        box = edge.keys.vault.seal(tenant, subject, "expense", b"name", key_id=key_id)
    assert "(1 living)" in refusal(run(*words))
    result = run(*words, "--yes", "--reason", "asked for", "--json")
    owner = erasure(tenant, subject, key_id, NOON).expense_id
    told = {"tenant_id": tenant, "subject": subject, "keys": [key_id], "entries": [owner]}
    assert orjson.loads(result.output) == told
    recorded = [
        r for r in auditlog.records(found_session, AUDIT_EVENTS, quiet=True) if r.key == owner.encode() and r.value
    ]
    entries = [auditlog.decode(auditlog.codec(found_session), r.value) for r in recorded if r.value]
    assert [(e.action, e.status, e.reason, e.subject) for e in entries if isinstance(e, AuditRecorded)] == [
        ("KeyWrapped", "erased", "asked for", subject)
    ]
    with found_session.edge() as edge, pytest.raises(KeyErased):
        edge.keys.vault.open(tenant, subject, "expense", box)
    assert "every key was destroyed before" in run(*words, "--yes").output


def test_erasing_a_key_again_is_the_same_event() -> None:
    """An erasure sent twice is one, and holds nothing of the key."""
    at = datetime(2026, 3, 14, tzinfo=UTC)
    first, again = erasure("acme", "5f", "k1", at), erasure("acme", "5f", "k1", at + timedelta(days=1))
    assert (first.event_id, first.wrapped) == (again.event_id, b"")


def test_an_erasure_has_its_own_chain_and_is_no_expense() -> None:
    """The entry of a destroyed key says who and why, and neither replay nor account makes an expense of it."""
    erased = erasure("acme", "5f" * 16, "k1", NOON)
    record = entered(erased, CODEC.encode(erased), "cd" * 16, "asked for")
    sealed_entry = [
        e for e in seal_record(replace(record, recorded_at=NOON), Chains(MemoryStore())) if isinstance(e, AuditSealed)
    ]
    told = list(auditlog.history(written(sealed_entry), CODEC))
    (sentence,) = story(told)
    assert sentence.text == (f"Key k1 was destroyed by {'cd' * 16}: asked for. What it sealed can never be read again.")
    assert state_at(told, NOON) == {}
    reckoning = Reckoning()
    for entry, event in told:
        reckoning.take(entry, event)
    assert (reckoning.report().entered, reckoning.report().complete) == (0, True)
    assert entered(erased, b"x", "other", "").event_id == record.event_id
