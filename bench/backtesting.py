"""How long judging half a million decided lines anew under another policy takes, and in how much memory.

What is timed is the command as a user runs it, from its start to its answer. Beside it stands the plain way: one
process that decodes every event whole.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psutil

from bench.cluster import cluster, create_topics
from bench.judged import fill, judged
from bench.report import Report, per_second, ratio
from bench.watching import environment
from policy.backtest import rejudge
from policy.documents import check_document, shipped
from policy.snapshot import Snapshot
from schemas.codec import Codec, registry_at
from schemas.events import ExpenseEvaluated
from schemas.topics import AUDIT_LOG, EVALUATED

__all__ = ["measure"]

_PROCESSES: Final = 2
_LIMIT_S: Final = 900.0
_LOOK_S: Final = 0.05
# The plain way is measured on so many lines: its pace does not change with their number.
_PLAIN: Final = 5_000
# What the other policy changes: of these the limit is half.
_HALVED: Final = frozenset({"category.meals", "category.office-supplies"})


def measure(*, lines: int = 500_000) -> Report:
    """Return seconds and peak memory for `lines` decided lines on two processes, and how memory grows with them.

    Raises:
        TimeoutError: the command failed, or did not end within a quarter of an hour.

    """
    few = lines // 10
    with cluster(registry=True) as endpoints:
        bootstrap, registry = endpoints.bootstrap_servers, endpoints.registry_url or ""
        create_topics(bootstrap, [EVALUATED, AUDIT_LOG])
        policy = _changed(endpoints.home / "changed.json")
        given = environment(endpoints)
        fill(bootstrap, registry, 0, few, processes=_PROCESSES)
        first = _run(given, policy, few)
        fill(bootstrap, registry, few, lines, processes=_PROCESSES)
        whole = _run(given, policy, lines)
        plain = _plain(registry)
    told: Mapping[str, Any] = whole["answer"]
    rate = per_second(lines, whole["seconds"])
    return Report(
        "backtest",
        {
            "seconds": whole["seconds"],
            "lines": told["judged"],
            "lines_per_s": rate,
            "newly_flagged": told["newly_flagged"]["number"],
            "newly_cleared": told["newly_cleared"]["number"],
            "peak_rss_mb": whole["mb"],
            "few_lines": few,
            "few_seconds": first["seconds"],
            "few_peak_rss_mb": first["mb"],
        },
        {
            "plain_per_s": plain,
            "plain": f"one process that decodes {_PLAIN} events whole and judges them, without reading Kafka",
            "processes": _PROCESSES,
            "mb": "resident set of the command and its processes, 10^6 bytes",
            "cores": os.cpu_count(),
        },
        {"rate_to_plain": ratio(rate, plain), "rss_growth": ratio(whole["mb"], first["mb"])},
    )


def _changed(path: Path) -> Path:
    data = shipped().model_dump(mode="json")
    for limit in data["limits"]:
        if limit["id"] in _HALVED:
            limit["limit"] = f"{Decimal(limit['limit']) / 2:.2f}"
    path.write_text(json.dumps(data))
    return path


def _run(given: Mapping[str, str], policy: Path, lines: int) -> dict[str, Any]:
    """Run the command, watching what it and its processes weigh."""
    command = Path(sys.executable).with_name("spendtrail")
    words = ("policy", "backtest", "--policy", str(policy), "--processes", str(_PROCESSES), "--json")
    most, began = 0, time.perf_counter()
    with subprocess.Popen(
        [command, *words], env=dict(given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        root = psutil.Process(running.pid)
        while running.poll() is None and time.perf_counter() - began < _LIMIT_S:
            most = max(most, _weight(root))
            time.sleep(_LOOK_S)
        seconds = time.perf_counter() - began
        running.kill()
        said, failed = running.communicate()
    answer = json.loads(said) if said else {}
    if answer.get("judged") != lines:
        msg = f"the backtest judged {answer.get('judged')} of {lines} lines: {failed.strip()[-2000:]}"
        raise TimeoutError(msg)
    return {"seconds": round(seconds, 2), "mb": round(most / 1e6, 1), "answer": answer}


def _weight(root: psutil.Process) -> int:
    total = 0
    for process in (root, *_children(root)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _plain(registry: str) -> float:
    codec = Codec(registry_at(registry))
    values = [codec.encode(event) for event in judged(0, _PLAIN)]
    policy = Snapshot.of(check_document(shipped().model_dump(mode="json"), "plain")).compiled()
    began = time.perf_counter()
    for value in values:
        event = codec.decode(value)
        if isinstance(event, ExpenseEvaluated):
            rejudge(event, policy)
    return per_second(len(values), time.perf_counter() - began)
