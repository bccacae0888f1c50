"""Judging: every applicable node must hold; they are visited top down; the first that fails names the decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Final

from policy.compiled import CompiledPolicy, Effective, Node, Visit
from policy.facts import Expense, Line
from policy.findings import ONE_ATTENDEE, ONE_NIGHT, findings_of
from policy.flip import Flip
from policy.models import Level, Period
from schemas.frozen import maker
from schemas.records import Decision, Finding, PathNode

__all__ = ["FALLBACK", "OUTCOMES", "Verdict", "judge", "violation_code", "visits", "worst"]

# From best to worst. Both of the last two wait for a person; a broken rule says more than a doubt.
OUTCOMES: Final = ("PASS", "WARN", "REVIEW_REQUIRED", "FAIL")
_BADNESS: Final = {outcome: place for place, outcome in enumerate(OUTCOMES)}

# The rule ids of decisions that no rule of the policy made.
FALLBACK: Final = "fallback.unmapped"
UNKNOWN_AMOUNT: Final = "fallback.amount"
# What would help where a per diem applies and nobody can tell its rate.
_STATE_IT: Final = "passes once country, city with state, county and date are stated and their rate allows it"
# Why a limit per trip cannot be weighed, and what would help.
_NO_TRIP: Final = "no trip is stated"
_STATE_TRIP: Final = "passes once its trip is stated and the trip stays within the limit"

_ABSENT: Final = tuple(
    PathNode(rule_id=f"level.{level}", level=level.value, outcome="NOT_APPLICABLE", reason=f"no {words} rule applies")
    for level, words in (
        (Level.ABSOLUTE, "absolute"),
        (Level.DEPARTMENT, "department or project"),
        (Level.ROLE, "role"),
        (Level.CATEGORY, "category"),
        (Level.PER_DIEM, "per diem"),
    )
)
_ORDER = attrgetter("order")
_ALWAYS = attrgetter("always")
_decision = maker(Decision)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expense judged: a decision per line, what was found, and the worst of all as its outcome."""

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    outcome: str


def worst(outcomes: Iterable[str]) -> str:
    """Return the worst of some outcomes, PASS when there are none."""
    return max(outcomes, key=_BADNESS.__getitem__, default="PASS")


def violation_code(level: str) -> str:
    """Return the code of a limit exceeded at a level."""
    return "PER_DIEM_EXCEEDED" if level == Level.PER_DIEM else "CAP_EXCEEDED"


def judge(expense: Expense, policy: CompiledPolicy) -> Verdict:
    """Judge every line of an expense and run the policy's checks on it.

    The order of lines and of rules changes nothing. Same facts and same policy, same verdict, byte for byte.
    """
    visited = [visits(line, expense, policy) for line in expense.lines]
    sums = _sums(expense, visited) if len(visited) > 1 else {}
    decisions = tuple(
        _decide(line, expense, policy, found, sums) for line, found in zip(expense.lines, visited, strict=True)
    )
    shared = {policy.nodes[order].id for order, (_, together) in sums.items() if together > 1}
    if expense.currency != policy.currency:
        shared.add(UNKNOWN_AMOUNT)
    findings = findings_of(decisions, shared)
    for check in policy.checks:
        findings += check(expense)
    outcome = worst([*(d.outcome for d in decisions), *(_outcome(finding) for finding in findings)])
    return Verdict(decisions, tuple(findings), outcome)


def visits(line: Line, expense: Expense, policy: CompiledPolicy) -> list[Visit]:
    """Return the nodes that apply to a line, top down. An overriding node replaces the levels it names."""
    found = policy.limits.find(line)
    if policy.per_diems is not None:
        found += [node.visit for node in policy.per_diems.find(line, expense)]
    found.sort(key=_ORDER)
    return found if all(map(_ALWAYS, found)) else _looked_at([visit.node for visit in found], line, expense, policy)


