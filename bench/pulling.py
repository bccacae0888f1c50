"""What a pull from PostgreSQL loses, doubles and holds in memory when it is killed twice on its way.

The command runs as a user runs it, is killed with SIGKILL in the middle of a portion, and is run again. Then the topic
is read from its beginning: every row must be one expense, or one dead letter, and the amounts must add up.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Final

import psutil
import psycopg
from confluent_kafka import Consumer, TopicPartition
from psycopg import sql

from bench.cluster import cluster
from bench.report import Report, per_second
from bench.watching import environment
from devstack import postgres
from devstack.stack import Endpoints
from producers.pull.source import PORTION
from schemas.codec import Codec, Undecodable, registry_at
from schemas.events import ExpenseParsed
from schemas.topics import DEAD_LETTERS, PARSED, PULLS
from streams.client import client_settings
from streams.tail import KafkaTail

__all__ = ["Killed", "Landed", "fill", "landed", "measure", "pull_killed"]

_TABLE: Final = "card_lines"
_TENANT: Final = "pulled"
_CARDS: Final = 500
# One row in so many has no amount.
_BAD: Final = 1_000
_LOOK_S: Final = 0.2
# Into the portion behind the one that was committed.
_INTO_S: Final = 0.4
_RUN_S: Final = 3_600.0
_TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class Killed:
    """What was seen from outside: kills, seconds of all runs, and (portions committed, bytes) of the last run."""

    kills: int = 0
    seconds: float = 0.0
    memory: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Landed:
    """What lies in the topics: events and distinct expenses of the tenant, their total, and rows that are letters."""

    events: int = 0
    expenses: int = 0
    total: Decimal = Decimal(0)
    dead_letters: int = 0


def fill(url: str, table: str, rows: int) -> tuple[int, Decimal]:
    """Make the table with that many rows, and return how many are good and what they add up to."""
    name = sql.Identifier(table)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
        connection.execute(
            sql.SQL(
                "CREATE TABLE {} (id bigint PRIMARY KEY, card_number text NOT NULL, transaction_date date NOT NULL, "
                "amount numeric(12, 2), currency text NOT NULL, merchant text NOT NULL, notes text)"
            ).format(name)
        )
        connection.execute(
            sql.SQL(
                "INSERT INTO {} SELECT n, 'card ' || n % {cards}, date '2026-01-01' + (n % 300)::int, "
                "CASE WHEN n % {bad} = 0 THEN NULL ELSE (n * 7919 % 90000 + 100) / 100.0 END, 'GBP', "
                "'MERCHANT ' || n % 5000, 'note ' || n FROM generate_series(1::bigint, {rows}) AS n"
            ).format(name, cards=sql.Literal(_CARDS), bad=sql.Literal(_BAD), rows=sql.Literal(rows))
        )
        found = connection.execute(sql.SQL("SELECT count(amount), sum(amount) FROM {}").format(name)).fetchone()
    return (found[0], found[1]) if found else (0, Decimal(0))


def pull_killed(
    words: Sequence[str], given: Mapping[str, str], endpoints: Endpoints, kill_at: Sequence[int], log: Path
) -> Killed:
    """Run the command, killing it whenever so many portions are committed as `kill_at` says next, until it ends.

    Raises:
        TimeoutError: it did not end within an hour.
        subprocess.CalledProcessError: it failed; the log says why.

    """
    seen, began, left = Killed(), time.monotonic(), list(kill_at)
    # A transaction of a pull from a table writes one record here, and its marker.
    watched = Consumer({**client_settings(endpoints.bootstrap_servers, {}), "group.id": "watch-pull"})
    place = TopicPartition(PULLS.name, 0)
    first = watched.get_watermark_offsets(place, timeout=_TIMEOUT_S)[1]
    while True:
        with log.open("ab") as said, subprocess.Popen(list(words), env=dict(given), stdout=said, stderr=said) as child:
            seen.memory.clear()
            while child.poll() is None:
                portions = (watched.get_watermark_offsets(place, timeout=_TIMEOUT_S)[1] - first + 1) // 2
                with suppress(psutil.Error):
                    seen.memory.append((portions, psutil.Process(child.pid).memory_full_info().uss))
                if left and portions >= left[0]:
                    time.sleep(_INTO_S)
                    left.pop(0)
                    child.kill()
                    child.wait()
                    seen.kills += 1
                if time.monotonic() - began > _RUN_S:
                    child.kill()
                    msg = f"not through after {_RUN_S:.0f} s; {log} says how far it came"
                    raise TimeoutError(msg)
                time.sleep(_LOOK_S)
        if child.returncode >= 0:
            break
    watched.close()
    seen.seconds = time.monotonic() - began
    if child.returncode > 1:
        raise subprocess.CalledProcessError(child.returncode, list(words), stderr=log.read_text()[-2000:])
    return seen


def _records(endpoints: Endpoints, topic: str) -> Iterator[tuple[bytes, bytes]]:
    tail = KafkaTail(client_settings(endpoints.bootstrap_servers, {}), topic, None, None, _TIMEOUT_S)
    while chunk := tail.catch_up():
        yield from ((record.value or b"", record.header("__dlq.sealed.tenant") or b"") for record in chunk)
    tail.close()


def landed(endpoints: Endpoints, tenant: str) -> Landed:
    """Return what was committed to the topics for a tenant; what cannot be read is nobody's and counts for none."""
    codec = Codec(registry_at(endpoints.registry_url or ""))
    times: Counter[str] = Counter()
    total = Decimal(0)
    for value, _ in _records(endpoints, PARSED.name):
        try:
            event = codec.decode(value)
        except Undecodable:
            continue
        if isinstance(event, ExpenseParsed) and event.tenant_id == tenant:
            times[event.expense_id] += 1
            total += event.facts.total or 0
    letters = sum(opens == tenant.encode() for _, opens in _records(endpoints, DEAD_LETTERS.name))
    return Landed(times.total(), len(times), total, letters)


