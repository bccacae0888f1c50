"""The chart, the compose file, the topics and the stage table say the same."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config.settings import Settings
from consumers.stages import STAGES
from devstack.kafka import Broker, settings
from docs.generate import CHART_FILES
from schemas.topics import TOPICS
from tests.helm.chart import CHART, ROOT

GRACE_S = 60


def loaded(name: str) -> Any:
    """Return a YAML file of the project."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def refuses() -> Any:
    """Return what tells whether the schema refuses a change to the shipped values."""
    validator = jsonschema.Draft202012Validator(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))

    def told(path: str, value: object) -> list[str]:
        values = place = loaded("helm/values.yaml")
        *way, last = path.split(".")
        for step in way:
            place = place[step]
        place[last] = value
        return [error.message for error in validator.iter_errors(values)]

    return told


@pytest.mark.parametrize("name", CHART_FILES)
def test_derived_file_is_what_the_code_gives(name: str) -> None:
    """A committed file of the chart equals what the generator gives (`python -m docs.generate`)."""
    assert (CHART / name).read_text(encoding="utf-8") == CHART_FILES[name]()


def test_chart_compose_and_stage_table_run_the_same_stages() -> None:
    """A stage that only one of them knows would leave its topic unread."""
    stages = [stage.name for stage in STAGES]
    compose = loaded("docker-compose.yml")["services"]
    assert [row["name"] for row in loaded("helm/files/stages.yaml")] == stages
    assert list(loaded("helm/values.yaml")["stages"]) == stages
    assert [name for name in compose if name in stages] == stages
    assert [compose[name]["command"] for name in stages] == [["spendtrail", "run", name] for name in stages]


def test_rows_name_topics_with_their_partitions() -> None:
    """KEDA reads the lag of the topic a stage reads, and scales no further than its partitions."""
    partitions = {topic.name: topic.partitions for topic in TOPICS}
    rows, values = loaded("helm/files/stages.yaml"), loaded("helm/values.yaml")["stages"]
    assert {row["name"]: row["topic"] for row in rows} == {stage.name: stage.reads.name for stage in STAGES}
    assert [row["partitions"] for row in rows] == [partitions[row["topic"]] for row in rows]
    assert [values[row["name"]]["maxReplicas"] for row in rows] == [row["partitions"] for row in rows]


def test_every_setting_is_set_or_left_to_the_process() -> None:
    """A setting that is added is decided on for the chart too."""
    templates = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    assert {name for name in Settings.model_fields if f"SPENDTRAIL_{name.upper()}" not in templates} == set()
    assert set(re.findall(r"SPENDTRAIL_[A-Z_]*[A-Z]", templates)) <= {
        f"SPENDTRAIL_{name.upper()}" for name in Settings.model_fields
    }


def test_process_settings_of_compose_are_those_of_the_chart_or_its_services() -> None:
    """Compose sets nothing that the chart knows nothing of."""
    templates = "".join(path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir())
    services = loaded("docker-compose.yml")["services"].values()
    names = {name for service in services for name in service.get("environment", {}) if name.startswith("SPENDTRAIL_")}
    assert names
    assert {name for name in names if name not in templates} == set()


def test_compose_closes_the_door_for_the_same_stages() -> None:
    """The upload service of the compose file keeps up with every stage, as that of the chart does."""
    upload = loaded("docker-compose.yml")["services"]["upload"]["environment"]
    assert json.loads(upload["SPENDTRAIL_DOOR_GROUPS"]) == {stage.name: stage.reads.name for stage in STAGES}


def test_a_stage_may_drain_before_it_is_killed() -> None:
    """SIGKILL comes after the drain and the 6 s that a stage without its broker took beyond it; both give 60 s."""
    services = loaded("docker-compose.yml")["services"]
    assert {services[stage.name]["stop_grace_period"] for stage in STAGES} == {f"{GRACE_S}s"}
    assert loaded("helm/values.yaml")["pods"]["terminationGracePeriodSeconds"] == GRACE_S
    assert Settings.model_fields["drain_s"].default + 25 <= GRACE_S


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stages.ocrr", {"replicas": 1}),
        ("stages.ocr.replicas", 5),
        ("stages.ocr.replicas", 0),
        ("stages.seal.maxReplicas", 5),
        ("stages.ocr.replica", 2),
        ("stages.currency.workers", 2),
        ("pods.terminationGracePeriodSeconds", 30),
        ("keda.sasl", "scram"),
        ("kafka.bootstrapServers", "kafka"),
        ("erpUrl", "erp.example.com"),
        ("settings.logLevel", "info"),
        ("secrets.masterKeyValue", "in clear"),
        ("state.size", "lots"),
        ("unknown", {}),
    ],
)
def test_schema_refuses_what_would_not_work(refuses: Any, path: str, value: object) -> None:
    """An unknown stage or key, more replicas than partitions, and what no process would take."""
    assert refuses(path, value) != []


def test_schema_takes_the_shipped_values_and_what_helm_adds(refuses: Any) -> None:
    """The defaults fit, as does the key that Helm adds for a chart inside a chart."""
    assert refuses("global", {"anything": 1}) == []


def test_strimzi_example_has_the_brokers_settings() -> None:
    """The example cluster has the time-outs and limits that the developer stack's brokers have."""
    brokers = [Broker(number, Path("/folder"), Path("/log"), 1, 2) for number in (1, 2, 3)]
    expected = settings(brokers[0], brokers)
    text = (CHART / "examples" / "strimzi-kafka.yaml").read_text(encoding="utf-8")
    (cluster,) = [part for part in yaml.safe_load_all(text) if part["kind"] == "Kafka"]
    given = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in cluster["spec"]["kafka"]["config"].items()
    }
    assert given == {name: expected[name] for name in given}
    wanted = {
        name for name in expected if name.startswith(("group.consumer.", "offset.metadata.", "offsets.retention."))
    }
    assert wanted <= given.keys()
