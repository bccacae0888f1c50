"""An archive rebuilds the audit log on a new cluster, with equal roots, or says that it cannot."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest

from cli import archiving, trail
from schemas.retention import Holds, delete_after
from tests.audit.trail import clean, resolved
from tests.cli.sealing import sealed_really
from tests.cli.verbs import Run, refusal, runner


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `audit` with words."""
    assert not home.exists()
    return runner(trail.add, "audit")


@pytest.fixture
def drill(home: Path) -> Run:
    """Return a function that runs `drill` with words."""
    assert not home.exists()
    return runner(archiving.add, "drill")


@pytest.mark.kafka
@pytest.mark.slow
def test_a_drill_rebuilds_the_log_and_proves_it(run: Run, drill: Run, log: Callable[..., None], tmp_path: Path) -> None:
    """A new cluster has the same roots and is under the same checkpoints; an altered archive is refused."""
    log(*sealed_really(clean("one"), resolved("two")))
    signed = orjson.loads(run("checkpoint", "--json").output)
    folder = tmp_path / "archive"
    told = orjson.loads(run("archive", "-o", folder, "--json").output)
    assert [file["records"] for file in told["files"]] == [signed["checkpoints"][0]["size"], 0]
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    newest = date.fromisoformat(manifest["newest"])
    assert manifest["delete_after"] == told["delete_after"] == delete_after(Holds, newest).isoformat()
    assert told["roots"] == {"0": {k: signed["checkpoints"][0][k] for k in ("size", "root")}}
    assert "is not empty" in refusal(run("archive", "-o", folder))
    result = drill("restore", folder, "--key", signed["key"], "--json")
    restored = orjson.loads(result.output)
    assert (result.exit_code, restored["equal"], restored["roots"]) == (0, True, told["roots"])
    assert (restored["alterations"], restored["under_checkpoints"]) == ([], told["roots"]["0"]["size"])
    packed = next(folder.glob("*.gz"))
    packed.write_bytes(packed.read_bytes()[:-1] + b"x")
    assert "was altered" in refusal(drill("restore", folder))


def test_what_is_no_archive_is_refused(drill: Run, tmp_path: Path) -> None:
    """A folder without a manifest, and one of a later version, are refused."""
    assert "is no archive" in refusal(drill("restore", tmp_path))
    (tmp_path / "manifest.json").write_text('{"version": 2}')
    assert "has version 2" in refusal(drill("restore", tmp_path))
