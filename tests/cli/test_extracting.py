"""`spendtrail extract` with its real workers."""

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import extracting
from cli.context import Refused
from tests.documents.test_assistant import service

TEXT = "Harbour Garage Ltd\nInvoice number: HG-4711\nDate: 15 October 2026\nTotal: GBP {total}.00\n"


def _app() -> typer.Typer:
    app = typer.Typer()
    extracting.add(app)
    return app


@pytest.mark.slow
def test_each_file_is_a_line_in_the_order_given(tmp_path: Path) -> None:
    """Standard output has one object a file and nothing else; a broken limit is one of them; pages are drawn."""
    names = [f"note{number}.txt" for number in range(3)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(TEXT.format(total=20 + number))
    (tmp_path / "endless.txt").write_text("Total 1.00\n" * 6000)
    files = [str(tmp_path / name) for name in (names[0], "endless.txt", *names[1:])]
    result = CliRunner().invoke(_app(), [*files, "--workers", "2", "--explain", str(tmp_path / "drawn"), "--json"])
    assert result.exit_code == 1, (result.output, result.exception)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["file"] for each in found] == ["note0.txt", "endless.txt", "note1.txt", "note2.txt"]
    assert [each["total"] for each in found] == ["20.00", None, "21.00", "22.00"]
    assert [problem["code"] for problem in found[1]["problems"]] == ["LIMIT_EXCEEDED"]
    assert len(list((tmp_path / "drawn").glob("note*.png"))) == 3


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Nothing is read when its pictures would have no place."""
    path = tmp_path / "note.txt"
    path.write_text(TEXT)
    result = CliRunner().invoke(_app(), [str(path), "--explain", str(path / "below")])
    assert isinstance(result.exception, Refused)
    assert "name another" in str(result.exception)


DOUBTFUL = "Acme Widgets\nPaid on 5 March 2024\nWidget A    10.00\nWidget B    20.00\nIn all        USD    31.50\n"


@pytest.mark.slow
def test_a_model_is_asked_where_the_flag_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the flag a document in doubt is sent to the service of the settings; without it nothing is."""
    path = tmp_path / "note.txt"
    path.write_text(DOUBTFUL)
    with service({"total": "31.50"}) as asked:
        monkeypatch.setenv("SPENDTRAIL_ASSISTANT_URL", f"{asked.url}/v1")
        monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path))
        alone = CliRunner().invoke(_app(), [str(path)])
        assert asked.requests == []
        found = CliRunner().invoke(_app(), [str(path), "--assistant"])
    assert json.loads(alone.stdout)["total"] is None
    assert json.loads(found.stdout)["total"] == "31.50"
    assert ["Acme Widgets" in each["messages"][-1]["content"] for each in asked.requests] == [True]
    assert found.exit_code == 1


@pytest.mark.slow
def test_a_service_that_hangs_costs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A service that takes the question and never answers: every file ends with what was read, and says so."""
    paths = [tmp_path / f"note{number}.txt" for number in range(3)]
    for path in paths:
        path.write_text(DOUBTFUL)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("SPENDTRAIL_ASSISTANT_URL", f"http://127.0.0.1:{deaf.getsockname()[1]}/v1")
        monkeypatch.setenv("SPENDTRAIL_ASSISTANT_TIMEOUT_S", "1")
        monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path))
        result = CliRunner().invoke(_app(), [*map(str, paths), "--assistant", "--workers", "1"])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    codes = [{problem["code"] for problem in each["problems"]} for each in found]
    assert [each["file"] for each in found] == [path.name for path in paths]
    assert all("ASSISTANT_SILENT" in each and "LIMIT_EXCEEDED" not in each for each in codes)
    assert capfd.readouterr().err.count("the model service") == 1  # asked once, then left alone


def test_a_flag_without_a_service_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read when nobody is named to ask; the settings that are missing are."""
    path = tmp_path / "note.txt"
    path.write_text(DOUBTFUL)
    monkeypatch.delenv("SPENDTRAIL_ASSISTANT_URL", raising=False)
    monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path))
    result = CliRunner().invoke(_app(), [str(path), "--assistant"])
    assert isinstance(result.exception, Refused)
    assert "set SPENDTRAIL_ASSISTANT_URL" in str(result.exception)
