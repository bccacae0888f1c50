"""The tables that ship with the project, by id, and how a table is written to a file."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from policy.per_diem.models import RateTable

__all__ = ["rendered", "shipped_ids", "shipped_table"]

_SECTION = "per_diem_tables"
_SUFFIX = ".json"


def rendered(table: RateTable) -> str:
    """Return a table as a part of a policy, in JSON, a place to a line so that two years can be compared."""
    data = table.model_dump(mode="json", exclude_defaults=True)
    places = [_line(place) for place in data.pop("places")]
    heading = [f" {_line(name)}: {_line(value)}" for name, value in data.items()]
    listed = ",\n".join(f"  {place}" for place in places)
    body = ",\n".join([*heading, f' "places": [\n{listed}\n ]'])
    return f'{{"{_SECTION}": [{{\n{body}\n}}]}}\n'


@cache
def shipped_ids() -> tuple[str, ...]:
    """Return the ids of the tables that ship with the project."""
    names = (entry.name for entry in files("policy.per_diem").joinpath("tables").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def shipped_table(name: str) -> dict[str, Any] | None:
    """Return a shipped table as it is written in a policy, None where none has this id."""
    if name not in shipped_ids():
        return None
    text = files("policy.per_diem").joinpath("tables", f"{name}{_SUFFIX}").read_bytes()
    table: dict[str, Any] = orjson.loads(text)[_SECTION][0]
    return table


def _line(value: object) -> str:
    return orjson.dumps(value).decode()
