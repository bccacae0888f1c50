"""`spendtrail extract` with its real workers."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import extracting
from cli.context import Refused

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
