"""What Helm renders is what Kubernetes takes, and what the stage table asks for."""

from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # ships no type information
import pytest
import yaml

from config.settings import read_settings
from consumers.stages import STAGES
from tests.helm.chart import CHART, Manifest, named, refusal, rendered, run_helm

# Slow, because Helm is built first where it is not in the cache.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CRDS = {
    "ScaledObject": yaml.safe_load((Path(__file__).parent / "crds" / "scaledobject.yaml").read_text(encoding="utf-8")),
    "PodMonitor": yaml.safe_load((Path(__file__).parent / "crds" / "podmonitor.yaml").read_text(encoding="utf-8")),
}
EXAMPLES = {
    "shipped": (),
    "small": ("--values", str(CHART / "examples" / "small-values.yaml")),
    "production": ("--values", str(CHART / "examples" / "production-values.yaml")),
}
# The oldest version that Chart.yaml allows, and the newest that the schemas know.
VERSIONS = ("1.30", kubernetes_validate.latest_version())


def pod_of(manifest: Manifest) -> Manifest:
    """Return the pod a workload starts."""
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found


def mounts(manifest: Manifest) -> set[str]:
    """Return the names of the volumes that a workload's main container sees."""
    return {mount["name"] for mount in pod_of(manifest)["containers"][0]["volumeMounts"]}


@pytest.mark.parametrize("example", EXAMPLES)
def test_lint_finds_nothing(helm: Path, example: str) -> None:
    """`helm lint --strict` takes the chart with each example."""
    done = run_helm(helm, "lint", "--strict", str(CHART), *EXAMPLES[example])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_manifest_is_valid(helm: Path, example: str, version: str) -> None:
    """Kubernetes' own schemas, strict, and those of the two foreign kinds, take every manifest."""
    manifests = rendered(helm, *EXAMPLES[example])
    for manifest in manifests:
        if crd := CRDS.get(manifest["kind"]):
            jsonschema.Draft202012Validator(crd).validate(manifest)
        else:
            kubernetes_validate.validate(manifest, version, strict=True)
        assert manifest["metadata"]["namespace"] == "finance"
    assert len({(m["kind"], m["metadata"]["name"]) for m in manifests}) == len(manifests)


def test_a_wrong_manifest_would_be_seen(helm: Path) -> None:
    """The schemas refuse a misspelt field, in Kubernetes' own kinds and in the foreign ones."""
    manifests = rendered(helm)
    deployment, scaled = named(manifests, "Deployment", "ocr"), named(manifests, "ScaledObject", "ocr")
    pod_of(deployment)["terminationGracePeriod"] = 60
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)
    scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 64
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(CRDS["ScaledObject"]).validate(scaled)


def test_one_deployment_budget_and_scaler_per_stage(helm: Path) -> None:
    """Each row of the stage table runs under its own name and scales on the lag of its own group."""
    manifests = rendered(helm)
    for stage in STAGES:
        container = pod_of(named(manifests, "Deployment", stage.name))["containers"][0]
        assert container["args"] == ["spendtrail", "run", stage.name]
        scaled = named(manifests, "ScaledObject", stage.name)["spec"]
        trigger = scaled["triggers"][0]["metadata"]
        assert scaled["scaleTargetRef"]["name"] == f"test-spendtrail-{stage.name}"
        assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (1, stage.reads.partitions)
        assert (trigger["consumerGroup"], trigger["topic"]) == (stage.name, stage.reads.name)
        assert trigger["lagThreshold"] == str(stage.limits.in_flight)
        assert (trigger["offsetResetPolicy"], trigger["allowIdleConsumers"]) == ("earliest", "false")
        budget = named(manifests, "PodDisruptionBudget", stage.name)["spec"]
        assert budget["maxUnavailable"] == 1
        labels = named(manifests, "Deployment", stage.name)["spec"]["template"]["metadata"]["labels"]
        assert budget["selector"]["matchLabels"].items() <= labels.items()
    around = {"upload", "ticker"}
    deployed = {m["metadata"]["name"].removeprefix("test-spendtrail-") for m in manifests if m["kind"] == "Deployment"}
    assert deployed == {stage.name for stage in STAGES} | around


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_pod_is_confined(helm: Path, example: str) -> None:
    """No pod is root, writes to its image, has a token of the API server, or gains rights."""
    pods = [pod_of(m) for m in rendered(helm, *EXAMPLES[example]) if m["kind"] in {"Deployment", "Job"}]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["terminationGracePeriodSeconds"] >= 45
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert {"requests", "limits"} <= container["resources"].keys()
    assert len(pods) == len(STAGES) + 3


def test_secrets_go_to_those_who_need_them(helm: Path) -> None:
    """The master key is seen by what opens sealed fields, the database's URL by what writes the read model."""
    workloads = [m for m in rendered(helm) if m["kind"] in {"Deployment", "Job"}]
    components = {m["metadata"]["labels"]["app.kubernetes.io/component"]: m for m in workloads}
    assert {name for name, m in components.items() if "keys" in mounts(m)} == {"ocr", "parse", "upload"}
    assert {name for name, m in components.items() if "documents" in mounts(m)} == {"ocr", "parse", "upload"}
    with_url = {
        name
        for name, m in components.items()
        for variable in pod_of(m)["containers"][0]["env"]
        if variable["name"] == "SPENDTRAIL_READ_MODEL_URL"
    }
    assert with_url == {"project"}
    items = {
        name: [item["path"] for volume in pod_of(m)["volumes"] for item in volume.get("secret", {}).get("items", ())]
        for name, m in components.items()
    }
    assert items["ocr"] == ["master.json"]
    assert items["upload"] == ["master.json", "pseudonyms.secret"]


