"""A running ledger: in this process, or in one of its own where it is to be killed."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.erp.serving import ledger, shared

__all__ = ["ledger", "shared", "start_process"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[bytes], httpx2.Client]]]:
    """Give a function that starts `python -m erp` on one folder and waits until it answers; all end with the test."""
    started: list[subprocess.Popen[bytes]] = []
    clients: list[httpx2.Client] = []

    def start() -> tuple[subprocess.Popen[bytes], httpx2.Client]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "erp", "--port", str(port), "--data", str(tmp_path), "--log-level", "error"]
        process = subprocess.Popen(command, cwd=ROOT)
        started.append(process)
        client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
        clients.append(client)
        _await_health(client)
        return process, client

    yield start
    for client in clients:
        client.close()
    for process in started:
        process.kill()
        process.wait()


def _await_health(client: httpx2.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/healthz").is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    pytest.fail("the ledger did not answer within 10 s")
