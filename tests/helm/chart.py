"""The chart's files, and what Helm makes of them."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["CHART", "ROOT", "Manifest", "named", "refusal", "rendered", "run_helm"]

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "helm"
_LIMIT_S: Final = 60

Manifest = dict[str, Any]


def run_helm(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm and return what it said."""
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False, timeout=_LIMIT_S)


def rendered(helm: Path, *arguments: str) -> list[Manifest]:
    """Return the manifests of a release named `test`; fails with Helm's words where it refuses."""
    done = run_helm(helm, "template", "test", str(CHART), "--namespace", "finance", *arguments)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def refusal(helm: Path, *arguments: str) -> str:
    """Return what Helm says when it refuses; fails where it does not."""
    done = run_helm(helm, "template", "test", str(CHART), *arguments)
    assert done.returncode != 0
    return done.stderr


def named(manifests: Sequence[Manifest], kind: str, component: str = "") -> Manifest:
    """Return the one manifest of a kind, for a component where there are several."""
    name = f"test-spendtrail-{component}" if component else "test-spendtrail"
    (found,) = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    return found
