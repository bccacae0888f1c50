"""What the command line says when it is asked for what cannot be."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.context import Refused, Unreachable
from cli.main import app, run
from producers.lag import Lags
from streams.record import TransportLost


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home where nothing was ever started."""
    for name in ("BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL", "READ_MODEL_URL"):
        monkeypatch.delenv(f"SPENDTRAIL_{name}", raising=False)
    monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path))
    return tmp_path


def refusal(*words: str) -> str:
    """Return the refusal of a command."""
    result = CliRunner().invoke(app, list(words))
    assert isinstance(result.exception, Refused), result.output
    return str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["dlq", "list"],
        ["run", "ocr"],
        ["show", "abc"],
        ["list"],
        ["review", "list"],
        ["review", "crop", "abc"],
        ["batch", "b"],
    ],
    ids=" ".join,
)
def test_without_a_system_the_remedy_is_named(empty_home: Path, words: list[str]) -> None:
    """Every verb that needs a running system says that `spendtrail up` starts one."""
    assert "spendtrail up" in refusal(*words)


def test_a_system_that_was_ended_is_said_to_be_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Brokers that are known and do not answer: a sentence, a remedy and exit code 1."""

    def silent(self: Lags) -> None:
        raise TransportLost("Kafka at 127.0.0.1:1: no answer")

    monkeypatch.setattr(Lags, "read", silent)
    monkeypatch.setenv("SPENDTRAIL_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["spendtrail", "status"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "Kafka at 127.0.0.1:1: no answer. Is it up? `spendtrail up` starts what is stopped" in told


@pytest.mark.parametrize(
    "words", [["status"], ["dlq", "list"], ["audit", "verify"], ["upload", __file__]], ids=" ".join
)
def test_nobody_waits_for_brokers_of_ones_own_that_were_ended(empty_home: Path, words: list[str]) -> None:
    """Where the home knows that none of its services runs, that is said at once, with the remedy."""
    ports = {"kafka-1": 1, "kafka-1-controller": 2, "registry": 3, "registry-management": 4}
    (empty_home / "stack.json").write_text(json.dumps({"brokers": 1, "ports": ports, "processes": {}}))
    keys = empty_home / "keys"
    keys.mkdir(mode=0o700)
    (keys / "pseudonyms.secret").write_bytes(bytes(32))
    (keys / "pseudonyms.secret").chmod(0o600)
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, Unreachable), result.output
    assert f"nothing runs under {empty_home}. `spendtrail up` starts it" in str(result.exception)


def test_files_that_are_not_there_are_named(empty_home: Path) -> None:
    """Uploading, feeding and extracting name the file."""
    for verb in ("upload", "card-feed", "extract"):
        assert "/no/such/file" in refusal(verb, "/no/such/file")


def test_another_regions_tenant_is_refused(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploading, watching, feeding and erasing for a tenant of another region name both regions; nothing is read."""
    monkeypatch.setenv("SPENDTRAIL_REGION", "eu")
    monkeypatch.setenv("SPENDTRAIL_RESIDENCY", '{"globex": "us", "*": "eu"}')
    document = tmp_path / "receipt.txt"
    document.write_text("a receipt")
    told = "tenant globex belongs to region us, and this is eu"
    assert told in refusal("upload", str(document), "--tenant", "globex", "--employee", "E-1")
    assert told in refusal("watch", str(tmp_path), "--tenant", "globex")
    assert told in refusal("card-feed", str(document), "--tenant", "globex")
    assert told in refusal("audit", "erase", "--tenant", "globex", "--employee", "E-1")
    assert "spendtrail up" in refusal("upload", str(document), "--tenant", "acme", "--employee", "E-1")


def test_unknown_names_are_answered_with_the_known_ones(empty_home: Path) -> None:
    """A wrong stage, state or replica word is answered with those there are."""
    assert "ocr, parse, currency" in refusal("run", "orc")
    assert "in_review" in refusal("list", "--state", "review")
    assert "say STAGE=N" in refusal("up", "--replicas", "ocr=two")
    assert "4 partitions" in refusal("up", "--replicas", "ocr=9")


def test_a_setting_that_does_not_fit_is_named(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with a wrong value is named."""
    monkeypatch.setenv("SPENDTRAIL_WORKERS", "many")
    assert "SPENDTRAIL_WORKERS" in refusal("status")


def test_help_names_every_verb() -> None:
    """The first help a user sees lists the verbs of the design."""
    told = CliRunner().invoke(app, ["--help"]).output
    verbs = ("up", "down", "status", "run", "extract", "upload", "card-feed", "show", "list", "batch", "review", "dlq")
    assert all(f" {verb} " in told for verb in (*verbs, "policy", "audit", "demo", "watch", "prepare"))


def test_what_cannot_be_pulled_is_named(empty_home: Path) -> None:
    """A source that is no URL, of no known kind, without a table or a folder, and a map that is none, say so."""
    (empty_home / "map.yaml").write_text("columns: {betrag: amount}\n")
    for words, told in (
        (["/exports/cards"], "is no URL"),
        (["rubbish://h/d", "--table", "t"], "cannot be opened"),
        (["postgresql://h/d"], "--table is missing"),
        (["file:///no/such/folder"], "/no/such/folder"),
        (["file:///no/such/folder", "--table", "t"], "go with a database"),
        ([f"sqlite:///{empty_home}/erp.db", "--table", "t"], "table t: there is no such table"),
        (["postgresql://h/d", "--table", "t", "--format", f"{empty_home}/map.yaml"], "betrag"),
    ):
        assert told in refusal("pull", *words)
