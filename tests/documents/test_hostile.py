"""Damaged and hostile files, read side by side with a ceiling on memory and time."""

import os
from pathlib import Path

import pytest

from bench.hostile import measure

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "bad_inputs"
SECONDS = 30
MEBIBYTES = 1024


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(1200)  # minutes on a loaded machine; each file has a limit of its own
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no documents under {DATA}; set SPENDTRAIL_DATA")
def test_each_ends_with_a_result_or_a_problem() -> None:
    """Not one of three hundred crashes its worker or takes a gibibyte or half a minute; each says how it ended."""
    report = measure(DATA)
    figures, codes = report.figures, report.baselines["codes"]
    files = sum(path.is_file() for path in DATA.rglob("*"))
    assert files >= 300
    assert (figures["files"], figures["ended"]) == (files, files)
    assert (figures["crashed"], figures["over_time"], figures["over_memory"]) == (0, 0, 0)
    assert isinstance(figures["slowest_s"], float)
    assert isinstance(figures["largest_mib"], int)
    assert figures["slowest_s"] < SECONDS
    assert figures["largest_mib"] < MEBIBYTES
    assert figures["accepted"] == 0
    # Two of them claim more pixels than their bytes can hold: that is damage, and none breaks a limit.
    assert codes["ENCRYPTED"] >= 10
    assert codes["CORRUPT"] >= 30
    assert "LIMIT_EXCEEDED" not in codes
