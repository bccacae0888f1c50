"""The account and recovery class of each line: by rule, then by history, else by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumers.coding.patterns import PatternBook
from consumers.coding.rules import CodingRules
from schemas.records import Assertion, Coding, Line, Problem

__all__ = ["Subject", "code_lines"]

STAGE: Final = "coding"
_STATES: Final = frozenset({"recoverable", "non_recoverable", "not_applicable"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What lines have in common: whose they are, who sold them and for which property."""

    tenant: str
    vendor_id: str | None
    property_id: str | None


def code_lines(
    lines: Sequence[Line],
    categories: dict[int, str | None],
    subject: Subject,
    *,
    rules: CodingRules,
    patterns: PatternBook,
    asserted: dict[str, Assertion],
) -> tuple[tuple[Coding, ...], tuple[Problem, ...]]:
    """Return one coding per line, and NO_GL_CODE for each that stays without an account.

    What a person stated (`lines.N.gl_code`, `lines.N.recovery_status`) overrides everything. An account outside the
    chart is refused as NO_GL_CODE, because the ERP would refuse it later.
    """
    codings = tuple(_code(line, categories.get(line.number), subject, rules, patterns, asserted) for line in lines)
    problems = tuple(
        Problem(
            code="NO_GL_CODE",
            message="No rule and no earlier posting gives this line an account of the chart: state its account.",
            field=f"lines.{coding.line}.gl_code",
            line=coding.line,
            stage=STAGE,
        )
        for coding in codings
        if coding.gl_code is None
    )
    return codings, problems


def _code(
    line: Line,
    category: str | None,
    subject: Subject,
    rules: CodingRules,
    patterns: PatternBook,
    asserted: dict[str, Assertion],
) -> Coding:
    hit = next(iter(rules.keywords.find(line.description or "")), None)
    spoken_account, _, spoken_recovery = hit.meaning.partition(" ") if hit else ("", "", "")
    recovery: str = rules.recovery_of(category, subject.property_id, spoken_recovery or None)
    stated = asserted.get(f"lines.{line.number}.gl_code")
    if stated:
        account, rule = stated.value, "asserted"
    elif hit:
        account, rule = spoken_account, f"keyword:{hit.phrase}"
    elif by_category := rules.account_of(category):
        account, rule = by_category, f"category:{category}"
    else:
        past = patterns.find(subject.tenant, subject.vendor_id, line.description) if subject.vendor_id else None
        account, rule = (past.gl_code, f"history:{past.description}") if past else ("", "none")
        recovery = past.recovery_status if past else recovery
    stated_recovery = asserted.get(f"lines.{line.number}.recovery_status")
    if stated_recovery and stated_recovery.value in _STATES:
        recovery = stated_recovery.value
    known = account if account in rules.chart else None
    return Coding(line=line.number, gl_code=known, recovery_status=recovery, rule=rule)
