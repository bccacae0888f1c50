"""The services as processes: they start from the environment, say what is wrong, and end on SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from config.settings import Settings

pytestmark = pytest.mark.slow


def _environment(settings: Settings, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "SPENDTRAIL_HOME": str(settings.home),
        "SPENDTRAIL_BOOTSTRAP_SERVERS": settings.bootstrap_servers or "",
        "SPENDTRAIL_SCHEMA_REGISTRY_URL": settings.schema_registry_url or "",
        **more,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.kafka
def test_the_upload_service_serves_and_ends_on_sigterm(settings: Settings) -> None:
    """It answers on its port and leaves with code 0 when told to."""
    port = _free_port()
    environment = _environment(
        settings, SPENDTRAIL_UPLOAD_PORT=str(port), SPENDTRAIL_DOOR_GROUPS='{"ocr": "expense.submitted"}'
    )
    process = subprocess.Popen([sys.executable, "-m", "producers", "upload"], env=environment, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert time.monotonic() < deadline
            assert process.poll() is None
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}


@pytest.mark.kafka
def test_the_ticker_ends_on_sigterm(settings: Settings) -> None:
    """It leaves with code 0 and no traceback."""
    environment = _environment(settings, SPENDTRAIL_TICK_S="0.2")
    process = subprocess.Popen([sys.executable, "-m", "producers", "ticker"], env=environment, stderr=subprocess.PIPE)
    try:
        assert process.stderr
        assert any(b"ticking" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert b"Traceback" not in told


@pytest.mark.parametrize(("service", "told"), [("upload", "SPENDTRAIL_BOOTSTRAP_SERVERS"), ("x", "upload, ticker")])
def test_what_is_missing_is_said_in_one_line(tmp_path: Path, service: str, told: str) -> None:
    """Without addresses or with an unknown name the exit code is 2 and the message names the remedy."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPENDTRAIL_")}
    answer = subprocess.run(
        [sys.executable, "-m", "producers", service],
        env={**environment, "SPENDTRAIL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 2
    assert told in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
