"""State follows its changelog, whatever happens to the local file."""

import shutil
import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from consumers.runtime.errors import Halted
from consumers.runtime.store import PartitionStore, RecordView
from consumers.runtime.transport import Outgoing
from tests.runtime.rig import Member, Rig
from tests.runtime.rows import inbound, row


def _counted(tmp_path: Path, keys: int = 2, times: int = 10) -> Rig:
    rig = Rig(row("tests.runtime.handlers.count", stateful=True), tmp_path, partitions=1)
    rig.feed(*(inbound(f"k{n % keys}", n) for n in range(times * keys)))
    member = rig.member()
    member.run()
    member.runner.drain(0)
    return rig


def _goes_on(rig: Rig, *, restored: int) -> None:
    rig.feed(inbound("k0", 100))
    member = rig.member()
    member.run()
    assert ("k0", 100, "11") in rig.told()
    assert member.telemetry.counters["restored"] == restored
    member.runner.drain(0)


def test_a_known_good_file_is_used_as_it_is(tmp_path: Path) -> None:
    """A restart with its file reads nothing again."""
    _goes_on(_counted(tmp_path), restored=0)


def test_a_lost_file_is_rebuilt(tmp_path: Path) -> None:
    """Without a file the changelog is read from its beginning."""
    rig = _counted(tmp_path)
    shutil.rmtree(tmp_path / "a")
    _goes_on(rig, restored=2)


@pytest.mark.parametrize("damage", [b"not a database at all", b""], ids=["junk", "empty"])
def test_a_damaged_file_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    """A file that is no database costs time, not state."""
    rig = _counted(tmp_path)
    for file in (tmp_path / "a").glob("0.sqlite*"):
        file.unlink()
    (tmp_path / "a" / "0.sqlite").write_bytes(damage)
    _goes_on(rig, restored=2)