def test_probes_and_room_for_workers(helm: Path) -> None:
    """Stages answer on /healthz and /readyz; the process lane has memory for each worker's largest record."""
    manifests = rendered(helm)
    for stage in STAGES:
        container = pod_of(named(manifests, "Deployment", stage.name))["containers"][0]
        paths = [container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")]
        assert paths == ["/healthz", "/healthz", "/readyz"]
        startup = container["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] == 600
    ocr = pod_of(named(manifests, "Deployment", "ocr"))["containers"][0]["resources"]
    assert ocr == {"requests": {"cpu": "2250m", "memory": "1600Mi"}, "limits": {"memory": "5120Mi"}}


def test_settings_reach_the_processes_as_they_read_them(helm: Path) -> None:
    """Large numbers are not written as floats, and the job before the release has the same settings inline."""
    manifests = rendered(helm, *EXAMPLES["production"])
    data = named(manifests, "ConfigMap")["data"]
    assert data["SPENDTRAIL_UPLOAD_BYTES"] == "26214400"
    assert data["SPENDTRAIL_OBJECT_STORE"] == "s3://example-finance-documents/spendtrail"
    assert "SPENDTRAIL_KAFKA_OPTIONS" not in data
    job = named(manifests, "Job", "prepare")
    inline = {v["name"]: v["value"] for v in pod_of(job)["containers"][0]["env"] if "value" in v}
    assert data.items() <= inline.items()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_process_takes_the_settings(helm: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    """What the ConfigMap holds is read as settings without a refusal, the groups of the door among them."""
    for name, value in named(rendered(helm, *EXAMPLES[example]), "ConfigMap")["data"].items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.door_groups == {stage.name: stage.reads.name for stage in STAGES}
    assert (settings.health_port, settings.upload_port, settings.drain_s) == (8080, 8000, 20)


def test_production_example_does_what_it_says(helm: Path) -> None:
    """A paused stage is scaled to none, an overridden one has its own bounds, resources and variables."""
    manifests = rendered(helm, *EXAMPLES["production"])
    paused = named(manifests, "ScaledObject", "posting")["metadata"]["annotations"]
    assert paused == {"autoscaling.keda.sh/paused-replicas": "0"}
    seal = named(manifests, "ScaledObject", "seal")["spec"]
    assert (seal["minReplicaCount"], seal["maxReplicaCount"]) == (2, 2)
    assert seal["triggers"][0]["authenticationRef"] == {"name": "spendtrail-kafka"}
    container = pod_of(named(manifests, "Deployment", "seal"))["containers"][0]
    assert container["resources"]["limits"] == {"memory": "2Gi"}
    assert {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.monitoring.svc:4318"} in container["env"]
    assert not [m for m in manifests if m["kind"] == "PersistentVolumeClaim"]
    home = next(v for v in pod_of(named(manifests, "Deployment", "ocr"))["volumes"] if v["name"] == "home")
    assert home["ephemeral"]["volumeClaimTemplate"]["spec"]["resources"]["requests"] == {"storage": "20Gi"}


def test_without_keda_replicas_are_fixed(helm: Path) -> None:
    """Each stage has its replicas, a paused one none, and no foreign kind is asked for."""
    manifests = rendered(helm, *EXAMPLES["small"], "--set", "stages.parse.replicas=3,stages.posting.paused=true")
    assert named(manifests, "Deployment", "parse")["spec"]["replicas"] == 3
    assert named(manifests, "Deployment", "posting")["spec"]["replicas"] == 0
    assert {m["kind"] for m in manifests} & {*CRDS, "PodDisruptionBudget"} == set()


def test_changed_settings_roll_the_pods(helm: Path) -> None:
    """A process reads its settings once, so a change must start it anew."""

    def checksum(*arguments: str) -> Any:
        pod = named(rendered(helm, *arguments), "Deployment", "ocr")["spec"]["template"]["metadata"]
        return pod["annotations"]["checksum/settings"]

    assert checksum() == checksum()
    assert checksum() != checksum("--set", "settings.logLevel=DEBUG")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("stages.ocrr.replicas=1", "ocrr"),
        ("stages.ocr.replicas=5", "replicas"),
        ("stages.seal.maxReplicas=9", "maxReplicas"),
        ("replicaCount=2", "replicaCount"),
        ("pods.terminationGracePeriodSeconds=30", "terminationGracePeriodSeconds"),
        ("settings.drainSeconds=40", "25 s above settings.drainSeconds"),
        ("stages.ocr.maxReplicas=1,stages.ocr.replicas=2", "above stages.ocr.maxReplicas"),
        ("upload.ingress.enabled=true", "upload.ingress.host"),
    ],
)
def test_helm_refuses_what_would_not_work(helm: Path, setting: str, told: str) -> None:
    """Helm names the value that does not fit and renders nothing."""
    assert told in refusal(helm, "--set", setting)
