"""The codes that the code raises, read from its source: what a page about them is held to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# The packages whose codes a person may meet in a review, a dead letter or a log.
_PACKAGES = ("audit", "consumers", "desk", "documents", "policy", "producers", "vault")
# What is made with a code as its first argument or as `code=`.
_MAKERS = frozenset({"Problem", "Finding", "Poisoned", "Unpostable", "Refusal", "Check", "found", "keyword_check"})
_LOCAL = re.compile(r"_\w*problem\w*")
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_QUOTED = re.compile(rf'"({_CODE.pattern.replace("(", "(?:")})"')
_REASON = re.compile(r"reason|_REASON|_DIED")


def sources(root: Path) -> Iterator[Path]:
    """Yield the modules of the packages that have codes."""
    for package in _PACKAGES:
        yield from sorted((root / package).rglob("*.py"))


def _constant(node: ast.expr | None) -> Iterator[str]:
    for part in ast.walk(node) if node else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _CODE.fullmatch(part.value):
            yield part.value


def _called(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _MAKERS or _LOCAL.fullmatch(name):
        yield from _constant(node.args[0] if node.args else None)
        yield from (c for k in node.keywords if k.arg == "code" for c in _constant(k.value))
    elif name == "__init__":
        yield from _constant(node.args[0] if node.args else None)


def _assigned(node: ast.Assign) -> Iterator[str]:
    if any(isinstance(target, ast.Name) and _REASON.fullmatch(target.id) for target in node.targets):
        yield from _constant(node.value)


def codes(root: Path) -> set[str]:
    """Return every code that some module makes a doubt, a finding, a refusal or a dead letter's reason of."""
    made: set[str] = set()
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                made.update(_called(node))
            elif isinstance(node, ast.Assign):
                made.update(_assigned(node))
    return made


def words(root: Path) -> set[str]:
    """Return every upper-case word the modules hold as text: a documented code must be among them."""
    return {word for path in sources(root) for word in _QUOTED.findall(path.read_text())}
