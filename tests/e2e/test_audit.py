"""The audit log of a whole system: any instant after kills, compaction, and what is left of a person who was erased."""

import json
import os
import signal
import time
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource  # not exported with a type

from audit.reconstruct import state_at
from cli import auditlog
from devstack import supervisor
from schemas.events import AuditRecorded, KeyWrapped
from schemas.topics import AUDIT_EVENTS, AUDIT_KEYS, AUDIT_LOG, TOPICS
from tests.e2e.inside import Inside, until
from tests.e2e.whole import Whole
from vault.personal import unpack

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]

# How far an expense has come by each state, for the fold below: tracks answer side by side, so the furthest counts.
FURTHER = ("submitted", "read", "parsed", "coded", "evaluated", "decided", "approved", "posted")

EMPLOYEE, FILE_NAME = "E-zanzibar-7731", "marmalade-7731.txt"
TEXT = """Quixotic Marmalade Supplies 7731
Invoice No: QM-7731
Date: 2026-09-14
Bill to: Ottoline Zanzibar
Paper and ink 40.00
Total: 40.00 EUR
"""


def kept_small(inside: Inside, topic: str) -> None:
    """Have a topic's segments closed and compacted at once."""
    wanted = {
        "segment.ms": "200",
        "min.cleanable.dirty.ratio": "0.0",
        "max.compaction.lag.ms": "200",
        "delete.retention.ms": "0",
        "file.delete.delay.ms": "1000",
    }
    entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in wanted.items()]
    resource = ConfigResource("topic", topic, incremental_configs=entries)
    admin = AdminClient({"bootstrap.servers": inside.bootstrap})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)


def cleaned_up_to(home: Path, topic: str) -> dict[int, int]:
    """Return up to which offset the broker's cleaner has gone through each partition of a topic."""
    (checkpoint,) = home.rglob("cleaner-offset-checkpoint")
    rows = [line.split() for line in checkpoint.read_text().splitlines()[2:]]
    return {int(partition): int(offset) for name, partition, offset in rows if name == topic}


def recorded(inside: Inside) -> list[tuple[datetime, AuditRecorded]]:
    """Return what the stages wrote about their work, each with its append time: the ground truth."""
    seen: dict[str, tuple[datetime, AuditRecorded]] = {}
    for record in inside.records(AUDIT_EVENTS.name):
        event = inside.edge.codec.decode(record.value or b"")
        assert isinstance(event, AuditRecorded)
        seen.setdefault(event.event_id, (datetime.fromtimestamp(record.timestamp_ms / 1000, UTC), event))
    return sorted(seen.values(), key=itemgetter(0))


