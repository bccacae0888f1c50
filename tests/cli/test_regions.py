"""Sending for a tenant whose data must stay in another region, to a real cluster."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import auditlog
from cli.context import session
from cli.main import app
from devstack import stack
from producers import provisioning
from producers.custody import ensure_secrets
from schemas.events import ExpenseSubmitted
from schemas.topics import SUBMITTED


@pytest.mark.kafka
def test_an_upload_goes_to_the_cluster_and_bucket_of_its_region(
    kafka_stack: stack.Endpoints, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run in one region for a tenant of another: event and document are there, stamped, and nothing of it is here."""
    tenant = f"globex-{tmp_path.name}"
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url)
    there = {
        "bootstrap_servers": kafka_stack.bootstrap_servers,
        "schema_registry_url": kafka_stack.registry_url,
        "object_store": (tmp_path / "us").as_uri(),
    }
    monkeypatch.setenv("SPENDTRAIL_REGION", "eu")
    monkeypatch.setenv("SPENDTRAIL_RESIDENCY", json.dumps({tenant: "us", "*": "eu"}))
    monkeypatch.setenv("SPENDTRAIL_REGIONS", json.dumps({"us": there}))
    # Nobody listens here: had it gone to this region, it would have failed.
    monkeypatch.setenv("SPENDTRAIL_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setenv("SPENDTRAIL_SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")
    ensure_secrets(session().settings)
    document = tmp_path / "receipt.txt"
    document.write_text("Paper and ink 40.00")
    result = CliRunner().invoke(app, ["upload", str(document), "--tenant", tenant, "--employee", "E-1", "--json"])
    assert result.exit_code == 0, result.output
    far = session().within(tenant)
    opener = auditlog.codec(far)
    events = auditlog.decoded(auditlog.records(far, SUBMITTED, quiet=True), opener)
    (submitted,) = [e for e in events if isinstance(e, ExpenseSubmitted) and e.tenant_id == tenant]
    assert submitted.context.region == "us"
    assert (tmp_path / "us" / submitted.document.url).is_file()
    assert not (home / "documents").exists()
