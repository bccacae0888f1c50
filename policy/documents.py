"""Reading policy files: YAML or JSON, one policy spread over several files, every number kept exact as text.

YAML would turn 250.00 into a float, NO (Norway) into False and 5 into an int; here only `true`, `false` and `null` are
anything but text, and the models decide what a text means.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from policy.errors import Fault, PolicyError
from policy.models import PolicyDocument
from policy.per_diem.shipped import shipped_table
from policy.references import dangling

__all__ = ["check_document", "json_schema", "load", "shipped"]

# A per-diem year has some 4,000 rows of a few nodes each; aliases nested to blow up pass this at once.
_MAX_NODES: Final = 500_000
_LISTS: Final = frozenset({"taxonomy", "limits", "modifiers", "budgets", "per_diem", "per_diem_tables"})
_CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}

_REMEDIES: Final = {
    "extra_forbidden": "take it out, or correct its spelling",
    "missing": "add it",
    "value_error": "correct it as said",
    "enum": "use one of the values named",
    "literal_error": "use one of the values named",
    "string_pattern_mismatch": "write it in the form of the pattern",
    "decimal_parsing": "write an amount such as '250.00': digits, a point, no thousands separator or currency sign",
    "decimal_max_places": "give at most four decimals",
    "too_short": "give at least one",
    "tuple_type": "write a list, for example [a, b]",
    "model_type": "write fields and values (a mapping)",
}


class _Text(yaml.CSafeLoader):
    """The safe loader without implicit types: composing gives nodes with their lines, all scalars text."""

    yaml_implicit_resolvers: Mapping[Any, Any] = {}  # type: ignore[assignment]


@dataclass(slots=True)
class _Reading:
    """What was read of one file, with the line each value stands on."""

    file: str
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    nodes: int = 0

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        self.nodes += 1
        line = node.start_mark.line + 1
        self.lines[path] = line
        if self.nodes > _MAX_NODES:
            raise PolicyError(
                Fault(self.file, "", "too many values", "split the file, or take out nested aliases", line)
            )
        if isinstance(node, yaml.ScalarNode):
            text = str(node.value)
            # The C reader writes no style for what is not quoted, the other one None.
            return text if node.style else _CONSTANTS.get(text, text)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: tuple[str | int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, item in node.value:
            key = str(key_node.value)
            if key in result:
                fault = Fault(self.file, _dotted((*path, key)), "given twice", "keep one", key_node.start_mark.line + 1)
                raise PolicyError(fault)
            result[key] = self.value(item, (*path, key))
        return result


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _read(name: str, text: str) -> tuple[dict[str, Any], _Reading]:
    reading = _Reading(name)
    try:
        root = yaml.compose(text, Loader=_Text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise PolicyError(Fault(name, "", f"not YAML: {error.problem}", "correct the syntax", line)) from error
    except yaml.YAMLError as error:
        raise PolicyError(Fault(name, "", f"not YAML: {error}", "correct the syntax")) from error
    try:
        data = {} if root is None else reading.value(root, ())
    except RecursionError as error:
        raise PolicyError(Fault(name, "", "nested too deeply", "write it flatter")) from error
    if not isinstance(data, dict):
        raise PolicyError(Fault(name, "", "not a mapping", "begin with fields such as `limits:`", 1))
    return data, reading


@dataclass(slots=True)
class _Merged:
    """One policy out of several files; remembers which file and line each part came from."""

    data: dict[str, Any] = field(default_factory=dict)
    origin: dict[tuple[str | int, ...], tuple[str, int]] = field(default_factory=dict)

    def add(self, data: dict[str, Any], reading: _Reading) -> None:
        for key, value in data.items():
            shift = 0
            if key in _LISTS and isinstance(value, list):
                existing = self.data.setdefault(key, [])
                shift = len(existing)
                existing.extend(value)
            elif key == "checks" and isinstance(value, dict) and not self.data.get(key, {}).keys() & value.keys():
                self.data[key] = {**self.data.get(key, {}), **value}
            elif key in self.data:
                first = self.origin[(key,)][0]
                line = reading.lines[(key,)]
                raise PolicyError(Fault(reading.file, key, f"already given in {first}", "keep one", line))
            else:
                self.data[key] = value
            self._remember(key, shift, reading)

    def _remember(self, key: str, shift: int, reading: _Reading) -> None:
        for path, line in reading.lines.items():
            if path and path[0] == key:
                at = path[1] if len(path) > 1 else None
                moved = (key, at + shift, *path[2:]) if isinstance(at, int) else path
                self.origin.setdefault(moved, (reading.file, line))

    def fault(self, path: tuple[str | int, ...], message: str, remedy: str) -> Fault:
        at = path
        while at and at not in self.origin:
            at = at[:-1]
        file, line = self.origin.get(at, (next(iter(self.origin.values()), ("policy", 0))[0], None))
        return Fault(file, _dotted(path), message, remedy, line)


def _validated(merged: _Merged) -> PolicyDocument:
    try:
        document = PolicyDocument.model_validate(merged.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A list whose only entries are wrong is not empty as well.
        wrong_inside = {item["loc"][:1] for item in errors if len(item["loc"]) > 1}
        faults = [
            merged.fault(
                _location(item["loc"]),
                item["msg"].removeprefix("Value error, "),
                _REMEDIES.get(item["type"], "give a value of the kind the message names"),
            )
            for item in errors
            if item["type"] != "too_short" or item["loc"] not in wrong_inside
        ]
        raise PolicyError(*faults) from error
    faults = [merged.fault(path, message, remedy) for path, message, remedy in dangling(document)]
    if faults:
        raise PolicyError(*faults)
    return document


def _location(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return tuple(part for part in loc if not (isinstance(part, str) and part.startswith("function-")))


def load(*paths: Path) -> PolicyDocument:
    """Read one policy from files, or from every .yaml, .yml and .json file of a folder, in name order.

    Raises:
        PolicyError: a file is missing or not readable, or the policy is wrong; every fault with file, line and remedy.

    """
    merged = _Merged()
    for path in paths:
        found = sorted(p for p in path.iterdir() if p.suffix in {".yaml", ".yml", ".json"}) if path.is_dir() else [path]
        if not found:
            raise PolicyError(Fault(str(path), "", "no policy file in it", "give a folder with .yaml or .json files"))
        for file in found:
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                fault = Fault(str(file), "", f"cannot be read: {error}", "give a UTF-8 file that exists")
                raise PolicyError(fault) from error
            merged.add(*_read(str(file), text))
    _add_shipped_tables(merged.data)
    return _validated(merged)


def _add_shipped_tables(data: dict[str, Any]) -> None:
    """Add the shipped tables that rules name, so that the policy holds all it is judged by for ever."""
    rules, tables = data.get("per_diem"), data.get("per_diem_tables", [])
    if not isinstance(rules, list) or not isinstance(tables, list):
        return
    given = {table.get("id") for table in tables if isinstance(table, dict)}
    lists = [rule["tables"] for rule in rules if isinstance(rule, dict) and isinstance(rule.get("tables"), list)]
    named = {name for names in lists for name in names if isinstance(name, str)} - given
    found = [table for name in sorted(named) if (table := shipped_table(name)) is not None]
    if found:
        data["per_diem_tables"] = [*tables, *found]


def check_document(data: object, name: str) -> PolicyDocument:
    """Validate a policy that is already decoded, as it comes back from the snapshot topic.

    Raises:
        PolicyError: it is wrong; every fault with its path and remedy.

    """
    if not isinstance(data, dict):
        raise PolicyError(Fault(name, "", "not an object", "publish the canonical form of a policy"))
    return _validated(_Merged(data, {(): (name, 0)}))


def shipped() -> PolicyDocument:
    """Return the example policy that ships with the project; every ledger starts with it."""
    merged = _Merged()
    for entry in sorted(files("policy").joinpath("rules").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yaml"):
            merged.add(*_read(entry.name, entry.read_text(encoding="utf-8")))
    return _validated(merged)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy document, for editors and for whoever writes policies by program.

    Each check has its own settings, so `checks` is spelt out per code.
    """
    from policy.checks import settings_schema  # noqa: PLC0415 -- see PolicyDocument: checks stand on the models

    schema = PolicyDocument.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["checks"] = settings_schema()
    return schema
