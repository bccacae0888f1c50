"""The chart's values: their defaults, what they mean, and the schema that refuses a wrong one."""

import json
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, create_model

from docs.chart.parts import (
    Assistant,
    Behaviour,
    Disruption,
    Documents,
    Image,
    Kafka,
    Keda,
    Labels,
    Lanes,
    Manifest,
    Name,
    NetworkPolicy,
    Notary,
    PodMonitor,
    Pods,
    Prepare,
    Secrets,
    Section,
    Service,
    ServiceAccount,
    State,
    Upload,
    Url,
)
from docs.chart.rows import ROWS, Row

__all__ = ["StageValues", "Values", "WorkerStageValues", "defaults", "schema"]


class StageValues(Section):
    """What may be set for one stage; `replicas` and `maxReplicas` end at its topic's partitions."""

    replicas: Annotated[PositiveInt, Field(description="Replicas; the least of them where KEDA scales.")]
    max_replicas: Annotated[PositiveInt, Field(description="The most KEDA may start.")]
    lag_threshold: Annotated[PositiveInt, Field(description="Records of lag one replica is good for.")]
    paused: Annotated[bool, Field(description="Run none; what comes waits in the topic.")] = False
    resources: Annotated[Manifest, Field(description="Resources instead of the lane's.", default_factory=dict)]
    env: Annotated[Labels, Field(description="Further variables.", default_factory=dict)]


class WorkerStageValues(StageValues):
    """A stage with workers beside its polling thread."""

    workers: Annotated[PositiveInt, Field(description="Records side by side in one replica.")]
    record_seconds: Annotated[PositiveFloat, Field(description="Time limit of one record.")]


def _stage_type(row: Row) -> type[StageValues]:
    ceiling, base = row.stage.reads.partitions, WorkerStageValues if row.beside else StageValues
    bounded = {
        name: (
            Annotated[int, Field(description=StageValues.model_fields[name].description, ge=1, le=ceiling)],
            ...,
        )
        for name in ("replicas", "max_replicas")
    }
    return create_model(f"Stage{row.stage.name.title()}", __base__=base, __doc__=base.__doc__, **cast("Any", bounded))


def _stage_default(row: Row, kind: type[StageValues]) -> StageValues:
    limits = row.stage.limits
    workers: dict[str, Any] = {"workers": limits.workers, "record_seconds": limits.seconds} if row.beside else {}
    return kind(replicas=1, max_replicas=row.stage.reads.partitions, lag_threshold=limits.in_flight, **workers)


def _stages() -> type[BaseModel]:
    kinds = {row.stage.name: _stage_type(row) for row in ROWS}
    fields = {row.stage.name: (kinds[row.stage.name], _stage_default(row, kinds[row.stage.name])) for row in ROWS}
    about = "One section per row of the stage table."
    return create_model("Stages", __base__=Section, __doc__=about, **cast("Any", fields))


_Stages: Any = _stages()


class Values(Section):
    """The values of the chart."""

    name_override: Annotated[Name, Field(description="Instead of the chart's name.", max_length=36)] = ""
    fullname_override: Annotated[Name, Field(description="Instead of release and chart name.", max_length=36)] = ""
    image: Annotated[Image, Field(description="One image runs everything.")] = Image()
    kafka: Annotated[Kafka, Field(description="Which Kafka, and how to log in there.")] = Kafka()
    registry_url: Annotated[Url, Field(description="Confluent-compatible schema registry.")] = (
        "http://spendtrail-registry:8080/apis/ccompat/v7"
    )
    erp_url: Annotated[Url, Field(description="Base URL of the ERP.")] = "http://spendtrail-erp:8090"
    secrets: Annotated[Secrets, Field(description=Secrets.__doc__)] = Secrets()
    documents: Annotated[Documents, Field(description=Documents.__doc__)] = Documents()
    assistant: Annotated[Assistant, Field(description=Assistant.__doc__)] = Assistant()
    settings: Annotated[Behaviour, Field(description=Behaviour.__doc__)] = Behaviour()
    keda: Annotated[Keda, Field(description=Keda.__doc__)] = Keda()
    disruption: Annotated[Disruption, Field(description=Disruption.__doc__)] = Disruption()
    lanes: Annotated[Lanes, Field(description=Lanes.__doc__)] = Lanes()
    state: Annotated[State, Field(description=State.__doc__)] = State()
    pods: Annotated[Pods, Field(description=Pods.__doc__)] = Pods()
    service_account: Annotated[ServiceAccount, Field(description=ServiceAccount.__doc__)] = ServiceAccount()
    prepare: Annotated[Prepare, Field(description=Prepare.__doc__)] = Prepare()
    upload: Annotated[Upload, Field(description=Upload.__doc__)] = Upload()
    ticker: Annotated[Service, Field(description="Writes time for the stages; always one.")] = Service()
    notary: Annotated[Notary, Field(description=Notary.__doc__)] = Notary()
    pod_monitor: Annotated[PodMonitor, Field(description=PodMonitor.__doc__)] = PodMonitor()
    network_policy: Annotated[NetworkPolicy, Field(description=NetworkPolicy.__doc__)] = NetworkPolicy()
    stages: Annotated[_Stages, Field(description=StageValues.__doc__)] = _Stages()


def defaults() -> Values:
    """Return the values as the chart ships them."""
    return Values()


def schema() -> str:
    """Return `values.schema.json`: every key known, every bound kept, nothing else let in."""
    found = Values.model_json_schema(by_alias=True, mode="validation")
    # Helm itself adds this key wherever a chart is a dependency of another.
    found["properties"]["global"] = {"type": "object", "description": "Shared with other charts; not read."}
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
