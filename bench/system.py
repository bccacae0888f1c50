"""The whole system on two cores, as `spendtrail up` starts it: what whole-DAG benches run on."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__ = ["CORES", "UP_S", "command", "confined", "said", "system"]

CORES: Final = 2
# How long a verb may take that starts, stops or feeds the system.
UP_S: Final = 300.0


@contextmanager
def system(**settings: str) -> Iterator[Mapping[str, str]]:
    """Bring a system of its own up on two cores and take it down; yield the environment it runs under.

    Raises:
        TimeoutError: it did not come up.

    """
    home = Path(tempfile.mkdtemp(prefix="spendtrail-bench-"))
    # None of the project's settings; proxies and certificates are the machine's, and jars may have to be fetched.
    around = {name: value for name, value in os.environ.items() if not name.startswith("SPENDTRAIL_")}
    given = {**around, "SPENDTRAIL_HOME": str(home), **settings}
    try:
        with confined():
            said(given, "up", "--json", seconds=UP_S)
        yield given
    finally:
        said(given, "down", "--json", seconds=UP_S)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def confined() -> Iterator[None]:
    """Let what is started meanwhile run on two of the cores that this process may use, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def command(*words: str) -> list[str]:
    """Return a verb of the project as a command line."""
    return [str(Path(sys.executable).with_name("spendtrail")), *words]


def said(given: Mapping[str, str], *words: str, seconds: float) -> list[dict[str, Any]]:
    """Run a command as a user does and return the objects it prints.

    Raises:
        TimeoutError: it did not end in time, or failed; the message has what it said.

    """
    try:
        done = subprocess.run(
            command(*words), env=dict(given), capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"spendtrail {words[0]} did not end within {seconds:.0f} s"
        raise TimeoutError(msg) from error
    # 2: some were refused, which the answers say one by one.
    if done.returncode not in {0, 2} or (done.returncode and not done.stdout):
        msg = f"spendtrail {words[0]} failed: {done.stderr.strip()[-2000:]}"
        raise TimeoutError(msg)
    return [json.loads(line) for line in done.stdout.splitlines()]
