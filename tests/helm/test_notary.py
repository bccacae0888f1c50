"""Notary and witness in the chart: off by default, and apart from whoever writes the log."""

from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # ships no type information
import pytest

from tests.helm.chart import named, refusal, rendered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

ON = (
    *("--set", "notary.enabled=true", "--set", "notary.checkpointsUrl=s3://checkpoints/spendtrail"),
    *("--set", "notary.existingSecret=notary", "--set", "notary.storeSecret=notary-s3"),
)
WITNESS = (
    *("--set", "notary.witness.enabled=true", "--set", "notary.witness.existingSecret=witness"),
    *("--set", "notary.witness.keyUrl=https://vault.example/v1/transit/keys/witness"),
    *("--set", "notary.witness.item=token", "--set", "notary.witness.trusted=abcd"),
    *("--set", "notary.witness.rememberClaim=witness-memory", "--set", "notary.kafkaOptionsSecret=reader"),
)


def pod(cron: dict[str, Any]) -> dict[str, Any]:
    """Return the pod's spec of a CronJob."""
    spec: dict[str, Any] = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def environment(cron: dict[str, Any]) -> dict[str, Any]:
    """Return what is set for its container beside the settings."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in pod(cron)["containers"][0]["env"]}


def test_nobody_signs_by_default(helm: Path) -> None:
    """Without being asked for there is neither, and no pod has a key to sign with."""
    manifests = rendered(helm)
    assert [m for m in manifests if m["kind"] == "CronJob"] == []
    assert "SPENDTRAIL_NOTARY_KEY" not in str(manifests)


def test_a_notary_signs_with_a_key_of_its_own(helm: Path) -> None:
    """It has its Secret and its login of the store, nothing that opens personal data, and never runs twice at once."""
    manifests = rendered(helm, *ON)
    cron = named(manifests, "CronJob", "notary")
    kubernetes_validate.validate(cron, "1.34", strict=True)
    container = pod(cron)["containers"][0]
    assert container["args"] == ["spendtrail", "audit", "checkpoint", "--store", "s3://checkpoints/spendtrail"]
    assert environment(cron)["SPENDTRAIL_NOTARY_KEY"] == "/run/spendtrail/keys/signing.pem"
    assert {"secretRef": {"name": "notary-s3"}} in container["envFrom"]
    (secret,) = [v["secret"] for v in pod(cron)["volumes"] if "secret" in v]
    assert secret == {"secretName": "notary", "items": [{"key": "signing.pem", "path": "signing.pem"}]}
    assert pod(cron)["initContainers"][0]["args"] == ["/run/spendtrail/secret/signing.pem"]
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    others = [m for m in manifests if m["kind"] in {"Deployment", "Job"}]
    assert "notary" not in str(others)
    assert [m for m in manifests if m["kind"] == "CronJob"] == [cron]


def test_a_witness_signs_by_a_key_service_and_remembers(helm: Path) -> None:
    """It has a token and no key, the notary's public key, a place for what it signed, and a reader's login."""
    manifests = rendered(helm, *ON, *WITNESS)
    cron = named(manifests, "CronJob", "witness")
    kubernetes_validate.validate(cron, "1.34", strict=True)
    key = "https://vault.example/v1/transit/keys/witness"
    container = pod(cron)["containers"][0]
    assert container["args"][2:] == [
        *("witness", "--store", "s3://checkpoints/spendtrail", "--signing-key", key),
        *("--key", "abcd", "--remember", "/remembered/checkpoints"),
    ]
    assert environment(cron)["SPENDTRAIL_NOTARY_TOKEN_FILE"] == "/run/spendtrail/keys/token"  # noqa: S105 - a path
    assert environment(cron)["SPENDTRAIL_KAFKA_OPTIONS"]["secretKeyRef"]["name"] == "reader"
    assert {"name": "remembered", "persistentVolumeClaim": {"claimName": "witness-memory"}} in pod(cron)["volumes"]
    assert {"name": "remembered", "mountPath": "/remembered"} in container["volumeMounts"]
    notary = environment(named(manifests, "CronJob", "notary"))
    assert notary["SPENDTRAIL_KAFKA_OPTIONS"]["secretKeyRef"]["name"] == "reader"


@pytest.mark.parametrize("name", ["notary", "witness"])
def test_who_signs_is_confined(helm: Path, name: str) -> None:
    """As every pod: not root, no token of the API server, nothing gained, nothing written to the image."""
    found = pod(named(rendered(helm, *ON, *WITNESS), "CronJob", name))
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["restartPolicy"] == "Never"
    for container in (*found["containers"], *found["initContainers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


def test_a_notary_without_key_or_store_is_refused(helm: Path) -> None:
    """What is missing is named, before anything is installed."""
    assert "notary.checkpointsUrl is empty" in refusal(helm, "--set", "notary.enabled=true")
    said = refusal(helm, *ON[:4])
    assert "notary.existingSecret is empty" in said
    assert "notary.witness.existingSecret is empty" in refusal(helm, *ON, "--set", "notary.witness.enabled=true")
