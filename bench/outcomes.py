"""`spendtrail bench outcomes`: what becomes of samples nobody labelled, one row a document."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.labelled import read_file
from bench.report import Report
from bench.truths import DataMissing
from documents.reading import Reading
from documents.understanding import understand

__all__ = ["Outcome", "measure", "outcomes"]

_DOCUMENTS = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".heic", ".txt", ".eml", ".xml"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document by name: accepted, or each doubt that sends it to a person, as code and field."""

    name: str
    accepted: bool
    doubts: tuple[str, ...]

    def told(self) -> str:
        """In one phrase."""
        return "accepted" if self.accepted else ", ".join(self.doubts)


def outcomes(folder: Path, reader: Callable[[Path], Reading] = read_file) -> list[Outcome]:
    """Read every document under a folder, by name; slow for pictures."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.suffix.lower() in _DOCUMENTS):
        understood = understand(reader(path))
        doubts = [f"{doubt.code} {doubt.field or ''}".strip() for doubt in understood.facts.problems]
        found.append(Outcome(str(path.relative_to(folder)), understood.accepted, tuple(dict.fromkeys(doubts))))
    return found


def measure(folder: Path) -> Report:
    """The rows, and how many of them need no person.

    Raises:
        DataMissing: the folder is not there, or has no document in it.

    """
    rows = outcomes(folder)
    if not rows:
        msg = f"no documents under {folder}; set SPENDTRAIL_DATA to where they are"
        raise DataMissing(msg)
    figures = {"documents": len(rows), "accepted": sum(row.accepted for row in rows)}
    return Report("outcomes", figures, {row.name: row.told() for row in rows})