def _looked_at(nodes: Sequence[Node], line: Line, expense: Expense, policy: CompiledPolicy) -> list[Visit]:
    """Return visits of nodes whose limit, or whether they fire, depends on the line, the day and one another."""
    day = expense.on or expense.submitted
    replaced: dict[Level, Node] = {}
    for node in nodes:
        if node.overrides and node.level not in replaced and not _silent(node, day):
            for level in node.overrides:
                replaced.setdefault(level, node)
    found: list[Visit] = []
    for node in nodes:
        silent = _silent(node, day)
        if replaced and not silent:
            by = replaced.get(node.level)
            if by is not None and by is not node:
                silent = f"replaced by {by.id}"
        silent = silent or node.doubt
        if not silent and node.per is Period.TRIP and not expense.trip:
            silent = _NO_TRIP
        effective = policy.effective(node, line) if node.factors else node.plain
        plain = not silent and effective is node.plain
        found.append(node.visit if plain else Visit.of(node, effective, silent))
    return found


def _silent(node: Node, day: date) -> str:
    if node.valid_from is None and node.valid_until is None and not node.nearer:
        return ""
    if not node.holds_on(day):
        return f"valid from {node.valid_from or 'ever'} until {node.valid_until or 'further notice'}, not on {day}"
    nearer = next((other for other in node.nearer if other.holds_on(day)), None)
    return f"{nearer.id} is for a nearer category" if nearer else ""


def _sums(expense: Expense, visited: list[list[Visit]]) -> dict[int, tuple[Decimal, int]]:
    """Return, per node that weighs a whole expense, the sum of the lines it applies to and how many they are."""
    sums: dict[int, tuple[Decimal, int]] = {}
    for line, found in zip(expense.lines, visited, strict=True):
        for visit in found:
            if visit.whole and not visit.silent and line.amount is not None:
                total, count = sums.get(visit.order, (Decimal(0), 0))
                sums[visit.order] = total + line.amount, count + 1
    return sums


def _decide(
    line: Line, expense: Expense, policy: CompiledPolicy, found: list[Visit], sums: Mapping[int, tuple[Decimal, int]]
) -> Decision:
    if line.amount is None or expense.currency != policy.currency:
        return _unknown_amount(line, expense, policy, found)
    own = abs(line.amount)
    path: list[PathNode] = []
    outcome, named, weighed = "PASS", None, own
    flip = Flip()
    covered = False
    level = 0
    for visit in found:
        rank = visit.rank
        path += _ABSENT[level:rank]
        level = max(level, rank + 1)
        if visit.silent:
            path.append(_unweighed(visit.node, visit.silent))
            continue
        covered = covered or visit.covers
        if visit.cumulative:
            reason = f"limit {visit.effective.origin}, weighed with the running total"
            path.append(_entry(visit.node, "NOT_APPLICABLE", reason))
            continue
        total, together = sums.get(visit.order, (own, 1))
        amount = abs(total)
        limit, entry = visit.value, visit.failed
        if visit.counted:
            limit, entry = _counted(visit.node, visit.effective, amount, expense)
        elif amount <= limit:
            effective = visit.effective
            entry = effective.warned if amount > effective.warn_at else effective.passed
        path.append(entry)
        if flip.tighter(limit, amount, own, together, visit.source) and outcome == "PASS":
            named, weighed = entry, amount
        if _BADNESS[entry.outcome] > _BADNESS[outcome]:
            outcome, named, weighed = entry.outcome, entry, amount
    path.extend(_ABSENT[level:])
    if outcome != "FAIL" and (undecided := _undecided(line, policy, path, covered=covered)):
        return undecided
    return _decision(
        line=line.number,
        outcome=outcome,
        rule_id=named.rule_id if named else FALLBACK,
        violation_code=violation_code(named.level) if named and outcome == "FAIL" else None,
        amount=weighed,
        limit=named.limit if named else None,
        currency=policy.currency,
        flip=flip.words(policy.currency, len(expense.lines)),
        resolution_path=tuple(path),
        policy_version=policy.version,
    )


