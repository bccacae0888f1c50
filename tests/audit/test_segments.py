"""The broker's own files, altered behind its back with right checksums: each kind is found, and where."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from audit.alteration import Alteration, Kind
from audit.verify import Coverage, verify
from cli import auditlog
from cli.context import Session
from config.settings import Settings
from devstack import stack
from producers import provisioning
from schemas.codec import Codec, registry_at
from schemas.events import AuditSealed
from schemas.topics import AUDIT_LOG
from tests.audit.notary import Notary
from tests.audit.segments import Raw, read_segment, write_segment
from tests.audit.test_kept import LOG, ONE, THREE, TWO, resealed

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

Tamper = Callable[[list[Raw], Callable[[AuditSealed], Raw]], list[Raw]]


def flipped(raw: Raw, at: int) -> Raw:
    """Change one bit of a value."""
    value = bytearray(raw.value or b"")
    value[at] ^= 1
    return Raw(raw.key, bytes(value))


def swapped(records: list[Raw], one: int, other: int) -> list[Raw]:
    """Exchange two records."""
    records = list(records)
    records[one], records[other] = records[other], records[one]
    return records


def values_swapped(records: list[Raw], one: int, other: int) -> list[Raw]:
    """Exchange what stands under two keys."""
    first, second = records[one], records[other]
    return [
        Raw(first.key, second.value) if n == one else Raw(second.key, first.value) if n == other else raw
        for n, raw in enumerate(records)
    ]


def put(records: list[Raw], at: int, raw: Raw) -> list[Raw]:
    """Put another record in a place."""
    return [*records[:at], raw, *records[at + 1 :]]


def chain_anew(records: list[Raw], raw: Callable[[AuditSealed], Raw]) -> list[Raw]:
    """Write an expense's chain anew from its third entry on, each hash right."""
    anew = iter(resealed(ONE, 2))
    return [raw(next(anew)) if entry in ONE else record for entry, record in zip(LOG, records, strict=True)]


def spliced(records: list[Raw], raw: Callable[[AuditSealed], Raw]) -> list[Raw]:
    """Go on with another expense's chain under this one's keys."""
    return [
        raw(replace(TWO[entry.sequence - 1], expense_id=entry.expense_id)) if entry in ONE[5:] else record
        for entry, record in zip(LOG, records, strict=True)
    ]


# Each kind: what is done to the records of a segment, what is found, and the place that must be named.
TAMPERS: dict[str, tuple[Tamper, Kind, str]] = {
    "untouched": (lambda c, _: c, Kind.ALTERED, ""),
    "flip-a-bit-of-an-event": (lambda c, _: put(c, 3, flipped(c[3], -40)), Kind.ALTERED, "/0/3"),
    "flip-a-bit-of-the-envelope": (lambda c, _: put(c, 3, flipped(c[3], 45)), Kind.RELABELLED, "/0/3"),
    "flip-the-schema-id": (lambda c, _: put(c, 3, flipped(c[3], 1)), Kind.UNREADABLE, "/0/3"),
    "cut-a-value": (lambda c, _: put(c, 3, Raw(c[3].key, (c[3].value or b"")[:-9])), Kind.UNREADABLE, "/0/3"),
    "delete-a-record": (lambda c, _: [*c[:6], *c[7:]], Kind.REWRITTEN, "/0/6"),
    "delete-a-batch": (lambda c, _: [*c[:4], *c[8:]], Kind.REWRITTEN, "/0/4"),
    "delete-an-expense": (
        lambda c, _: [r for r, e in zip(c, LOG, strict=True) if e not in TWO], Kind.REWRITTEN, "/0/5",
    ),
    "insert-a-record": (lambda c, _: [*c[:2], c[-1], *c[2:]], Kind.REWRITTEN, "/0/2"),
    "repeat-a-record": (lambda c, _: [*c, c[3]], Kind.REPEATED, f"/0/{len(LOG)}"),
    "reorder-records": (lambda c, _: swapped(c, 1, 2), Kind.REORDERED, "/0/2"),
    "reorder-two-expenses": (lambda c, _: swapped(c, 4, 5), Kind.REWRITTEN, "/0/4"),
    "exchange-two-documents": (lambda c, _: values_swapped(c, 3, 7), Kind.MISPLACED, "/0/3"),
    "change-a-key": (lambda c, _: put(c, 3, Raw(c[5].key, c[3].value)), Kind.MISPLACED, "/0/3"),
    "put-a-tombstone": (lambda c, _: put(c, 3, Raw(c[3].key, None)), Kind.MISSING, "/0/3"),
    "put-another-event": (
        lambda c, _: put(c, 3, Raw(c[3].key, LOG[3].output)), Kind.UNREADABLE, "/0/3",
    ),
    "write-a-chain-anew": (chain_anew, Kind.REWRITTEN, "/0/2"),
    "splice-two-chains": (spliced, Kind.MISPLACED, "/0/9"),
    "truncate-the-tail": (lambda c, _: c[:-2], Kind.TRUNCATED, f"place {len(LOG) - 2}"),
    "replay-an-old-head": (lambda c, _: c[:14], Kind.TRUNCATED, "place 14"),
    "empty-the-segment": (lambda c, _: c[:0], Kind.TRUNCATED, "place 0"),
}  # fmt: skip


