"""Damaged and hostile files, each in a process of its own with a ceiling on memory and time."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "bad_inputs"
SECONDS = 30
MEMORY = 2 * 1024**3

CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
from pathlib import Path
from documents.extract import extract
from documents.limits import LimitExceeded
for name in sys.argv[2:]:
    try:
        (found,) = extract(name, Path(name).read_bytes())
        ended = sorted({problem["code"] for problem in found["problems"]}) or ["READ"]
    except LimitExceeded as limit:
        ended = [f"LIMIT {limit.limit}"]
    print(json.dumps([name, ended]), flush=True)
"""


def _run(names: list[str]) -> dict[str, list[str]]:
    """How each file ended. They share a process, so that imports are paid once; a crash loses the rest, which shows."""
    command = [sys.executable, "-c", CHILD, str(MEMORY), *names]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=SECONDS * len(names), check=False)
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(1200)  # minutes on a loaded machine; each batch has a limit of its own
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no documents under {DATA}; set SPENDTRAIL_DATA")
def test_each_ends_with_a_result_or_a_problem() -> None:
    """Not one of three hundred crashes or hangs its process, or ends without saying how."""
    names = sorted(str(path) for path in DATA.rglob("*") if path.is_file())
    batches = [names[start::12] for start in range(12)]
    with ThreadPoolExecutor(3) as threads:
        ended = {name: how for batch in threads.map(_run, batches) for name, how in batch.items()}
    assert sorted(set(names) - set(ended)) == []
    assert "ENCRYPTED" in {code for codes in ended.values() for code in codes}
    assert any(codes == ["LIMIT pixels"] for codes in ended.values())
