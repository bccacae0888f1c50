"""What a check is made of."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["Find", "Prepare", "found"]

S = TypeVar("S", bound=CheckSettings)

Find = Callable[[Expense], Sequence[Finding]]
Prepare = Callable[[S], Find]


def found(
    code: str, settings: CheckSettings, message: str, line: int | None = None, other: str | None = None
) -> Finding:
    """Return a finding of a check at the severity its settings give it; a violation always waits for a person."""
    return Finding(
        code=code,
        severity=settings.severity,
        message=message,
        blocking=settings.blocking or settings.severity == "violation",
        line=line,
        rule_id=f"check.{code.lower()}",
        other=other,
    )
