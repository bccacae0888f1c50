"""The stored schemas are those of the types."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import fastavro
import pytest

from schemas.contracts import AVRO_FOLDER, EVENTS, avsc, fields_of, shape_of
from schemas.fields import Doc


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_the_file_is_the_types(kind: type) -> None:
    """A type changed without its file, or the other way round, is refused; `python -m schemas.contracts` mends it."""
    assert (AVRO_FOLDER / f"{kind.__name__}.avsc").read_text() == avsc(kind)


def test_no_orphans() -> None:
    """Every file has its type and every type its file."""
    assert {path.stem for path in AVRO_FOLDER.iterdir()} == {kind.__name__ for kind in EVENTS}


def _undocumented(schema: Any, path: str = "") -> list[str]:
    if isinstance(schema, list):
        return [place for member in schema for place in _undocumented(member, path)]
    if not isinstance(schema, dict):
        return []
    missing = [path or schema.get("name", "?")] if schema.get("type") == "record" and not schema.get("doc") else []
    for field in schema.get("fields", ()):
        place = f"{path}.{field['name']}"
        missing += [place] if not field.get("doc") else []
        missing += _undocumented(field["type"], place)
    return missing + _undocumented(schema.get("items"), path) + _undocumented(schema.get("values"), path)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_field_has_a_doc(kind: type) -> None:
    """Whoever reads the registry alone understands every field."""
    assert _undocumented(json.loads(avsc(kind))) == []


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_schema_is_avro(kind: type) -> None:
    """The derived JSON is a valid schema, defaults included."""
    fastavro.parse_schema(json.loads(avsc(kind)))


def test_money_is_never_a_float() -> None:
    """No field of any event is a double that could hold an amount: confidences and places on a page alone may be."""
    doubles: set[str] = set()
    for kind in EVENTS:
        _collect_doubles(json.loads(avsc(kind)), doubles)
    assert doubles <= {"confidence", "box"}, doubles


def _collect_doubles(schema: Any, found: set[str], name: str = "") -> None:
    if schema == "double":
        found.add(name)
    elif isinstance(schema, list):
        for member in schema:
            _collect_doubles(member, found, name)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            _collect_doubles(field["type"], found, field["name"])
        for inner in ("items", "values"):
            _collect_doubles(schema.get(inner), found, name)


@dataclass
class Undocumented:
    """A record whose field says nothing of itself."""

    silent: str


@dataclass
class Vague:
    """A record whose field could be two things."""

    either: Annotated[str | int, Doc("Text or number.")]


def test_a_field_without_a_doc_or_a_form_is_refused() -> None:
    """What cannot be described cannot be added."""
    with pytest.raises(TypeError, match=r"Undocumented\.silent has no Doc"):
        fields_of(Undocumented)
    with pytest.raises(TypeError, match="only"):
        fields_of(Vague)
    with pytest.raises(TypeError, match="no Avro form"):
        shape_of(complex)
