"""Rule files: YAML that a tenant may replace, checked against a model before anything runs on it."""

from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

__all__ = ["RuleFileError", "read_rules", "rules_version"]

T = TypeVar("T")


class RuleFileError(ValueError):
    """A rule file cannot be used; the message names the file, the field and what to change."""


def read_rules(path: Path, shape: type[T]) -> T:
    """Return the content of a YAML file as `shape`, a pydantic model or any type pydantic can check.

    Refusing a bad file here keeps a stage from running on half of its rules.

    Raises:
        RuleFileError: the file is missing, is no YAML, or a field does not fit.

    """
    try:
        # The parser in C reads the word lists in a tenth of the time.
        content = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); name an existing rule file"
        raise RuleFileError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{path}: is not valid YAML: {error}"
        raise RuleFileError(msg) from error
    try:
        return TypeAdapter(shape).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        msg = f"{path}: {place}: {first['msg']} ({error.error_count()} faults in all)"
        raise RuleFileError(msg) from error


def rules_version(*paths: Path) -> str:
    """Return the SHA-256 over the bytes of rule files, in order: what a decision made with them is stamped with."""
    return sha256(b"\x1f".join(path.read_bytes() for path in paths)).hexdigest()
