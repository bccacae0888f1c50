"""What is kept of the log: each way to tamper with the log, the checkpoints or the keys is found, and where."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from audit.alteration import Alteration, Kind
from audit.chain import Head, seal, start
from audit.check import FIRST, Broken, canonical, check_checkpoint, ring
from audit.checkpoint import Growth, Places, key_file, key_statement, named, signed
from audit.kept import load
from audit.verify import Chain, Coverage, Located, Placed, verify
from audit.witness import witnessed, witnessed_file
from cli.shelf import Shelf
from schemas.events import AuditSealed
from tests.audit.notary import Key, Notary, hashes_of, located
from tests.audit.trail import NOON, begun, clean, coded, decided, held, rejected, resolved, sealed

ONE, TWO, THREE = sealed(clean("one")), sealed(resolved("two")), sealed(rejected(held(decided(coded(begun("three"))))))
LOG = [*ONE[:5], *TWO[:4], *ONE[5:], *TWO[4:], *THREE]
CUTS = (6, 14, len(LOG))
OTHER = Key(7)

Log = list[AuditSealed]
Tampered = tuple[Log, dict[str, bytes]]


def notarised(log: Sequence[AuditSealed] = LOG, cuts: Sequence[int] = CUTS) -> Notary:
    """Return a notary that signed the log at three sizes."""
    notary = Notary()
    for cut in cuts:
        notary.sign(log[:cut])
    return notary


def alterations(log: Sequence[AuditSealed], notary: Notary, **expected: Any) -> list[Alteration]:
    """Return what is wrong with a log and with what was kept of it."""
    record = load(notary.files, notary.first.public.hex(), **expected)
    return [*record.alterations, *verify(located(log), coverage=Coverage(record.partitions))]


def resealed(entries: Sequence[AuditSealed], at: int) -> Log:
    """Write a chain anew from one entry on, each hash right: what one who knows the format could do."""
    head = Head(entries[at - 1].sequence, entries[at - 1].hash) if at else start(entries[0].expense_id)
    records = clean("one").records
    anew: Log = []
    for number in range(at, len(entries)):
        output = records[number].output if number > at else b"another total"
        anew.append(seal(head, replace(records[number], output=output)))
        head = Head(anew[-1].sequence, anew[-1].hash)
    return [*entries[:at], *anew]


def swapped(log: Log, index: int, other: int) -> Log:
    """Exchange two entries."""
    log = list(log)
    log[index], log[other] = log[other], log[index]
    return log


def without(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    """Leave files out."""
    return {name: data for name, data in files.items() if name not in names}


def body_changed(files: dict[str, bytes], name: str, **changes: Any) -> dict[str, bytes]:
    """Change a checkpoint's body and leave its signature."""
    found = json.loads(files[name])
    return {**files, name: canonical({**found, "body": found["body"] | changes})}


def rewritten_history(files: dict[str, bytes]) -> dict[str, bytes]:
    """Put the second checkpoint of another history, rightly signed by the same key, in place of this one's."""
    other = notarised([*resealed(ONE, 2)[:5], *LOG[5:]])
    return {
        **files,
        named(0, 2): other.files[named(0, 2)],
        hashes_of(other.files, 2): other.files[hashes_of(other.files, 2)],
    }


