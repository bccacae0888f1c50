"""What the tests of command-line verbs share: a home where nothing runs, and how a refusal is read."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of an installation where nothing runs."""
    for name in ("BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL", "READ_MODEL_URL", "TENANT"):
        monkeypatch.delenv(f"SPENDTRAIL_{name}", raising=False)
    monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"
