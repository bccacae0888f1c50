"""One share of the test files: what several processes run beside each other without each importing all of them.

The workers of one run all collect every file; importing them takes longer than most of the tests. Files are dealt out
by size, the largest first, each to the share that has the least: nobody keeps a list, and the shares end together.
"""

import re
from pathlib import Path
from typing import Final

import pytest

_MINE: Final = pytest.StashKey[frozenset[Path]]()
_SHARE: Final = re.compile(r"([1-9]\d?)/([1-9]\d?)")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the share to run."""
    parser.addoption("--share", metavar="K/N", default="1/1", help="run the K-th of N shares of the test files")


def pytest_configure(config: pytest.Config) -> None:
    """Deal the files out.

    Raises:
        pytest.UsageError: the share is not K/N with K no more than N.

    """
    asked = str(config.getoption("--share"))
    told = _SHARE.fullmatch(asked)
    if told is None or int(told[1]) > int(told[2]):
        msg = f"--share {asked}: give K/N, K from 1 to N, such as 2/4"
        raise pytest.UsageError(msg)
    if int(told[2]) > 1:
        sizes = {path: path.stat().st_size for path in (config.rootpath / "tests").rglob("test_*.py")}
        config.stash[_MINE] = dealt(sizes, int(told[2]))[int(told[1]) - 1]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over the files of the other shares."""
    mine = config.stash.get(_MINE, None)
    return None if mine is None or collection_path.suffix != ".py" else (collection_path not in mine) or None


def dealt(sizes: dict[Path, int], number: int) -> list[frozenset[Path]]:
    """Return the files in so many shares of about the same size, the same whenever the files are."""
    shares: list[list[Path]] = [[] for _ in range(number)]
    held = [0] * number
    for path in sorted(sizes, key=lambda path: (-sizes[path], path)):
        least = held.index(min(held))
        shares[least].append(path)
        held[least] += sizes[path]
    return [frozenset(share) for share in shares]