def found(session: Session, topic: str, notary: Notary, codec: Codec) -> list[Alteration]:
    """Verify one topic as `audit verify` does."""
    alterations: list[Alteration] = []
    log = auditlog.read_on(session, topic, 0, lambda *_: None)
    alterations += verify(auditlog.sift(log, codec, alterations), coverage=Coverage(notary.kept()))
    return alterations


def test_each_kind_done_to_the_brokers_files_is_found(tmp_path: Path) -> None:
    """Twenty kinds of tampering with raw segments are each found and located; the untouched log raises no alarm."""
    assert len(LOG) == len(ONE) + len(TWO) + len(THREE)
    topics = {kind: replace(AUDIT_LOG, name=f"audit.log.{kind}", partitions=1) for kind in TAMPERS}
    notary = Notary()
    notary.sign(LOG)
    home = tmp_path / "home"
    try:
        endpoints = stack.start(home, registry=True)
        provisioning.apply(endpoints.bootstrap_servers, endpoints.registry_url, topics=[AUDIT_LOG, *topics.values()])
        codec = Codec(registry_at(endpoints.registry_url or ""))

        def raw(entry: AuditSealed) -> Raw:
            return Raw(AUDIT_LOG.key(entry).encode(), codec.encode(entry))

        producer = Producer({"bootstrap.servers": endpoints.bootstrap_servers, "compression.type": "none"})
        for topic in topics.values():
            for record in map(raw, LOG):
                producer.produce(topic.name, record.value, record.key, partition=0)
        assert producer.flush(60) == 0
        stack.stop(home)
        for kind, topic in topics.items():
            (segment,) = home.rglob(f"{topic.name}-0/00000000000000000000.log")
            records = read_segment(segment)
            assert records == [raw(entry) for entry in LOG]
            write_segment(segment, TAMPERS[kind][0](records, raw))
        endpoints = stack.start(home, registry=True)
        settings = Settings(
            home=home, bootstrap_servers=endpoints.bootstrap_servers, schema_registry_url=endpoints.registry_url
        )
        codec = Codec(registry_at(endpoints.registry_url or ""))
        seen = {kind: found(Session(settings), topic.name, notary, codec) for kind, topic in topics.items()}
    finally:
        stack.stop(home)
    assert seen.pop("untouched") == []
    missed = {
        kind: [(a.kind, a.position) for a in alterations]
        for kind, alterations in seen.items()
        if not any(a.kind == TAMPERS[kind][1] and a.position.endswith(TAMPERS[kind][2]) for a in alterations)
    }
    assert missed == {}