def _counted(node: Node, effective: Effective, amount: Decimal, expense: Expense) -> tuple[Decimal, PathNode]:
    """Return a limit per night or attendee in this expense and its entry; unknown how many there are, it is one."""
    number, units, assumed = (
        (expense.nights, "nights", ONE_NIGHT)
        if node.per is Period.NIGHT
        else (expense.attendees, "attendees", ONE_ATTENDEE)
    )
    count = number or 1
    limit, warn_at = effective.value * count, effective.warn_at * count
    outcome = effective.failed.outcome if amount > limit else "WARN" if amount > warn_at else "PASS"
    if number == 1:
        return limit, {"PASS": effective.passed, "WARN": effective.warned}.get(outcome, effective.failed)
    reason = f"limit {effective.origin} x {number} {units}" if number else f"limit {effective.origin}, {assumed}"
    return limit, PathNode(rule_id=node.id, level=node.level.value, outcome=outcome, limit=limit, reason=reason)


def _unweighed(node: Node, silent: str) -> PathNode:
    """Return the entry of a rule that has no limit to weigh: replaced, not for this line, or in doubt."""
    if silent.startswith("replaced"):
        return _entry(node, "OVERRIDDEN", silent)
    doubted = silent == _NO_TRIP or (node.doubt and silent == node.doubt)
    return _entry(node, "REVIEW_REQUIRED" if doubted else "NOT_APPLICABLE", silent)


def _entry(node: Node, outcome: str, reason: str) -> PathNode:
    return PathNode(rule_id=node.id, level=node.level.value, outcome=outcome, limit=None, reason=reason)


def _undecided(line: Line, policy: CompiledPolicy, path: list[PathNode], *, covered: bool) -> Decision | None:
    """Return the decision that a person has to decide, None where nothing is left open.

    A per diem applies and its rate cannot be told; a limit per trip applies and no trip is stated; or nothing but
    general caps applies, so that a limit was forgotten or the category is wrong.
    """
    doubted = next((entry for entry in path if entry.outcome == "REVIEW_REQUIRED"), None)
    if doubted is None and covered:
        return None
    code, flip = "PER_DIEM_UNKNOWN", _STATE_IT
    if doubted is not None and doubted.reason == _NO_TRIP:
        code, flip = "TRIP_UNKNOWN", _STATE_TRIP
    if doubted is None:
        known = line.category is not None and line.category in policy.categories
        what = f"no limit for category {line.category}" if known else "no category of the taxonomy"
        doubted = PathNode(rule_id=FALLBACK, level="category", outcome="REVIEW_REQUIRED", limit=None, reason=what)
        path.append(doubted)
        code, flip = "FALLBACK_UNMAPPED", "passes with a category that has a limit"
    return _decision(
        line=line.number,
        outcome="REVIEW_REQUIRED",
        rule_id=doubted.rule_id,
        violation_code=code,
        amount=None if line.amount is None else abs(line.amount),
        limit=doubted.limit,
        currency=policy.currency,
        flip=flip,
        resolution_path=tuple(path),
        policy_version=policy.version,
    )


def _unknown_amount(line: Line, expense: Expense, policy: CompiledPolicy, found: list[Visit]) -> Decision:
    """Nothing can be compared: the amount was not read, or could not be converted into the policy's currency."""
    reason = (
        "the amount is not known"
        if line.amount is None
        else f"the amount is in {expense.currency}, the policy judges in {policy.currency}"
    )
    entry = PathNode(rule_id=UNKNOWN_AMOUNT, level="check", outcome="REVIEW_REQUIRED", limit=None, reason=reason)
    return _decision(
        line=line.number,
        outcome="REVIEW_REQUIRED",
        rule_id=UNKNOWN_AMOUNT,
        violation_code="AMOUNT_UNKNOWN",
        amount=None,
        limit=None,
        currency=policy.currency,
        flip=f"passes with an amount in {policy.currency} within its limits",
        resolution_path=(*(_entry(visit.node, "NOT_APPLICABLE", reason) for visit in found), entry),
        policy_version=policy.version,
    )


def _outcome(finding: Finding) -> str:
    if finding.severity == "violation":
        return "FAIL"
    if finding.blocking:
        return "REVIEW_REQUIRED"
    return "WARN" if finding.severity == "warn" else "PASS"
