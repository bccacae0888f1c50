"""Replaying an audit log on a broker: side by side, going on behind the moment, and into a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any

import orjson
import pytest

from audit.reconstruct import state_at
from cli import auditlog, columns, trail
from cli.context import session
from cli.output import as_json, as_line
from producers.edge import codec_of, open_publisher
from schemas.events import AuditSealed
from schemas.topics import Topic
from tests.audit.trail import (
    NOON,
    SECOND,
    Trail,
    begun,
    clean,
    coded,
    decided,
    held,
    opened,
    rejected,
    resolved,
    sealed,
)
from tests.cli.sealing import sealed_really
from tests.cli.verbs import Run, refusal, runner

PARTITIONS = 4
AT = (NOON + 2 * SECOND).isoformat()
LATER = "2027-01-01"
# The command line on the topic of this test, in a process of its own.
COMMAND = """
import sys
from dataclasses import replace
from cli import replaying
replaying.AUDIT_LOG = replace(replaying.AUDIT_LOG, name=sys.argv.pop(1))
from cli.main import run
run()
"""


def read_table(path: Path) -> Any:
    """Return a Parquet file as a table."""
    # Half a second that few tests here need.
    import pyarrow.parquet as pq  # type: ignore[import-untyped] # noqa: PLC0415 - ships no types

    return pq.read_table(path)


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `audit` with words."""
    assert not home.exists()
    return runner(trail.add, "audit")


@pytest.fixture
def spread(log: Callable[..., None], own: dict[str, Topic]) -> Callable[[Sequence[Sequence[AuditSealed]]], None]:
    """Return a function that writes the entries of expenses, each expense to one of several partitions."""
    log()

    def append(trails: Sequence[Sequence[AuditSealed]]) -> None:
        settings = session().settings
        with open_publisher(settings, codec_of(settings)) as publisher:
            for number, entries in enumerate(trails):
                for entry in entries:
                    publisher.publish(entry, own["AUDIT_LOG"], number % PARTITIONS)

    return append


def expenses(number: int) -> list[Trail]:
    """Return trails of many expenses that went different ways."""
    makers: list[Callable[[str], Trail]] = [
        clean,
        resolved,
        lambda name: rejected(held(decided(coded(begun(name)), violation=True))),
        begun,
    ]
    return [makers[each % len(makers)](f"e{each}") for each in range(number)]


def test_a_line_of_everything_known_is_what_json_of_it_was() -> None:
    """The quick way to write an expense gives the bytes of the general one, money and moments included."""
    for each in state_at(opened(sealed(resolved())), NOON + timedelta(days=1)).values():
        assert as_line(each).decode() == as_json(each)


def test_following_by_event_time_is_refused(run: Run) -> None:
    """What happened later may have been known earlier: nothing could be followed."""
    assert "--event-time" in refusal(run("replay", "--as-of", LATER, "--follow", "--event-time"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "parquet"), "--output FILE go together"),
        (("-o", "states.parquet"), "--output FILE go together"),
        (("--format", "parquet", "-o", "x", "--json"), "two answers"),
        (("--format", "parquet", "-o", "x", "--follow"), "needs one"),
    ],
    ids=" ".join,
)
def test_options_that_contradict_each_other_are_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    """What cannot be done together is named before anything is read."""
    assert said in refusal(run("replay", "--as-of", LATER, *words))


def test_a_parquet_file_has_a_row_an_expense(tmp_path: Path) -> None:
    """Columns have amounts as decimals and moments as such, none where nothing is known, and everything as JSON."""
    states = [
        each
        for trail_ in (resolved("one"), begun("two"))
        for each in state_at(opened(sealed(trail_)), NOON + timedelta(days=1)).values()
    ]
    path = tmp_path / "states.parquet"
    assert columns.write(path, map(as_line, states)) == 2
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    table = read_table(path)
    assert table.column_names == [*columns.COLUMNS, "content"]
    first, second = table.to_pylist()
    assert (first["total"], first["reporting_total"], first["currency"]) == (
        Decimal("275.0000"), Decimal("275.0000"), "EUR",
    )  # fmt: skip
    assert (first["submitted_at"], first["invoice_date"]) == (NOON, date(2026, 3, 12))
    assert (first["state"], first["review_action"], first["posting_id"]) == ("posted", "approve", "GL-1")
    assert (second["state"], second["total"], second["review_opened_at"]) == ("submitted", None, None)
    assert [first["content"], second["content"]] == [as_json(each) for each in states]


