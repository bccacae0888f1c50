"""Deciding across expenses: a pure function of the judged expense, the policy and what was read from the history."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from consumers.screen.footprint import Account, Footprint, footprint_of
from consumers.screen.prior import Dismissed, Prior
from consumers.screen.twins import Sum
from policy.checks import meal_and_per_diem
from policy.checks.across import DuplicateExact, NearDuplicate, Severity, SplitTransaction
from policy.checks.prepare import found
from policy.compiled import CompiledPolicy
from policy.judge import violation_code, worst
from policy.models import CheckSettings
from schemas.events import ExpenseEvaluated
from schemas.records import Decision, Finding, PathNode

__all__ = ["AWAIT", "DECIDE", "DISMISSED", "MERGE", "Screening", "decide", "screened"]

DECIDE: Final = "decide"
AWAIT: Final = "await_receipt"
MERGE: Final = "merge"

# What is told of a pair that a person has let stand: it holds nothing.
DISMISSED: Final = "PAIR_DISMISSED"

# As many characters of an expense's id as people are shown everywhere.
_SHOWN: Final = 8
# A total above the lowest rate that may apply: a person decides.
_UNSURE: Final = CheckSettings(severity="warn", blocking=True)
# What a check does when the policy does not speak of it.
_DEFAULTS: Final[dict[str, CheckSettings]] = {
    "DUPLICATE_EXACT": DuplicateExact(),
    "MEAL_AND_PER_DIEM": meal_and_per_diem.Settings(),
    "DUPLICATE_NEAR": NearDuplicate(),
    "SPLIT_TRANSACTION": SplitTransaction(),
    "BUDGET_EXCEEDED": Severity(),
    "MISSING_RECEIPT": Severity(),
    "RECEIPT_MISMATCH": Severity(),
}
# What is said of an earlier expense where it is not this one again.
_SAID: Final = {"MEAL_AND_PER_DIEM": "An earlier expense claims {}."}


@dataclass(frozen=True, slots=True)
class Screening:
    """What looking across expenses adds: decisions of the expense as a whole, findings, and what to do with it."""

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    outcome: str
    disposition: str
    other: str | None


def decide(event: ExpenseEvaluated, policy: CompiledPolicy, prior: Prior) -> Screening:
    """Return the final decision on an expense. Done again from the same three, it is the same to the last byte."""
    return screened(event, footprint_of(event, policy), policy, prior)


def screened(event: ExpenseEvaluated, footprint: Footprint, policy: CompiledPolicy, prior: Prior) -> Screening:
    """Return the same where the event's footprint is at hand."""
    if prior.match is not None and event.document is not None and prior.match.waiting:
        return Screening(event.decisions, event.findings, event.outcome, MERGE, prior.match.expense)
    weighed = _against_totals(footprint.accounts, policy, prior)
    findings = [
        *_duplicates(policy, prior),
        *_splits(footprint, policy, prior),
        *(() if weighed is None else _exceeded(*weighed, policy)),
        *prior.carried,
        *(_dismissed(each) for each in prior.dismissed),
    ]
    if prior.overdue:
        settings = _settings(policy, "MISSING_RECEIPT")
        message = f"No receipt came within {policy.receipts.wait_days} days."
        findings += [found("MISSING_RECEIPT", settings, message)] if settings.enabled else []
    whole = () if weighed is None else weighed[:1]
    waits = footprint.wants_receipt and not (prior.overdue or prior.receipt or prior.match)
    bad = [_outcome(finding) for finding in findings]
    return Screening(
        decisions=(*event.decisions, *whole),
        findings=(*event.findings, *findings),
        outcome=worst([event.outcome, *(d.outcome for d in whole if d.outcome != "FAIL"), *bad]),
        disposition=AWAIT if waits else DECIDE,
        other=prior.receipt or (prior.match.expense if prior.match else None),
    )


def _settings(policy: CompiledPolicy, code: str) -> CheckSettings:
    return policy.settings.get(code) or _DEFAULTS[code]


def _outcome(finding: Finding) -> str:
    if finding.severity == "violation":
        return "FAIL"
    return "REVIEW_REQUIRED" if finding.blocking else "WARN" if finding.severity == "warn" else "PASS"


