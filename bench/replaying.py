"""What it takes to verify an audit log, and to replay it to an instant, as the command line does both.

Beside it, over the same bytes, nothing but SHA-256: what no way of verifying can fall below.
"""

import json
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from typing import Final

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

    Verifying is counted in seconds of processor, fetching included, so that other programs on the machine change it
    little; the seconds of replaying are those of the clock, from the start of the command to its last line. A first
    replay of a tenth of the entries shows what memory is due to their number.

    Raises:
        subprocess.CalledProcessError: a command failed.
        RuntimeError: a command did not see every entry.

    """
    expenses = max(entries // ENTRIES, AUDIT_LOG.partitions)
    with cluster(registry=True) as endpoints:
        provisioning.apply(endpoints.bootstrap_servers, endpoints.registry_url, topics=[AUDIT_LOG])
        tenth = max(expenses // 10, 1)
        hashing = _fill(endpoints, 0, tenth)
        _, early_mb, _ = _replayed(endpoints, tenth)
        hashing += _fill(endpoints, tenth, expenses)
        number = expenses * ENTRIES
        _, verify_mb, said = _run(endpoints, "verify", "--workers", "1", "--json")
        verified = json.loads(said)
        if (verified["entries"], verified["alterations"]) != (number, []):
            msg = f"{verified['entries']} of {number} entries were verified, {len(verified['alterations'])} altered"
            raise RuntimeError(msg)
        as_of_s, replay_mb, _ = _replayed(endpoints, expenses)
    verify_per_s, sha256_per_s = per_second(number, verified["processor_s"]), per_second(number, hashing)
    return Report(
        "replay",
        {
            "entries": number,
            "verify_per_s": verify_per_s,
            "sha256_per_s": sha256_per_s,
            "as_of_s": as_of_s,
            "as_of_per_s": per_second(number, as_of_s),
            "verify_peak_rss_mb": verify_mb,
            "peak_rss_mb": replay_mb,
            "tenth_peak_rss_mb": early_mb,
        },
        {"sha256": "SHA-256 of previous, metadata and event of each entry, nothing else", "workers": _WORKERS},
        {"verify_to_sha256": ratio(verify_per_s, sha256_per_s), "rss_growth": ratio(replay_mb, early_mb)},
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


def _replayed(endpoints: Endpoints, expenses: int) -> tuple[float, float, str]:
    found = _run(endpoints, "replay", "--as-of", _LATER.isoformat(), "--workers", str(_WORKERS), "--json")
    if (rows := found[2].count("\n")) != expenses:
        msg = f"{rows} of {expenses} expenses were replayed"
        raise RuntimeError(msg)
    return found


def _run(endpoints: Endpoints, *words: str) -> tuple[float, float, str]:
    """Run a verb of `audit`; return its seconds, the MiB of its largest process, and what it said."""
    began, largest = time.monotonic(), 0
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "cli.main", "audit", *words]
        with psutil.Popen(command, env=environment(endpoints), stdout=said) as child:
            while child.poll() is None:
                largest = max(largest, _resident(child))
                time.sleep(_LOOK_S)
        seconds = time.monotonic() - began
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        said.seek(0)
        return round(seconds, 2), round(largest / 2**20, 1), said.read().decode()


def _resident(child: psutil.Process) -> int:
    """Return the bytes of the largest of a process and its children; 0 where they are ending."""
    try:
        return max(each.memory_info().rss for each in (child, *child.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0