Tamper = Callable[[Log, dict[str, bytes]], Tampered]
TAMPERS: list[tuple[str, Tamper, Kind, str]] = [
    (
        "flip a byte of an event",
        lambda log, f: ([*log[:3], replace(log[3], output=b"\x01" + (log[3].output or b"")[1:]), *log[4:]], f),
        Kind.ALTERED,
        "audit.log/0/3",
    ),
    ("delete an entry", lambda log, f: ([*log[:7], *log[8:]], f), Kind.REWRITTEN, "audit.log/0/7"),
    ("delete a whole expense", lambda log, f: ([x for x in log if x not in TWO], f), Kind.REWRITTEN, "audit.log/0/5"),
    ("insert an entry of another expense", lambda log, f: ([*log[:2], THREE[0], *log[2:]], f), Kind.REWRITTEN, "/0/2"),
    ("reorder entries of two expenses", lambda log, f: (swapped(log, 4, 5), f), Kind.REWRITTEN, "audit.log/0/4"),
    (
        "exchange two documents' entries",
        lambda log, f: (swapped(log, ONE[3].sequence - 1, 7), f),
        Kind.REWRITTEN,
        "audit.log/0/3",
    ),
    ("write a chain anew to its end", lambda log, f: ([*resealed(ONE, 2)[:5], *log[5:9], *resealed(ONE, 2)[5:],
                                                       *TWO[4:], *THREE], f), Kind.REWRITTEN, "audit.log/0/2"),
    ("cut the tail before a checkpoint", lambda log, f: (log[:-2], f), Kind.TRUNCATED, f"place {len(LOG) - 2}"),
    ("empty the log", lambda log, f: (log[:0], f), Kind.TRUNCATED, "place 0"),
    ("forge a checkpoint's root", lambda log, f: (log, body_changed(f, named(0, 2), root="ab" * 32)), Kind.FORGED,
     named(0, 2)),
    ("forge a checkpoint with a key of one's own",
     lambda log, f: (log, {**f, named(0, 2): signed(json.loads(f[named(0, 2)])["body"], OTHER)}), Kind.FORGED,
     named(0, 2)),
    ("slip in a key of one's own", lambda log, f: (log, {**f, key_file(1): key_statement(OTHER.public, None)}),
     Kind.FORGED, "keys"),
    ("append a key nobody signed", lambda log, f: (log, {**f, key_file(2): key_statement(Key(3).public, OTHER)}),
     Kind.FORGED, "keys"),
    ("delete a checkpoint in the middle", lambda log, f: (log, without(f, named(0, 2))), Kind.FORGED, named(0, 2)),
    ("show an old checkpoint as the newest", lambda log, f: (log, {**f, named(0, 3): f[named(0, 2)]}), Kind.FORGED,
     named(0, 3)),
    ("splice two histories", lambda log, f: (log, rewritten_history(f)), Kind.FORGED, named(0, 2)),
    ("alter the hashes kept", lambda log, f: (log, {**f, hashes_of(f, 1): bytes(len(f[hashes_of(f, 1)]))}),
     Kind.FORGED, named(0, 1)),
    ("delete the hashes kept", lambda log, f: (log, without(f, hashes_of(f, 3))), Kind.FORGED, named(0, 3)),
    ("break a checkpoint file", lambda log, f: (log, {**f, named(0, 1): f[named(0, 1)][:-9]}), Kind.FORGED,
     named(0, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("tamper", "kind", "place"), [c[1:] for c in TAMPERS], ids=[c[0] for c in TAMPERS])
def test_each_kind_is_found_and_located(tamper: Tamper, kind: Kind, place: str) -> None:
    """Each kind of tampering with the log or with what was kept is found where it was done."""
    notary = notarised()
    assert alterations(LOG, notary) == []
    log, notary.files = tamper(list(LOG), dict(notary.files))
    found = alterations(log, notary)
    assert (kind, True) in {(a.kind, place in a.position) for a in found}, found
    assert all(a.message for a in found)


@pytest.mark.parametrize("tamper", [c[1] for c in TAMPERS], ids=[c[0] for c in TAMPERS])
def test_whoever_signs_nothing_finds_the_same_in_less_memory(tamper: Tamper) -> None:
    """With chains and heads in a file and no hash kept, the same alterations are found in the same order."""
    notary = notarised()
    log, notary.files = tamper(list(LOG), dict(notary.files))
    record = load(notary.files, notary.first.public.hex())
    with Shelf[Chain](1) as chains, Shelf[Head](1) as heads:
        placed = Placed(record.partitions, places=Places(heads))
        found = list(verify(located(log), None, placed, chains))
    assert [*record.alterations, *found] == alterations(log, notary)


def test_an_old_head_shows_against_a_checkpoint_kept_elsewhere() -> None:
    """Log, checkpoints and hashes cut back together hold by themselves; what an auditor kept gives them away."""
    notary = notarised()
    kept = json.loads(notary.files[named(0, 3)])
    notary.files = without(notary.files, named(0, 3), hashes_of(notary.files, 3))
    assert alterations(LOG[:14], notary) == []
    (found,) = alterations(LOG[:14], notary, seen=[kept])
    assert (found.kind, found.position) == (Kind.TRUNCATED, named(0, 3))


def test_two_histories_under_one_key_show_against_a_checkpoint_kept_elsewhere() -> None:
    """A notary that signs another history is found out by whoever kept one checkpoint of the first."""
    kept = json.loads(notarised().files[named(0, 2)])
    other = [*resealed(ONE, 2)[:5], *LOG[5:9], *resealed(ONE, 2)[5:], *TWO[4:], *THREE]
    (found,) = alterations(other, notarised(other), seen=[kept])
    assert (found.kind, found.position) == (Kind.FORGED, named(0, 2))


def test_a_kept_checkpoint_must_itself_be_signed() -> None:
    """What is given as kept elsewhere is not believed without its signature."""
    notary = notarised()
    kept = json.loads(body_changed(notary.files, named(0, 2), size=3)[named(0, 2)])
    assert [a.kind for a in alterations(LOG, notary, seen=[kept])] == [Kind.FORGED]


def test_the_witness_must_have_signed_the_last_checkpoint() -> None:
    """A witness's signature under another checkpoint, or by another key, does not count."""
    notary, witness = notarised(), Key(5)
    bodies = [json.loads(notary.files[named(0, n)])["body"] for n in (1, 2, 3)]
    assert [a.kind for a in alterations(LOG, notary, witness=witness.public.hex())] == [Kind.UNWITNESSED]
    for wrong in (witnessed(bodies[1], witness, NOON), witnessed(bodies[2], OTHER, NOON), b"{}", b"no JSON"):
        notary.files[witnessed_file(bodies[2], "k")] = wrong
        assert [a.kind for a in alterations(LOG, notary, witness=witness.public.hex())] == [Kind.UNWITNESSED]
    notary.files[witnessed_file(bodies[2], "l")] = witnessed(bodies[2], witness, NOON)
    assert alterations(LOG, notary, witness=witness.public.hex()) == []


def test_a_key_is_changed_without_signing_anew() -> None:
    """Old checkpoints stay under the old key, new ones are under the new; the old one signs no more."""
    notary = notarised(LOG, (6, 14))
    before = dict(notary.files)
    old = notary.key
    notary.rotate(Key(2))
    notary.sign(LOG)
    assert alterations(LOG, notary) == []
    assert {name: notary.files[name] for name in before} == before
    again = Notary(first=old, key=old, files=dict(notary.files))
    again.sign([*LOG, sealed(clean("four"))[0]])
    (found,) = again.record().alterations
    assert (found.kind, found.position) == (Kind.FORGED, named(0, 4))
    assert "was replaced before" in found.message


def test_who_trusts_the_newer_key_believes_no_older_one() -> None:
    """Trust begins with the key that is trusted: what came before it proves nothing."""
    notary = notarised(LOG, (6,))
    notary.rotate(Key(2))
    keys = [json.loads(notary.files[key_file(n)]) for n in (1, 2)]
    assert list(ring(keys, Key(2).public.hex())) == list(ring(keys, None))[1:]
    with pytest.raises(Broken, match="does not follow from the key you trust"):
        check_checkpoint(json.loads(notary.files[named(0, 1)]), ring(keys, Key(2).public.hex()))
    with pytest.raises(Broken, match="signed by somebody else"):
        ring(keys, OTHER.public.hex())


def test_partitions_have_checkpoints_of_their_own() -> None:
    """Entries of one partition are held against its own checkpoints."""
    notary = Notary()
    notary.sign(ONE, 0)
    notary.sign(TWO, 3)
    record = notary.record()
    both = [*located(ONE, 0), *located(TWO, 3)]
    assert list(verify(both, coverage=Coverage(record.partitions))) == []
    exchanged = [*located(TWO, 0), *located(ONE, 3)]
    found = {a.position for a in verify(exchanged, coverage=Coverage(record.partitions))}
    assert {"audit.log/0/0", "audit.log/3/0"} <= found


def test_a_record_delivered_again_is_no_alteration() -> None:
    """The same entry twice in a row counts once, for the notary as for whoever verifies."""
    twice = [*LOG[:4], LOG[3], *LOG[4:]]
    assert alterations(twice, notarised()) == []
    assert alterations(LOG, notarised(twice, (7, 15, len(twice)))) == []


def test_what_is_signed_names_the_log_and_what_came_before() -> None:
    """A checkpoint says which log and partition it is of, how large it was, what was known, and its predecessor."""
    notary = notarised(LOG, (6,))
    (checkpoint,) = notary.kept()[0].checkpoints
    body = checkpoint["body"]
    assert (body["log"], body["partition"], body["number"], body["previous"]) == ("audit.log", 0, 1, FIRST)
    assert (body["size"], body["expenses"], body["known_at"]) == (6, 2, "2026-03-14T12:00:05.000000Z")


def test_nothing_and_no_hash_are_refused() -> None:
    """An empty partition is not signed; an entry without a hash is not taken in, and is found."""
    with pytest.raises(ValueError, match="no entries"):
        Growth().body("audit.log", 0, None, NOON, Key().public)
    for wrong in ("zz", "ab"):
        broken = replace(ONE[0], hash=wrong)
        with pytest.raises(ValueError, match=r"bytes|hex"):
            Growth().take(broken)
        assert Kind.UNREADABLE in {a.kind for a in Coverage().take(Located("p", broken))}


def histories(seed: int) -> Log:
    """Return the interleaved chains of a few random expenses."""
    random = Random(seed)  # noqa: S311 - a test's history, not a secret
    makers = (clean, resolved, begun, lambda n: rejected(held(decided(coded(begun(n))))))
    chains = [sealed(random.choice(makers)(f"{seed}-{n}")) for n in range(random.randint(1, 4))]
    log: Log = []
    while chains := [chain for chain in chains if chain]:
        log.append(random.choice(chains).pop(0))
    return log


@pytest.mark.slow
def test_no_false_alarm_over_two_hundred_random_histories() -> None:
    """Clean logs of random expenses, signed at random sizes, with records delivered again, never raise an alarm."""
    for seed in range(200):
        log, random = histories(seed), Random(-seed)  # noqa: S311 - as above
        cuts = sorted({random.randint(1, len(log)) for _ in range(3)})
        shown = [entry for entry in log for _ in range(1 if random.random() < 0.9 else 2)]
        assert alterations(shown, notarised(log, cuts)) == [], f"seed {seed}"


@pytest.mark.slow
def test_every_single_change_of_a_random_history_is_found() -> None:
    """A random change of any entry under a checkpoint, wherever it is, raises an alarm."""
    for seed in range(200):
        log, random = histories(seed), Random(-seed)  # noqa: S311 - as above
        notary = notarised(log, (len(log),))
        place = random.randrange(len(log))
        at = log[place]
        changed = random.choice(
            (
                [*log[:place], *log[place + 1 :]],
                [*log[:place], replace(at, output=(at.output or b"") + b"x"), *log[place + 1 :]],
                [*log[:place], replace(at, status="posted" if at.status != "posted" else "read"), *log[place + 1 :]],
                [*log[:place], replace(at, hash=at.hash[::-1]), *log[place + 1 :]],
                log[:place],
            )
        )
        assert alterations(changed, notary), f"seed {seed}, place {place}"
