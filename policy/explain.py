"""A decision in plain sentences, for the person it concerns and for whoever reviews it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from policy.currency import known, to_minor_unit
from schemas.records import Decision, Finding, PathNode

__all__ = ["explain_decision", "explain_findings"]

_OUTCOMES: Final = {
    "PASS": "passes",
    "WARN": "passes, but is close to a limit",
    "REVIEW_REQUIRED": "needs a person to decide",
    "FAIL": "breaks a rule",
}
_ENTRIES: Final = {
    "PASS": "holds",
    "WARN": "holds, close to its limit",
    "FAIL": "does not hold",
    "REVIEW_REQUIRED": "needs a person",
    "OVERRIDDEN": "does not count",
    "NOT_APPLICABLE": "does not apply",
}


def explain_decision(decision: Decision) -> list[str]:
    """Return sentences: the outcome and the rule behind it, what would pass, then every rule that was looked at."""
    return [*_outcome(decision), *(_entry(node, decision.currency) for node in decision.resolution_path)]


def explain_findings(findings: Sequence[Finding]) -> list[str]:
    """Return a sentence per finding, those that wait for a person first."""
    ordered = sorted(findings, key=lambda finding: (not finding.blocking, finding.line or 0, finding.code))
    return [_finding(finding) for finding in ordered]


def _outcome(decision: Decision) -> Iterator[str]:
    what = "The expense as a whole" if decision.line == 0 else f"Line {decision.line}"
    amount = f" ({_money(decision.amount, decision.currency)})" if decision.amount is not None else ""
    code = f" [{decision.violation_code}]" if decision.violation_code else ""
    yield f"{what}{amount} {_OUTCOMES[decision.outcome]}{code}."
    if decision.limit is not None:
        yield f"Decided by {decision.rule_id}, which allows {_money(decision.limit, decision.currency)}."
    if decision.flip and decision.outcome != "PASS":
        yield f"It {decision.flip}."
    yield f"Judged under policy {decision.policy_version[:12]}."


def _entry(node: PathNode, currency: str) -> str:
    limit = f" ({_money(node.limit, currency)})" if node.limit is not None else ""
    said, why = _ENTRIES[node.outcome], node.reason
    opening, _, weighed = why.partition(": ")
    # Where a limit was weighed the reason opens with how that ended, which is said already unless a person is needed.
    if weighed.startswith("limit ") and node.outcome != "REVIEW_REQUIRED":
        said, why = (opening if opening.startswith("holds") else said), weighed
    return f"- {node.level}: {node.rule_id}{limit} {said}: {why}."


def _finding(finding: Finding) -> str:
    where = f"Line {finding.line}: " if finding.line else ""
    waits = " It waits for a person." if finding.blocking else ""
    return f"{where}{finding.message} [{finding.code}]{waits}"


def _money(amount: Decimal, currency: str) -> str:
    return f"{to_minor_unit(amount, currency) if known(currency) else amount} {currency}"