def test_a_parquet_file_that_was_not_finished_is_none(tmp_path: Path) -> None:
    """What stood there before stays, and nothing half-written is left, when a log turns out damaged on the way."""
    path = tmp_path / "states.parquet"
    path.write_bytes(b"before")
    (state,) = state_at(opened(sealed(clean())), NOON + timedelta(days=1)).values()

    def lines() -> Iterator[bytes]:
        yield as_line(state)
        raise auditlog.LogDamaged("entry 7")

    with pytest.raises(auditlog.LogDamaged):
        columns.write(path, lines())
    assert ([file.name for file in tmp_path.iterdir()], path.read_bytes()) == ([path.name], b"before")


@pytest.mark.kafka
@pytest.mark.slow
def test_one_process_and_several_find_the_same(
    run: Run, spread: Callable[[Sequence[Sequence[AuditSealed]]], None], own: dict[str, Topic], tmp_path: Path
) -> None:
    """States at two moments, chains, heads and alterations do not depend on how many processes read."""
    trails = [sealed_really(each) for each in expenses(24)]
    forged = trails[5]
    forged[2] = replace(forged[2], metadata=forged[2].metadata.replace("acme", "acne"))
    del trails[6][3]
    spread(trails)
    told = {}
    for workers in (1, 2):
        kept = tmp_path / f"heads-{workers}.json"
        verified = run("verify", "--workers", str(workers), "--json", "--keep-heads", kept)
        assert verified.exit_code == 1
        found = orjson.loads(verified.output)
        assert found.pop("processor_s") > 0
        said = [run("replay", "--as-of", at, "--workers", str(workers), "--json").output for at in (AT, LATER)]
        told[workers] = (found, kept.read_bytes(), said)
    assert told[1] == told[2]
    found, heads, said = told[1]
    assert {(a["kind"], a["sequence"]) for a in found["alterations"]} == {
        ("altered", 3), ("relabelled", 3), ("missing", 4),
    }  # fmt: skip
    assert len(orjson.loads(heads)) == len(trails)
    codec = auditlog.codec(session())
    history = auditlog.history(auditlog.records(session(), own["AUDIT_LOG"], quiet=True), codec)
    expected = sorted(as_json(each) for each in state_at(history, NOON + timedelta(days=30)).values())
    assert said[1].splitlines() == expected
    states = tmp_path / "states.parquet"
    assert run("replay", "--as-of", LATER, "--format", "parquet", "-o", states).exit_code == 0
    assert read_table(states)["content"].to_pylist() == expected
    assert "name a file" in refusal(run("replay", "--as-of", LATER, "--format", "parquet", "-o", tmp_path))


@pytest.mark.kafka
def test_a_replay_goes_on_until_interrupted(
    home: Path, spread: Callable[[Sequence[Sequence[AuditSealed]]], None], own: dict[str, Topic]
) -> None:
    """Behind the state at the moment come changes already sealed and those sealed meanwhile; SIGINT ends it well."""
    first, second = sealed_really(clean("one")), sealed_really(resolved("two"))
    spread([first, second[:6]])
    command = [sys.executable, "-c", COMMAND, own["AUDIT_LOG"].name]
    command += ["audit", "replay", "--as-of", AT, "--follow", "--json"]
    following = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    patience = Timer(120, following.kill)
    patience.start()
    try:
        assert following.stdout is not None
        told = [orjson.loads(following.stdout.readline()) for _ in range(2)]
        assert [each["state"] for each in told] == ["read", "read"]
        assert [each["expense_id"] for each in told] == sorted(each["expense_id"] for each in told)
        told = [orjson.loads(following.stdout.readline()) for _ in range(len(first) - 2 + 6 - 2)]
        spread([[], second[6:]])
        told += [orjson.loads(following.stdout.readline()) for _ in second[6:]]
        following.send_signal(signal.SIGINT)
        rest, complaints = following.communicate(timeout=60)
    finally:
        patience.cancel()
        following.kill()
        following.wait()
    assert (following.returncode, rest, complaints) == (0, b"", b"")
    for entries in (first, second):
        mine = [each for each in told if each["expense_id"] == entries[0].expense_id]
        assert [each["sequence"] for each in mine] == list(range(3, len(entries) + 1))
        assert mine[-1]["state"] == "posted"