def test_a_file_damaged_inside_is_rebuilt(tmp_path: Path) -> None:
    """A file whose first pages are sound and whose later ones are not is found out when it is opened."""
    rig = _counted(tmp_path, keys=1_000, times=1)
    file = tmp_path / "a" / "0.sqlite"
    raw = bytearray(file.read_bytes())
    for page in range(6, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    file.write_bytes(raw)
    member = rig.member()
    assert member.telemetry.counters["restored"] > 0
    assert member.telemetry.gauges["state_keys"] == 1_000


def test_a_file_that_breaks_while_in_use_dead_letters_nothing(tmp_path: Path) -> None:
    """The span begins anew from the changelog; no record is blamed."""
    rig = Rig(row("tests.runtime.handlers.count", stateful=True), tmp_path, partitions=1)
    rig.feed(inbound("k", 0))
    member = rig.member()
    member.run()
    partition = member.ownership.partition(0)
    assert partition
    assert partition.store
    partition.store._db.execute("DROP TABLE state")
    rig.feed(inbound("k", 1))
    assert member.persist() == 1
    assert rig.told() == [("k", 0, "1"), ("k", 1, "2")]
    assert rig.letters() == []
    assert rig.state() == {"k": b"2"}


def test_a_file_ahead_of_its_changelog_stops_the_stage(tmp_path: Path) -> None:
    """A changelog that lost records is not taken for the whole state: outputs were decided on what is gone."""
    rig = _counted(tmp_path)
    assert rig.stage.changelog
    changelog = rig.stage.changelog.name
    rig.broker.logs[changelog, 0] = []
    rig.broker.produce(Outgoing(changelog, b"k0", b"10", (), 0))
    with pytest.raises(Halted, match=r"changelog\.test/0, which ends at 1: the changelog has lost records"):
        rig.member()
    assert (tmp_path / "a" / "0.sqlite").exists()


def test_a_file_of_another_cluster_is_rebuilt(tmp_path: Path) -> None:
    """Where the group never committed, all is new; a file left from another cluster does not win over the log."""
    rig = _counted(tmp_path)
    assert rig.stage.changelog
    changelog = rig.stage.changelog.name
    rig.broker.logs[changelog, 0] = []
    rig.broker.logs[rig.stage.reads.name, 0] = []
    rig.broker.offsets.clear()
    rig.feed(inbound("k0", 1))
    member = rig.member()
    member.run()
    assert member.telemetry.counters["restored"] == 0
    assert rig.state() == {"k0": b"1"}


def _release(rig: Rig, version: int) -> Member:
    """Return a member of another release of the stage on the same broker and folder."""
    other = replace(rig, stage=replace(rig.stage, state_version=version))
    other.broker = rig.broker
    return other.member()


def test_a_file_of_a_newer_release_is_rebuilt_where_the_changelog_can_be_read(tmp_path: Path) -> None:
    """The file is refused; the log, which the newer release has not written to since, has it all."""
    rig = _counted(tmp_path)
    with closing(sqlite3.connect(tmp_path / "a" / "0.sqlite", isolation_level=None)) as file:
        file.execute("UPDATE about SET value = 2 WHERE name = 'version'")
    _goes_on(rig, restored=2)


def test_state_of_a_newer_release_stops_the_stage(tmp_path: Path) -> None:
    """What an older release cannot read it must not judge by: it says which release is needed, and commits nothing."""
    rig = _counted(tmp_path)
    rig.feed(inbound("k0", 100))
    newer = _release(rig, 2)
    newer.run()
    newer.runner.drain(0)
    rig.feed(inbound("k0", 101))
    with pytest.raises(Halted, match="holds state of version 2; this release reads up to 1"):
        rig.member()
    assert rig.lag() == 1
    rig.broker.members.clear()
    newest = _release(rig, 3)
    newest.run()
    assert ("k0", 101, "12") in rig.told()


def test_a_changelog_that_something_else_wrote_to_stops_the_stage(tmp_path: Path) -> None:
    """A key that no stage writes is no state; the message names the place."""
    rig = _counted(tmp_path)
    assert rig.stage.changelog
    rig.broker.produce(Outgoing(rig.stage.changelog.name, b"\xff\xfe", b"1", (), 0))
    with pytest.raises(Halted, match=r"changelog\.test/0.*a key is no text"):
        rig.member()


def test_size_and_progress_are_measured(tmp_path: Path) -> None:
    """The gauges cover every partition owned, and nothing remains when a restore is done."""
    rig = Rig(row("tests.runtime.handlers.count", stateful=True), tmp_path, partitions=4)
    rig.feed(*(inbound(f"k{n}", n) for n in range(100)))
    member = rig.member()
    member.run()
    member.runner.drain(0)
    shutil.rmtree(tmp_path / "a")
    gauges = rig.member().telemetry.gauges
    assert gauges["state_keys"] == 100
    assert gauges["state_bytes"] == sum(
        f.stat().st_size for f in (tmp_path / "a").glob("*.sqlite*") if f.suffix != ".sqlite-shm"
    )
    assert gauges["restore_remaining"] == 0


def test_a_file_older_than_the_tombstones_is_rebuilt(tmp_path: Path) -> None:
    """Compaction may have removed deletions that such a file has never seen."""
    rig = _counted(tmp_path)
    assert rig.stage.changelog
    rig.clock.pass_(rig.stage.changelog.delete_retention_ms / 1000 + 1)
    _goes_on(rig, restored=2)


def test_a_file_behind_its_changelog_catches_up(tmp_path: Path) -> None:
    """A replica that had the partition before reads only what it missed."""
    rig = _counted(tmp_path)
    shutil.copytree(tmp_path / "a", tmp_path / "kept")
    rig.feed(inbound("k1", 50))
    member = rig.member()
    member.run()
    member.runner.drain(0)
    shutil.rmtree(tmp_path / "a")
    shutil.move(tmp_path / "kept", tmp_path / "a")
    _goes_on(rig, restored=1)


def test_a_value_that_waits_holds_no_more_than_its_bytes(tmp_path: Path) -> None:
    """What orjson wrote has a buffer of kilobytes behind it, which is not kept until the transaction ends."""
    store = PartitionStore(tmp_path / "0.sqlite", now_ms=0, max_age_ms=1)
    view = RecordView(store)
    tracemalloc.start()
    try:
        for n in range(1_000):
            view.put(f"{n}", orjson.dumps({"member": True}))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        store.close()
    assert held < 500_000
