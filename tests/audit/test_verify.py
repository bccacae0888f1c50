"""Finding and locating alterations."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.alteration import Kind
from audit.chain import Head, seal, start
from audit.verify import Located, verify
from schemas.events import AuditSealed
from tests.audit.trail import clean, resolved, sealed

ONE, TWO = sealed(clean("one")), sealed(resolved("two"))
HEADS = {entries[-1].expense_id: Head(entries[-1].sequence, entries[-1].hash) for entries in (ONE, TWO)}


def located(entries: list[AuditSealed]) -> list[Located]:
    """Give each entry a position."""
    return [Located(f"audit.log/0/{offset}", entry) for offset, entry in enumerate(entries)]


def flipped(text: str) -> str:
    """Change one hex digit."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def forged_tail(entries: list[AuditSealed]) -> list[AuditSealed]:
    """Write the last entry anew with a right hash over other content, as one who knows the format could."""
    last = clean("one").records[-1]
    return [*entries[:-1], seal(Head(entries[-2].sequence, entries[-2].hash), replace(last, output=b"other"))]


Tamper = Callable[[list[AuditSealed]], list[AuditSealed]]
TAMPERS: list[tuple[str, Tamper, set[tuple[Kind, int]]]] = [
    (
        "flip output",
        lambda c: [*c[:3], replace(c[3], output=b"\x00" + (c[3].output or b"")), *c[4:]],
        {(Kind.ALTERED, 4)},
    ),
    (
        "flip metadata",
        lambda c: [*c[:3], replace(c[3], metadata=c[3].metadata.replace("acme", "acne")), *c[4:]],
        {(Kind.ALTERED, 4), (Kind.RELABELLED, 4)},
    ),
    (
        "break metadata",
        lambda c: [*c[:3], replace(c[3], metadata=c[3].metadata[:-1]), *c[4:]],
        {(Kind.ALTERED, 4), (Kind.UNREADABLE, 4)},
    ),
    (
        "flip hash",
        lambda c: [*c[:3], replace(c[3], hash=flipped(c[3].hash)), *c[4:]],
        {(Kind.ALTERED, 4), (Kind.DETACHED, 5)},
    ),
    (
        "flip previous",
        lambda c: [*c[:3], replace(c[3], previous=flipped(c[3].previous)), *c[4:]],
        {(Kind.ALTERED, 4), (Kind.DETACHED, 4)},
    ),
    (
        "previous is no hash",
        lambda c: [*c[:3], replace(c[3], previous="zz"), *c[4:]],
        {(Kind.ALTERED, 4), (Kind.DETACHED, 4)},
    ),
    ("relabel status", lambda c: [*c[:3], replace(c[3], status="posted"), *c[4:]], {(Kind.RELABELLED, 4)}),
    ("relabel tenant", lambda c: [*c[:3], replace(c[3], tenant_id="globex"), *c[4:]], {(Kind.RELABELLED, 4)}),
    ("delete one", lambda c: [*c[:3], *c[4:]], {(Kind.MISSING, 4)}),
    ("delete the first", lambda c: c[1:], {(Kind.MISSING, 1)}),
    ("delete two", lambda c: [*c[:3], *c[5:]], {(Kind.MISSING, 4), (Kind.MISSING, 5)}),
    ("swap neighbours", lambda c: [*c[:3], c[4], c[3], *c[5:]], {(Kind.REORDERED, 4)}),
    ("move back", lambda c: [*c[:3], *c[4:], c[3]], {(Kind.REORDERED, 4)}),
    ("repeat later", lambda c: [*c, c[3]], {(Kind.REPEATED, 4)}),
    ("truncate", lambda c: c[:-2], {(Kind.TRUNCATED, len(ONE) - 1)}),
    ("remove all", lambda c: c[:0], {(Kind.TRUNCATED, 1)}),
    ("rewrite the tail", forged_tail, {(Kind.REWRITTEN, len(ONE))}),
    (
        "insert a forged one",
        lambda c: [*c[:4], forged_tail(c[:5])[-1], *c[4:]],
        {(Kind.REPEATED, 5), (Kind.DETACHED, 6)},
    ),
    (
        "take another's entry",
        lambda c: [*c[:3], replace(TWO[3], expense_id=c[3].expense_id), *c[4:]],
        {(Kind.MISPLACED, 4), (Kind.DETACHED, 4), (Kind.DETACHED, 5)},
    ),
    (
        "splice another's tail",
        lambda c: [*c[:3], *(replace(x, expense_id=c[3].expense_id) for x in TWO[3 : len(c)])],
        {(Kind.DETACHED, 4), (Kind.REWRITTEN, len(ONE)), *((Kind.MISPLACED, n) for n in range(4, len(ONE) + 1))},
    ),
]


@pytest.mark.parametrize(("tamper", "expected"), [case[1:] for case in TAMPERS], ids=[case[0] for case in TAMPERS])
def test_each_kind_is_found_and_located(tamper: Tamper, expected: set[tuple[Kind, int]]) -> None:
    """Each kind of tampering is found at its entry, and the untouched chain beside it stays clean."""
    found = list(verify(located([*TWO, *tamper(ONE)]), HEADS))
    assert {(a.kind, a.sequence) for a in found} == expected
    assert {a.expense_id for a in found} == {ONE[0].expense_id}
    assert all(a.message.count(a.expense_id) for a in found)


def test_renumbered() -> None:
    """An entry that claims a far place is misplaced, and the place it left is missing."""
    tampered = [*ONE[:3], replace(ONE[3], sequence=9_999), *ONE[4:]]
    kinds = {(a.kind, a.sequence) for a in verify(located(tampered), HEADS)}
    assert (Kind.MISPLACED, 9_999) in kinds
    assert (Kind.MISSING, 4) in kinds


def test_position_is_where_it_stands() -> None:
    """A finding names partition and offset."""
    tampered = [*TWO, *ONE[:3], replace(ONE[3], output=b"")]
    assert [a.position for a in verify(located(tampered))] == [f"audit.log/0/{len(TWO) + 3}"]


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 6), st.booleans())
def test_clean_runs_raise_no_alarm(picks: list[bool], known: int, twice: bool) -> None:
    """Chains interleaved in any way, longer than the heads known and delivered twice, raise no alarm."""
    queues = {True: list(ONE), False: list(TWO)}
    mixed = [queues[pick].pop(0) for pick in picks if queues[pick]]
    mixed += queues[True] + queues[False]
    if twice:
        mixed = [entry for entry in mixed for _ in range(2)]
    heads = {c[known].expense_id: Head(c[known].sequence, c[known].hash) for c in (ONE, TWO)}
    assert list(verify(located(mixed), heads)) == []


def test_an_unkeyed_rewrite_needs_a_head() -> None:
    """A tail written anew with right hashes shows only against a head known from elsewhere."""
    tampered = located(forged_tail(ONE))
    assert list(verify(tampered)) == []
    assert [a.kind for a in verify(tampered, HEADS)][:1] == [Kind.REWRITTEN]


def test_empty_log() -> None:
    """Nothing was altered in nothing, unless something was known."""
    assert list(verify([])) == []
    assert [a.kind for a in verify([], {"e": Head(1, start("e").hash)})] == [Kind.TRUNCATED]
