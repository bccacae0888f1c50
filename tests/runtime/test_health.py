"""What a process says of itself over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import prometheus_client as prometheus
import pytest

from consumers.runtime.health import Health, HealthServer
from consumers.runtime.telemetry import PrometheusTelemetry


class Now:
    """A clock that is set."""

    seconds = 0.0

    def __call__(self) -> float:
        """Return the time set."""
        return self.seconds


@pytest.fixture
def now() -> Now:
    """Return the clock the process's health goes by."""
    return Now()


@pytest.fixture
def health(now: Now) -> Health:
    """Return the health of a process that is up."""
    return Health(now, ready=True)


@pytest.fixture
def url(health: Health) -> Iterator[str]:
    """Return where the process answers."""
    registry = prometheus.CollectorRegistry()
    PrometheusTelemetry("parse", registry).count("records_in", 3)
    server = HealthServer(health, registry, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a loopback address of the test's own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_process_that_goes_round_is_alive_and_ready(url: str) -> None:
    """Both probes answer 200."""
    assert _get(f"{url}/healthz")[0] == 200
    assert _get(f"{url}/readyz") == (200, '{"ready": true, "missing": {}, "halted": ""}\n')


def test_readiness_names_what_is_missing(url: str, health: Health) -> None:
    """A missing dependency makes it unready, not dead: a restart would not help."""
    health.missing = {"registry": "does not answer"}
    code, body = _get(f"{url}/readyz")
    assert (code, json.loads(body)["missing"]) == (503, {"registry": "does not answer"})
    assert _get(f"{url}/healthz")[0] == 200


def test_a_stuck_process_is_not_alive(url: str, health: Health, now: Now) -> None:
    """A polling thread that has not come round for a minute should be restarted."""
    now.seconds = 59
    assert _get(f"{url}/healthz")[0] == 200
    now.seconds = 61
    assert _get(f"{url}/healthz")[0] == 503
    health.beats()
    assert _get(f"{url}/healthz")[0] == 200


def test_a_halted_stage_says_why(url: str, health: Health) -> None:
    """Both probes fail and carry the reason."""
    health.halted = "no step from 'posted' to 'read'"
    for probe in ("healthz", "readyz"):
        code, body = _get(f"{url}/{probe}")
        assert (code, json.loads(body)["halted"]) == (503, "no step from 'posted' to 'read'")


def test_metrics_carry_the_stage(url: str) -> None:
    """Every metric is there from the start, labelled with its stage."""
    code, body = _get(f"{url}/metrics")
    assert code == 200
    assert 'spendtrail_records_in_total{stage="parse"} 3.0' in body
    assert 'spendtrail_dead_letters_total{stage="parse"} 0.0' in body


def test_a_gauge_of_a_partition_goes_with_the_partition() -> None:
    """It bears the partition's number while the process owns it; taking it away twice is no error."""
    registry = prometheus.CollectorRegistry()
    telemetry = PrometheusTelemetry("coding", registry)
    telemetry.set_of(3, "oldest_waiting_seconds", 12.5)
    telemetry.set_of(1, "oldest_waiting_seconds", 0.0)
    labels = {"stage": "coding", "partition": "3"}
    assert registry.get_sample_value("spendtrail_oldest_waiting_seconds", labels) == 12.5
    for _ in range(2):
        telemetry.set_of(3, "oldest_waiting_seconds", None)
    assert registry.get_sample_value("spendtrail_oldest_waiting_seconds", labels) is None
    assert registry.get_sample_value("spendtrail_oldest_waiting_seconds", labels | {"partition": "1"}) == 0.0


def test_other_paths_are_not_found(url: str) -> None:
    """The answer says what there is."""
    assert _get(f"{url}/")[0] == 404
