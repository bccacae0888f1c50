"""The files of the chart that are derived, and the page about its values."""

import json
from collections.abc import Iterator

import yaml
from pydantic import BaseModel

from docs.chart.rows import ROWS
from docs.chart.values import StageValues, Values, WorkerStageValues, defaults, schema
from docs.markdown import DERIVED, code, page, table

__all__ = ["schema", "stage_table", "values", "values_page"]


def stage_table() -> str:
    """Return `files/stages.yaml`: what the templates range over."""
    rows = yaml.safe_dump([row.as_yaml() for row in ROWS], sort_keys=False, default_flow_style=None, width=120)
    return f"# {DERIVED}\n{rows}"


def values() -> str:
    """Return `values.yaml`: every value with its default, under what it means."""
    lines = [f"# {DERIVED}", "# Put what differs into a file of your own: helm install -f own.yaml", ""]
    for name, field in Values.model_fields.items():
        lines += _entry(str(field.alias), field.description, getattr(defaults(), name), "")
    return "\n".join(lines) + "\n"


def _entry(name: str, about: str | None, value: object, indent: str) -> Iterator[str]:
    if about:
        yield f"{indent}# {' '.join(about.split())}"
    if not isinstance(value, BaseModel):
        yield f"{indent}{name}: {json.dumps(value)}"
        return
    yield f"{indent}{name}:"
    fields = type(value).model_fields
    for inner, field in fields.items():
        # What may be set for a stage is the same for each: it is told on the page, not fourteen times here.
        told = None if isinstance(value, StageValues) else field.description
        yield from _entry(str(field.alias), told, getattr(value, inner), f"{indent}  ")


def values_page() -> str:
    """Return the page of the chart's values."""
    rows = [
        row
        for name, field in Values.model_fields.items()
        if name != "stages"
        for row in _told(str(field.alias), field.description or "", getattr(defaults(), name))
    ]
    stage_rows = [(code(field.alias), field.description) for field in WorkerStageValues.model_fields.values()]
    per_stage = [
        (
            code(row.stage.name),
            code(row.stage.reads.name),
            row.stage.reads.partitions,
            code(row.stage.lane),
            row.stage.limits.in_flight,
            ", ".join(row.needs) or "-",
        )
        for row in ROWS
    ]
    return page(
        "Helm values",
        "The chart is `helm/`; `helm/values.schema.json` refuses a key that is not here and a value that does not fit."
        " See [deploy on Kubernetes](../how-to/deploy-on-kubernetes.md).",
        table(("Value", "Default", "What it is"), rows),
        "## Stages",
        "`stages.<stage>.<value>`, for every stage of the table. `workers` and `recordSeconds` exist only where a stage"
        " has workers beside its polling thread: in the lanes `process` and `async`.",
        table(("Value", "What it is"), stage_rows),
        "By default one replica, at most as many as its topic has partitions, and a replica more for each threshold of"
        " lag. Secrets and volumes go to the stages that need them, to no other.",
        table(("Stage", "Topic", "Most replicas", "Lane", "Lag threshold", "Is given"), per_stage),
    )


def _told(path: str, about: str, value: object) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, BaseModel):
        yield code(path), code(json.dumps(value)), about
        return
    for inner, field in type(value).model_fields.items():
        yield from _told(f"{path}.{field.alias}", field.description or "", getattr(value, inner))
