"""What is wrong with a policy, said so that its author can mend it."""

from dataclasses import dataclass

__all__ = ["Fault", "PolicyError"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where (file, line counted from 1, dotted field path), what, and what would mend it."""

    file: str
    path: str
    message: str
    remedy: str
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.path or 'document'}: {self.message}; {self.remedy}"


class PolicyError(ValueError):
    """A policy cannot be used. Nothing is ever judged under half a policy, so all faults come at once."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
