"""The reference pages and chart files that repeat the code, derived from it: `python -m docs.generate` writes them.

A page written by hand goes stale on the day the code changes and nobody sees it; a test refuses a committed page
that differs from what this gives.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from docs import command_pages, confidence_pages, contract_pages, dag_pages, rule_pages
from docs.chart import files

__all__ = ["CHART", "CHART_FILES", "PAGES", "REFERENCE", "write"]

REFERENCE = Path(__file__).parent / "reference"
CHART = Path(__file__).parent.parent / "helm"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "topics.md": dag_pages.topics,
        "stages.md": dag_pages.stages,
        "lifecycle.md": dag_pages.lifecycle,
        "events.md": contract_pages.events,
        "einvoice-rules.md": rule_pages.rules,
        "confidence.md": confidence_pages.confidence,
        "confidence.svg": confidence_pages.diagram,
        "settings.md": command_pages.settings,
        "metrics.md": command_pages.metrics,
        "cli.md": command_pages.commands,
        "helm-values.md": files.values_page,
        "policy.schema.json": contract_pages.policy,
    }
)
CHART_FILES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"values.yaml": files.values, "values.schema.json": files.schema, "files/stages.yaml": files.stage_table}
)


def write(folder: Path = REFERENCE, derived: Mapping[str, Callable[[], str]] = PAGES) -> list[Path]:
    """Write every file of a folder and return those that changed."""
    changed = []
    for name, text_of in derived.items():
        path, text = folder / name, text_of()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in (*write(), *write(CHART, CHART_FILES)))
