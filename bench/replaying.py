"""What it takes to verify an audit log, and to replay it to an instant, as the command line does both.

Beside it, over the same bytes, nothing but SHA-256: what no way of verifying can fall below.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Final

import psutil

from bench.cluster import cluster
from bench.report import Report, per_second, ratio
from bench.trails import BEGUN, ENTRIES, trail
from bench.watching import environment
from config.settings import Settings
from devstack.stack import Endpoints
from producers import provisioning
from producers.edge import codec_of, open_publisher
from schemas.events import AuditSealed
from schemas.topics import AUDIT_LOG

__all__ = ["ENTRIES_MEASURED", "measure"]

ENTRIES_MEASURED: Final = 1_000_000
_WORKERS: Final = 2
_LOOK_S: Final = 0.1
_LATER: Final = BEGUN.replace(year=BEGUN.year + 9)


def measure(*, entries: int = ENTRIES_MEASURED) -> Report:
    """Return entries verified a processor-second, and seconds of replaying all of them with two processes.

    Both are counted in seconds of processor too, fetching, starting and writing out included, so that other programs
    on the machine change them little; `as_of_s` are those of the clock, from the start of the command to its last
    line. Both are done to a tenth of the entries first, which shows what memory is due to their number.

    Raises:
        subprocess.CalledProcessError: a command failed.
        RuntimeError: a command did not see every entry.

    """
    expenses = max(entries // ENTRIES, AUDIT_LOG.partitions)
    with cluster(registry=True) as endpoints:
        provisioning.apply(endpoints.bootstrap_servers, endpoints.registry_url, topics=[AUDIT_LOG])
        tenth = max(expenses // 10, 1)
        hashing = _fill(endpoints, 0, tenth)
        first_look, _ = _verified(endpoints, tenth)
        first = _replayed(endpoints, tenth)
        hashing += _fill(endpoints, tenth, expenses)
        number = expenses * ENTRIES
        look, processor_s = _verified(endpoints, expenses)
        replayed = _replayed(endpoints, expenses)
    verify_per_s, sha256_per_s = per_second(number, processor_s), per_second(number, hashing)
    return Report(
        "replay",
        {
            "entries": number,
            "verify_per_s": verify_per_s,
            "sha256_per_s": sha256_per_s,
            "as_of_s": replayed.seconds,
            "as_of_per_s": per_second(number, replayed.seconds),
            "as_of_processor_s": replayed.processor_s,
            "verify_peak_rss_mb": look.largest_mb,
            "verify_tenth_peak_rss_mb": first_look.largest_mb,
            "peak_rss_mb": replayed.largest_mb,
            "tenth_peak_rss_mb": first.largest_mb,
        },
        {"sha256": "SHA-256 of previous, metadata and event of each entry, nothing else", "workers": _WORKERS},
        {
            "verify_to_sha256": ratio(verify_per_s, sha256_per_s),
            "rss_growth": ratio(replayed.largest_mb, first.largest_mb),
            "verify_rss_growth": ratio(look.largest_mb, first_look.largest_mb),
        },
    )


def _fill(endpoints: Endpoints, first: int, last: int) -> float:
    """Write the trails of expenses and return seconds of processor that hashing them takes."""
    settings = Settings(bootstrap_servers=endpoints.bootstrap_servers, schema_registry_url=endpoints.registry_url)
    codec, seconds = codec_of(settings), 0.0
    with open_publisher(settings, codec) as publisher:
        for number in range(first, last):
            entries = list(trail(codec, number))
            seconds += _hashing(entries)
            for entry in entries:
                publisher.publish(entry, AUDIT_LOG, number % AUDIT_LOG.partitions)
    return seconds


def _hashing(entries: list[AuditSealed]) -> float:
    contents = [bytes.fromhex(x.previous) + x.metadata.encode() + (x.output or b"") for x in entries]
    began = time.process_time()
    for content in contents:
        sha256(content).digest()
    return time.process_time() - began


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a command took: seconds by the clock and of processor, and MiB of its largest process."""

    seconds: float
    processor_s: float
    largest_mb: float


def _verified(endpoints: Endpoints, expenses: int) -> tuple[_Ran, float]:
    """Verify with one process; return what that took, and seconds of processor without starting the command."""
    with tempfile.TemporaryFile() as said:
        ran = _run(endpoints, said, "verify", "--workers", "1", "--json")
        told = json.load(said)
    if (told["entries"], told["alterations"]) != (expenses * ENTRIES, []):
        msg = f"{told['entries']} of {expenses * ENTRIES} entries were verified, {len(told['alterations'])} altered"
        raise RuntimeError(msg)
    return ran, told["processor_s"]


def _replayed(endpoints: Endpoints, expenses: int) -> _Ran:
    with tempfile.TemporaryFile() as said:
        ran = _run(endpoints, said, "replay", "--as-of", _LATER.isoformat(), "--workers", str(_WORKERS), "--json")
        rows = sum(1 for _ in said)
    if rows != expenses:
        msg = f"{rows} of {expenses} expenses were replayed"
        raise RuntimeError(msg)
    return ran


def _run(endpoints: Endpoints, said: IO[bytes], *words: str) -> _Ran:
    """Run a verb of `audit`; what it says goes to the file, which is read from its beginning next."""
    began, before, largest = time.monotonic(), _spent(), 0
    command = [sys.executable, "-m", "cli.main", "audit", *words]
    with psutil.Popen(command, env=environment(endpoints), stdout=said) as child:
        while child.poll() is None:
            largest = max(largest, _resident(child))
            time.sleep(_LOOK_S)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    said.seek(0)
    return _Ran(round(time.monotonic() - began, 2), round(_spent() - before, 2), round(largest / 2**20, 1))


def _spent() -> float:
    """Return the seconds of processor of all processes this one started and saw end, and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _resident(child: psutil.Process) -> int:
    """Return the bytes of the largest of a process and its children; 0 where they are ending."""
    try:
        return max(each.memory_info().rss for each in (child, *child.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0
