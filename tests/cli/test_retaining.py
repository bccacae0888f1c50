"""The verb that shows how long things are kept, and refuses what is shorter."""

from pathlib import Path

import orjson
import pytest

from cli import trail
from cli.context import Refused, session
from cli.retaining import kept
from schemas.retention import DAY_MS, KEPT
from tests.cli.verbs import Run, refusal, runner


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `audit` with words."""
    assert not home.exists()
    return runner(trail.add, "audit")


def test_the_table_is_shown(run: Run) -> None:
    """Every topic has its days and its reason, and the laws that count are named with their source."""
    told = orjson.loads(run("retention", "--json").output)
    assert {row["topic"]: row["days"] for row in told["topics"]} == {name: row.days for name, row in KEPT.items()}
    assert {law["jurisdiction"] for law in told["laws"]} >= {"DE", "GB", "US"}
    shown = run("retention").output
    assert "HGB s. 257" in shown
    assert "for ever" in shown


def test_shorter_is_refused(run: Run) -> None:
    """A topic cannot be kept for less than the table says, nor one that is kept for ever for any number of days."""
    assert "expense.dlq is kept for 30 days at least, not 7" in refusal(run("retention", "--keep", "expense.dlq=7"))
    assert "audit.log is kept for ever, not 3650 days" in refusal(run("retention", "--keep", "audit.log=3650"))
    assert "write TOPIC=DAYS" in refusal(run("retention", "--keep", "audit.logs=9"))
    told = orjson.loads(run("retention", "--keep", "audit.alerts=730", "--json").output)
    assert {row["topic"]: row["days"] for row in told["topics"]}["audit.alerts"] == 730


def test_settings_keep_longer_and_never_shorter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `prepare` puts into force is the table with the longer times of the settings; a shorter one stops it."""
    monkeypatch.setenv("SPENDTRAIL_RETENTION_DAYS", '{"expense.read": 90}')
    topics = {topic.name: topic.retention_ms for topic in kept(session().settings)}
    assert topics["expense.read"] == 90 * DAY_MS
    assert topics["expense.parsed"] == 30 * DAY_MS
    monkeypatch.setenv("SPENDTRAIL_RETENTION_DAYS", '{"expense.read": 29}')
    with pytest.raises(Refused, match=r"expense.read is kept for 30 days at least, not 29"):
        kept(session().settings)
    monkeypatch.setenv("SPENDTRAIL_RETENTION_DAYS", '{"expense.reed": 90}')
    with pytest.raises(Refused, match=r"SPENDTRAIL_RETENTION_DAYS: no topic expense.reed"):
        kept(session().settings)
    monkeypatch.setenv("SPENDTRAIL_JURISDICTIONS", '["ZZ"]')
    monkeypatch.delenv("SPENDTRAIL_RETENTION_DAYS")
    with pytest.raises(Refused, match=r"SPENDTRAIL_JURISDICTIONS: no law of ZZ"):
        kept(session().settings)
    assert not home.exists()


def test_an_archive_is_kept_until_no_law_asks_for_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later of what the manifest and today's table say counts; an archive that says nothing is refused."""
    manifest = {"files": [{"topic": "audit.log"}], "newest": "1990-05-05", "delete_after": "2001-01-01"}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps(manifest))
    free = run("retention", "--archive", tmp_path, "--json")
    assert (free.exit_code, orjson.loads(free.output)["may_be_deleted"]) == (0, True)
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({**manifest, "delete_after": "2999-01-01"}))
    asked = run("retention", "--archive", tmp_path)
    assert (asked.exit_code, "to be kept until 2999-01-01" in asked.output) == (1, True)
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({**manifest, "newest": "2998-05-05"}))
    monkeypatch.setenv("SPENDTRAIL_JURISDICTIONS", '["DE"]')
    asked = run("retention", "--archive", tmp_path, "--json")
    assert (asked.exit_code, orjson.loads(asked.output)["delete_after"]) == (1, "3009-01-01")
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({"files": []}))
    assert "archive the log anew" in refusal(run("retention", "--archive", tmp_path))