def _duplicates(policy: CompiledPolicy, prior: Prior) -> list[Finding]:
    findings = []
    for seen in prior.seen:
        settings = _settings(policy, seen.code)
        if settings.enabled:
            message = _SAID.get(seen.code, "It has {} as an earlier expense.").format(seen.words)
            if seen.also:
                message += f" So have {', '.join(other[:_SHOWN] for other in seen.also)}."
            findings.append(found(seen.code, settings, message, other=seen.expense))
    settings = _settings(policy, "DUPLICATE_NEAR")
    if prior.added is not None and settings.enabled:
        findings.append(found("DUPLICATE_NEAR", settings, _together(prior.added), other=_last(prior.added)))
    if prior.match is not None and settings.enabled:
        message = "A receipt and a card line seem to be this one purchase, and the other one has gone on already."
        findings.append(found("DUPLICATE_NEAR", settings, message, other=prior.match.expense))
    settings = _settings(policy, "RECEIPT_MISMATCH")
    if prior.unlike is not None and settings.enabled:
        message = "A card line of this person at this merchant waits for its receipt, but the amounts do not fit."
        findings.append(found("RECEIPT_MISMATCH", settings, message, other=prior.unlike))
    return findings


def _together(added: Sum) -> str:
    if added.whole is None:
        one, other = (part[:_SHOWN] for part in added.parts)
        return f"Its total is what expenses {one} and {other} of the same vendor are together."
    part, whole = added.parts[0][:_SHOWN], added.whole[:_SHOWN]
    return f"With expense {part} of the same vendor it adds up to expense {whole}."


def _last(added: Sum) -> str:
    return added.whole or added.parts[-1]


def _dismissed(kept: Dismissed) -> Finding:
    others = " and ".join(other[:_SHOWN] for other in kept.others)
    message = f"Not held against {others}: pair dismissed by {kept.by} on {kept.on}."
    return Finding(code=DISMISSED, severity="info", message=message, blocking=False, other=kept.others[-1])


def _splits(footprint: Footprint, policy: CompiledPolicy, prior: Prior) -> list[Finding]:
    settings = _settings(policy, "SPLIT_TRANSACTION")
    findings = []
    for part in footprint.parts:
        earlier = prior.parts.get(part.key, ())
        together = part.amount + sum(amount for _, amount in earlier)
        if settings.enabled and earlier and together > part.limit:
            message = (
                f"{len(earlier) + 1} purchases at one vendor are {together} {policy.currency} together, "
                f"above the limit of {part.limit} {policy.currency} set by {part.rule_id}; each stays below it."
            )
            findings.append(found("SPLIT_TRANSACTION", settings, message, other=earlier[-1][0]))
    return findings


def _against_totals(
    accounts: tuple[Account, ...], policy: CompiledPolicy, prior: Prior
) -> tuple[Decision, Account] | None:
    """Return the decision of the expense as a whole against the running totals it adds to, and the total it names.

    None where it adds to none. A rule may have several totals here: one for each day the lines are of.
    """
    path, named, worst_outcome = [], None, ""
    room: Decimal | None = None
    for account in accounts:
        before = prior.totals.get(account.key, Decimal(0))
        total = before + account.amount
        outcome = "PASS"
        if account.amount > 0 and total > account.warn_at:
            outcome = account.above if total > account.limit else "WARN"
        reason = f"{before} before and {account.amount} now against {account.words}"
        path.append(
            PathNode(rule_id=account.rule_id, level=account.level, outcome=outcome, limit=account.limit, reason=reason)
        )
        left = account.limit - before
        room = left if room is None else min(room, left)
        if named is None or worst([worst_outcome, outcome]) != worst_outcome:
            named, worst_outcome = account, outcome
    if named is None or room is None:
        return None
    decision = Decision(
        line=0,
        outcome=worst_outcome,
        rule_id=named.rule_id,
        violation_code=_code(named, worst_outcome),
        amount=prior.totals.get(named.key, Decimal(0)) + named.amount,
        limit=named.limit,
        currency=policy.currency,
        flip=f"passes at <= {room} {policy.currency}" if room >= 0 else "passes once the total is below its limit",
        resolution_path=tuple(path),
        policy_version=policy.version,
    )
    return decision, named


def _code(account: Account, outcome: str) -> str | None:
    if outcome != "FAIL":
        return "PER_DIEM_UNKNOWN" if outcome == "REVIEW_REQUIRED" else None
    return "BUDGET_EXCEEDED" if account.key.startswith("budget/") else violation_code(account.level)


def _exceeded(decision: Decision, account: Account, policy: CompiledPolicy) -> list[Finding]:
    if decision.violation_code is None:
        return []
    settings = _DEFAULTS["BUDGET_EXCEEDED"]
    if decision.outcome == "REVIEW_REQUIRED":
        settings = _UNSURE
    if decision.violation_code in policy.settings:
        settings = policy.settings[decision.violation_code]
    message = (
        f"With this expense the total is {decision.amount} {decision.currency}, above {account.words}; {decision.flip}."
    )
    return [found(decision.violation_code, settings, message)]