def measure(rows: int = 500_000) -> Report:
    """Return what became of a pull of so many rows that was killed after a twentieth and a tenth of its portions.

    Raises:
        TimeoutError, subprocess.CalledProcessError: the pull did not end, or failed.
        PostgresError: PostgreSQL is not installed.

    """
    home = Path(tempfile.mkdtemp(prefix="spendtrail-bench-pull-"))
    try:
        url = postgres.start(home)
        good, spent = fill(url, _TABLE, rows)
        with cluster(registry=True) as endpoints:
            given = environment(endpoints, SPENDTRAIL_LAG_BOUND=str(2 * rows))
            command = str(Path(sys.executable).with_name("spendtrail"))
            subprocess.run([command, "prepare"], env=given, check=True, stdout=subprocess.DEVNULL)
            words = [command, "pull", url, "--table", _TABLE, "--tenant", _TENANT, "--json"]
            portions = -(-rows // PORTION)
            killed = pull_killed(words, given, endpoints, (portions // 20, portions // 10), home / "pull.log")
            found = landed(endpoints, _TENANT)
    finally:
        postgres.remove(home)
        shutil.rmtree(home, ignore_errors=True)
    early, late = _megabytes(killed.memory)
    return Report(
        "pull",
        {
            "rows": rows,
            "kills": killed.kills,
            "expenses": found.expenses,
            "dead_letters": found.dead_letters,
            "missing": rows - found.expenses - found.dead_letters,
            "duplicates": found.events - found.expenses,
            "amount_off": str(found.total - spent),
            "seconds": round(killed.seconds, 1),
            "rows_per_s": per_second(rows, killed.seconds),
            "early_mb": early,
            "late_mb": late,
        },
        {
            "good_rows": good,
            "memory": "unique set size in 10^6 bytes of the last run, median of its second tenth and of its last",
        },
        {"memory_growth": round(late / early, 3) if early and late else None},
    )


def _megabytes(memory: Sequence[tuple[int, int]]) -> tuple[float | None, float | None]:
    """Return the memory of a run's second tenth and of its last."""
    tenth = len(memory) // 10
    if not tenth:
        return None, None
    sizes = [size / 1e6 for _, size in memory]
    return round(median(sizes[tenth : 2 * tenth]), 1), round(median(sizes[-tenth:]), 1)
