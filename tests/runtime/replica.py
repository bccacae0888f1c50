"""A stage process under test, from outside: started, probed, stopped, killed."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from devstack import process
from devstack.stack import Endpoints

__all__ = ["Replica"]

_ROOT = Path(__file__).parents[2]


class Replica:
    """One replica; `home` is shared by the replicas of a test, `instance` tells them apart."""

    def __init__(self, endpoints: Endpoints, home: Path, prefix: str, kind: str, instance: str) -> None:
        self._folder = home / "state" / f"{prefix}-{kind}" / instance
        self.log = home / f"{kind}.{instance}.log"
        self._argv = [sys.executable, "-m", "tests.runtime.child", prefix, kind]
        self._env = os.environ | {
            "PYTHONPATH": str(_ROOT),
            "SPENDTRAIL_HOME": str(home),
            "SPENDTRAIL_INSTANCE": instance,
            "SPENDTRAIL_BOOTSTRAP_SERVERS": endpoints.bootstrap_servers,
            "SPENDTRAIL_SCHEMA_REGISTRY_URL": endpoints.registry_url or "",
        }
        self.start()

    def start(self) -> None:
        """Start it, again after its end."""
        self._process = process.spawn(self._argv, log=self.log, env=self._env, cwd=_ROOT)

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of a probe; (0, None) while nothing answers."""
        try:
            port = json.loads((self._folder / "address.json").read_text())["port"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except (OSError, ValueError):
            return 0, None

    def until_ready(self, seconds: float = 60) -> None:
        """Wait until it is ready."""
        self.until("/readyz", 200, seconds=seconds)

    def until(self, path: str, code: int, *, seconds: float = 60) -> Any:
        """Wait until a probe answers with a code and return its JSON."""
        deadline = time.monotonic() + seconds
        while (answer := self.get(path))[0] != code:
            assert time.monotonic() < deadline, f"{path} did not answer {code}: {answer}\n{process.tail(self.log)}"
            time.sleep(0.05)
        return answer[1]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return process.is_alive(self._process)

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs."""
        return process.exit_code(self._process)

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        process.send(self._process, number)

    def terminate(self, seconds: float = 40) -> int | None:
        """Ask it to end, wait, and return its exit code."""
        self.send(signal.SIGTERM)
        process.wait_for(lambda: not self.alive, timeout_s=seconds)
        return self.exit_code

    def kill(self) -> None:
        """End it as a crash would."""
        process.kill(self._process)
