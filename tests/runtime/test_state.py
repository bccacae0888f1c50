"""State follows its changelog, whatever happens to the local file."""

import shutil
from pathlib import Path

import pytest

from consumers.runtime.transport import Outgoing
from tests.runtime.rig import Rig
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


def test_a_file_ahead_of_its_changelog_is_rebuilt(tmp_path: Path) -> None:
    """A file of another history (the topic was made anew) does not win over the log."""
    rig = _counted(tmp_path)
    assert rig.stage.changelog
    changelog = rig.stage.changelog.name
    rig.broker.logs[changelog, 0] = []
    rig.broker.produce(Outgoing(changelog, b"k0", b"10", (), 0))
    _goes_on(rig, restored=1)


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