def test_any_instant_of_a_run_with_kills_is_that_of_an_independent_fold(whole: Whole, inside: Inside) -> None:
    """At 200 random instants of a run whose stages were killed, replay gives what a fold of the raw records gives."""
    ids = inside.publish(*(inside.admit_invoice(number) for number in range(1, 13)))
    for stage in ("seal", "evaluate", "coding"):
        os.kill(inside.pid(stage), signal.SIGKILL)
    ids += inside.publish(*(inside.admit_invoice(number) for number in range(13, 25)))
    until(lambda: inside.lag() != {}, 20, lambda: "nothing was under way")
    os.kill(inside.pid("approval"), signal.SIGKILL)
    states = inside.settle(ids, 180)
    assert set(states.values()) == {"posted"}
    inside.rest(120)
    assert whole.json("audit", "alerts") == []
    truth = [(at, event) for at, event in recorded(inside) if event.expense_id in set(ids) and event.status in FURTHER]
    history = list(auditlog.history(inside.records(AUDIT_LOG.name), inside.edge.codec))
    first, last = truth[0][0], truth[-1][0]
    random = Random(8)  # noqa: S311 - instants to look at, no secret
    span = (last - first) / timedelta(milliseconds=1)
    instants = [first + timedelta(milliseconds=int(random.uniform(-5, span + 5))) for _ in range(200)]
    times = [at for at, _ in truth]
    for instant in instants:
        expected: dict[str, str] = {}
        for _, event in truth[: bisect_right(times, instant)]:
            reached = expected.get(event.expense_id, FURTHER[0])
            expected[event.expense_id] = max(reached, event.status, key=FURTHER.index)
        found = {i: e.state for i, e in state_at(history, instant).items() if i in set(ids)}
        assert found == expected, instant
    middle = times[len(times) // 2]
    told = whole.json("audit", "replay", "--as-of", middle.isoformat())
    assert {row["expense_id"]: row["state"] for row in told} == {
        i: e.state for i, e in state_at(history, middle).items()
    }


def test_compaction_takes_no_entry(whole: Whole, inside: Inside) -> None:
    """With every segment closed and cleaned each entry is still there, and replay and checkpoints say what they did."""
    signed = whole.json("audit", "checkpoint")[0]
    # Partitions come in whatever order the broker answers; within one, offsets are the order.
    before = sorted((r.partition, r.offset, r.key, r.value) for r in inside.records(AUDIT_LOG.name))
    replayed = whole.run("audit", "replay", "--as-of", "2100-01-01", "--json")
    kept_small(inside, AUDIT_LOG.name)
    ends = {partition: max(o for p, o, _, _ in before if p == partition) for partition, _, _, _ in before}
    number = 1000

    def cleaned() -> bool:
        # A segment is closed by what comes after it.
        nonlocal number
        number += 1
        inside.send_invoice(number)
        reached = cleaned_up_to(whole.home, AUDIT_LOG.name)
        return all(reached.get(partition, 0) > end for partition, end in ends.items())

    until(cleaned, 180, lambda: f"cleaned {cleaned_up_to(whole.home, AUDIT_LOG.name)} of {ends}")
    after = sorted((r.partition, r.offset, r.key, r.value) for r in inside.records(AUDIT_LOG.name))
    assert [entry for entry in after if entry[1] <= ends.get(entry[0], -1)] == before
    inside.rest(120)
    again = whole.run("audit", "replay", "--as-of", "2100-01-01", "--json").splitlines()
    assert set(replayed.splitlines()) <= set(again)
    verified = whole.json("audit", "verify", "--key", signed["key"])[0]
    assert verified["alterations"] == []
    assert verified["under_checkpoints"] == sum(each["size"] for each in signed["checkpoints"])


def left_in(path: Path) -> bytes:
    """Return what a file holds; one that the broker deletes meanwhile holds nothing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def haystacks(whole: Whole, inside: Inside) -> Iterator[tuple[str, bytes]]:
    """Yield every place something of a person could lie: records opened, and every file as it is."""
    for topic in TOPICS:
        for record in inside.records(topic.name):
            yield (
                f"{topic.name}/{record.partition}/{record.offset}",
                (record.key or b"") + b"\0" + (record.value or b""),
            )
            yield f"{topic.name} headers", b"\0".join(k.encode() + b"=" + v for k, v in record.headers)
    for path in whole.home.rglob("*"):
        if path.is_file() and not path.is_relative_to(whole.home / "keys"):
            yield str(path.relative_to(whole.home)), left_in(path)


def test_nothing_of_an_erased_person_is_left(whole: Whole, inside: Inside, tmp_path: Path) -> None:
    """After erasure no byte of name, document or key is in topics, files, read model, logs or exports; all verifies."""
    document = tmp_path / FILE_NAME
    document.write_text(TEXT)
    (sent,) = whole.json("upload", str(document), "--employee", EMPLOYEE, "--department", "operations")
    inside.settle([sent["expense_id"]])
    inside.rest()
    pseudonym = inside.edge.pseudonyms.of("main", EMPLOYEE)
    known = inside.expense(sent["expense_id"])
    assert known is not None
    assert known.personal is not None
    inside.edge.keys.ensure("main", pseudonym)
    opened = unpack(inside.edge.keys.vault.open("main", pseudonym, sent["expense_id"], known.personal))
    assert opened["file_name"] == FILE_NAME
    wrapped = [
        event.wrapped
        for record in inside.records(AUDIT_KEYS.name)
        if record.value and isinstance(event := inside.edge.codec.decode(record.value), KeyWrapped)
        if event.subject == pseudonym
    ]
    assert len(wrapped) == 1
    told = whole.json("audit", "erase", "--employee", EMPLOYEE, "--tenant", "main", "--reason", "asked", "--yes")[0]
    kept_small(inside, AUDIT_KEYS.name)
    (keys,) = whole.home.rglob("audit.keys-0")
    number = 2000

    def gone() -> bool:
        nonlocal number
        number += 1
        inside.admit(f"{number}.txt", b"another person's document", employee=f"E-{number}")
        time.sleep(1)
        return not any(wrapped[0] in left_in(path) for path in keys.iterdir())

    until(gone, 240, lambda: "the wrapped key is still in the files of its topic")
    inside.rest()
    whole.json("audit", "checkpoint")
    bundle = whole.home / "bundle.zip"
    whole.run("audit", "prove", sent["expense_id"], "-o", str(bundle))
    assert json.loads(whole.run("audit", "check", str(bundle), "--json"))["proven"]
    (whole.home / "shown.txt").write_text(whole.run("show", sent["expense_id"]))
    needles = [wrapped[0], EMPLOYEE.encode(), FILE_NAME.encode(), b"Ottoline Zanzibar", TEXT.encode()]
    found = {(place, n) for place, hay in haystacks(whole, inside) for n in needles if n in hay}
    assert found == set()
    story = whole.run("audit", "explain", told["entries"][0])
    assert "was destroyed by" in story
    assert ": asked." in story
    assert whole.json("audit", "verify")[0]["alterations"] == []


def test_notary_and_witness_run_beside_the_stages(whole: Whole, inside: Inside) -> None:
    """`up --notary` signs what grows, and a witness of its own key signs behind it; `up` without ends both."""
    number = 3000

    def witnessed() -> bool:
        nonlocal number
        number += 1
        inside.send_invoice(number)
        return any((whole.home / "checkpoints" / "witnesses").rglob("*.json"))

    whole.run("up", "--notary", "2")
    until(witnessed, 120, lambda: "no checkpoint was witnessed")
    whole.run("up")
    states = {child.name: child.state for child in supervisor.children(whole.home)}
    assert {"notary", "witness"} & states.keys() == set()
    inside.rest(120)
    told = whole.json("audit", "witness", "--signing-key", str(whole.home / "keys" / "witness.pem"))[0]
    verified = whole.json("audit", "verify", "--witness", told["key"])[0]
    assert verified["alterations"] == []
    assert verified["under_checkpoints"] > 0
