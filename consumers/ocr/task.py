"""What is asked of a worker that reads files; a module of its own, so that asking loads nothing that reading takes."""

from dataclasses import dataclass
from pathlib import Path

from documents.completions import Service
from documents.limits import Limits

__all__ = ["FileTask"]


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file to read: within which limits, from which confidence on without a person, drawn into which folder.

    `service` is a language model to be asked about what is in doubt, None where nobody is.
    """

    path: Path
    limits: Limits
    threshold: float
    explain: Path | None = None
    service: Service | None = None
