"""A whole system in a home of its own, driven through the command line as a user would."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import psutil

ROOT = Path(__file__).parents[2]
ENDED = {"posted", "reversed", "rejected", "merged", "dead_lettered", "in_review", "awaiting_receipt"}


class Whole:
    """`spendtrail up` in a temporary home; every method is a command line."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SPENDTRAIL_")}
        self.environment = {**clean, "SPENDTRAIL_HOME": str(home), "SPENDTRAIL_ACTOR": "R-1", **(environment or {})}
        self.addresses: dict[str, str] = {}

    def with_environment(self, **settings: str) -> "Whole":
        """Return the same system as it looks to somebody with other settings."""
        other = Whole(self.home, {**self.environment, **settings})
        other.addresses = self.addresses
        return other

    def run(self, *words: str, expect: Sequence[int] = (0,), timeout: float = 240) -> str:
        """Run a command and return what it prints."""
        done = self._ended(words, expect, timeout)
        return done.stdout if done.returncode == 0 or done.stdout else done.stderr

    def refused(self, *words: str) -> str:
        """Run a command that is refused with exit code 2 and return what it says about that."""
        return self._ended(words, (2,), 60).stderr

    def _ended(self, words: Sequence[str], expect: Sequence[int], timeout: float) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode in expect, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    @staticmethod
    def command(*words: str) -> list[str]:
        """Return the command line of a verb; it runs in ROOT."""
        return [sys.executable, "-P", "-m", "cli.main", *words]

    def json(self, *words: str, expect: Sequence[int] = (0,)) -> list[dict[str, Any]]:
        """Run a command with --json and return its objects."""
        return [json.loads(line) for line in self.run(*words, "--json", expect=expect).splitlines()]

    def up(self) -> None:
        """Start everything."""
        (self.addresses,) = self.json("up")

    def down(self) -> None:
        """Stop everything."""
        self.run("down")

    def status(self) -> dict[str, Any]:
        """Return the status."""
        return self.json("status")[0]

    def lag(self) -> dict[str, int]:
        """Return the lag of every stage."""
        return {row["stage"]: row["lag"] for row in self.status()["stages"]}

    def expenses(self, batch: str | None = None) -> dict[str, dict[str, Any]]:
        """Return the summaries of the expenses, by id."""
        words = ["list", "--limit", "100000", *(["--batch", batch] if batch else [])]
        return {row["expense_id"]: row for row in self.json(*words)}

    def settle(self, ids: set[str], seconds: float = 120) -> dict[str, dict[str, Any]]:
        """Wait until every expense has ended or waits for a person, and return their summaries."""
        deadline = time.monotonic() + seconds
        while True:
            known = {i: row for i, row in self.expenses().items() if i in ids}
            left = sorted(ids - {i for i, row in known.items() if row["state"] in ENDED})
            if not left:
                return known
            assert time.monotonic() < deadline, f"not ended: {[(i, known.get(i, {}).get('state')) for i in left]}"
            time.sleep(0.5)

    def rest(self, seconds: float = 60) -> None:
        """Wait until every stage's lag is exactly zero."""
        deadline = time.monotonic() + seconds
        while any((lag := self.lag()).values()):
            assert time.monotonic() < deadline, f"lag: {lag}"
            time.sleep(0.3)

    def postings(self) -> list[str]:
        """Return the expense ids of the ERP's postings."""
        answer = httpx2.get(f"{self.addresses['erp']}/api/v1/gl/postings", timeout=10)
        return [row["journal"]["expense_id"] for row in answer.json()["postings"]]

    def processes(self) -> list[int]:
        """Return the pids of everything that runs for this home."""
        found = []
        for process in psutil.process_iter(["pid"]):
            try:
                if str(self.home) in " ".join(process.cmdline()) or process.environ().get("SPENDTRAIL_HOME") == str(
                    self.home
                ):
                    found.append(process.pid)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found
