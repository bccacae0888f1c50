"""The reference pages that repeat the code, derived from it: `python -m docs.generate` writes them.

A page written by hand goes stale on the day the code changes and nobody sees it; a test refuses a committed page
that differs from what this gives.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from docs import command_pages, contract_pages, dag_pages

__all__ = ["PAGES", "REFERENCE", "write"]

REFERENCE = Path(__file__).parent / "reference"

PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "topics.md": dag_pages.topics,
        "stages.md": dag_pages.stages,
        "lifecycle.md": dag_pages.lifecycle,
        "events.md": contract_pages.events,
        "settings.md": command_pages.settings,
        "metrics.md": command_pages.metrics,
        "cli.md": command_pages.commands,
    }
)


def write(folder: Path = REFERENCE) -> list[Path]:
    """Write every page and return those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, page in PAGES.items():
        path, text = folder / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write())
