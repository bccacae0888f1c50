"""What happened to one expense, in plain sentences with times and reasons.

No personal data can appear: the sentences are made from the clear part of the events only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from babel.numbers import get_currency_precision

from audit.entry import Entry
from audit.step import ANSWERS, DEAD_LETTERED, READ_AFTER_ALL
from schemas import events as e
from schemas.envelope import Event
from schemas.records import Decision, Finding, Portion

__all__ = ["Sentence", "causes_first", "money", "portion_told", "sentence", "story", "tell"]

_ASKED = "ExpenseParsed"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that happened: when it happened, when the log knew, which stage, what in words and by its name."""

    sequence: int
    occurred_at: datetime
    recorded_at: datetime
    stage: str
    text: str
    action: str


def story(history: Iterable[tuple[Entry, Event | None]]) -> list[Sentence]:
    """Return one sentence per entry of one expense, given in the log's order, as `causes_first` orders them."""
    return causes_first(
        Sentence(entry.sequence, entry.occurred_at, entry.recorded_at, entry.stage, tell(entry, event), entry.action)
        for entry, event in history
    )


def causes_first(sentences: Iterable[Sentence]) -> list[Sentence]:
    """Return what the log tells with a card line before what the tracks answered about it.

    The tracks work side by side, and it is one of them that records what a feed sent: the log may have heard of another
    one's answer before. Nothing else is told in another order than the log's.
    """
    told: list[Sentence] = []
    for each in sentences:
        place = len(told)
        if each.action == _ASKED:
            answers = (n for n, s in enumerate(told) if s.action in ANSWERS and s.occurred_at == each.occurred_at)
            place = next(answers, place)
        told.insert(place, each)
    return told


def tell(entry: Entry, event: Event | None) -> str:
    """Return what one entry says, as a sentence."""
    if entry.action == DEAD_LETTERED:
        said = f"Could not be handled ({entry.reason}); the record at {entry.source} went to the dead letters."
    elif entry.action == READ_AFTER_ALL:
        said = f"Could be read after all when it was replayed: it is expense {entry.reason}."
    elif isinstance(event, e.KeyWrapped):
        said = _key(entry, event)
    else:
        said = sentence(entry.action, event)
    if entry.breach:
        said += f" This step ({entry.breach}) is not in the lifecycle table."
    return said


def sentence(action: str, event: Event | None) -> str:
    """Return what an entry says that is neither a dead letter nor about a key, and breaks no rule."""
    told = None if event is None else _SENTENCES.get(type(event))
    return f"{_words(action)}." if told is None else told(event)


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount with its currency, in ISO 4217 minor units, more decimals only where the amount has them."""
    if amount is None:
        return "an unknown amount"
    digits = _precision(currency) if currency else 2
    exponent = amount.normalize().as_tuple().exponent
    digits = max(digits, -exponent if isinstance(exponent, int) else 0)
    return f"{amount:.{digits}f} {currency or '(currency unknown)'}"


# Currencies come from documents: what is remembered of them has an end.
_precision = lru_cache(512)(get_currency_precision)


def _key(entry: Entry, event: e.KeyWrapped) -> str:
    if event.wrapped:
        return f"Key {event.key_id} was made for a person."
    why = f": {entry.reason}" if entry.reason else ""
    return f"Key {event.key_id} was destroyed{_by(entry.actor)}{why}. What it sealed can never be read again."


def _submitted(event: e.ExpenseSubmitted) -> str:
    document = event.document
    return (
        f"Submitted by {event.origin} as {document.media_type}, {document.size} bytes, "
        f"SHA-256 {document.sha256[:12]}…{_revision(event)}."
    )


def _repeated(event: e.SubmissionRepeated) -> str:
    first = f" in batch {event.first_batch_id}" if event.first_batch_id else ""
    return f"The same document was submitted again; it had entered before{first}, so nothing more happens."


def _found(event: e.DocumentsFound) -> str:
    others = ", ".join(event.members[1:])
    return (
        f"The file holds {len(event.members)} documents, each an expense of its own: "
        f"this one is the first, the others are {others}."
    )


def portion_told(portion: Portion) -> str:
    """Return which document of its file an expense is, in words."""
    told = f"document {portion.number} of {portion.of} in the file of expense {portion.file}"
    if portion.attachment is not None:
        told += f", attachment {portion.attachment}"
    if portion.first_page is None:
        return told
    several = portion.last_page != portion.first_page
    return (
        f"{told}, pages {portion.first_page}-{portion.last_page}" if several else f"{told}, page {portion.first_page}"
    )


def _read(event: e.ExpenseRead) -> str:
    what = f"Read as {_words(event.kind).lower()}, {_count(event.pages, 'page')}, by {event.engine}"
    where = f": {portion_told(event.portion)}" if event.portion else ""
    return f"{what}{where}.{_doubts(event)}"


def _parsed(event: e.ExpenseParsed) -> str:
    facts = event.facts
    what = _words(facts.document_type or facts.kind)
    where = f" from {facts.vendor_name}" if facts.vendor_name else ""
    when = f" of {facts.invoice_date}" if facts.invoice_date else ""
    lines = _count(len(event.lines), "line")
    return f"{what}{where}{when} over {money(facts.total, facts.currency)}, {lines}.{_doubts(event)}"


def _corrected(event: e.ExpenseCorrected) -> str:
    stated = ", ".join(f"{a.field} = {a.value}" for a in event.asserted)
    return f"Is revision {event.revision} now: {stated or 'nothing stated'}. It goes through the tracks again."


def _converted(event: e.CurrencyConverted) -> str:
    conversion = event.conversion
    if conversion is None:
        return f"No conversion to the reporting currency could be made.{_doubts(event)}"
    rate = f"{conversion.rate.normalize():f}"
    return (
        f"Is {money(conversion.total, conversion.currency)}, at {rate} of {conversion.rate_date} ({conversion.source})."
    )


def _vendor(event: e.VendorResolved) -> str:
    match = event.vendor
    if match is None:
        return f"No seller could be named.{_doubts(event)}"
    known = "a seller new to the vendor master" if match.candidate else f"found by {_words(match.method).lower()}"
    return f"The seller is {match.name}, {known} (score {match.score}).{_doubts(event)}"


def _categories(event: e.CategoryResolved) -> str:
    found = [f"line {c.line} {c.category or 'unmapped'} ({c.score})" for c in event.categories]
    return f"Categories: {'; '.join(found) or 'none'}.{_doubts(event)}"


def _coded(event: e.ExpenseCoded) -> str:
    coded = [f"line {c.line} {c.gl_code or 'without account'} ({c.rule})" for c in event.codings]
    return f"Accounts: {'; '.join(coded) or 'none'}.{_doubts(event)}"


def _track_failed(event: e.TrackFailed) -> str:
    return f"The {event.track} track gave no answer ({event.reason}); the expense goes on without it."


def _answered_late(event: e.TrackAnsweredLate) -> str:
    return f"The {event.track} track answered after the expense had gone on without it."


def _evaluated(event: e.ExpenseEvaluated) -> str:
    policy = f"policy {event.policy_version[:12]}…"
    return f"Judged {event.outcome} under {policy}.{_reasons(event.decisions, event.findings)}"


def _dismissed(event: e.PairDismissed) -> str:
    pairs = "; ".join(f"{d.code} with {', '.join(d.others)}" for d in event.dismissals)
    return f"Pair dismissed by {event.actor} on {event.occurred_at.date()} ({pairs}): it is not flagged again."


def _decided(event: e.ExpenseDecided) -> str:
    again = f" (decision {event.decision_number})" if event.decision_number > 1 else ""
    then = {
        "await_receipt": " It waits for its receipt.",
        "merge": f" It belongs to expense {event.other}.",
    }.get(event.disposition, "")
    findings = "".join(f" {f.message}" for f in event.findings)
    return f"Compared with other expenses{again}: {event.outcome}.{then}{findings}"


def _review_opened(event: e.ReviewOpened) -> str:
    why = [f.message for f in event.findings] or [p.message for p in event.problems]
    return f"Held for a person: {' '.join(why) or 'no reason was recorded'}"


def _review_refused(event: e.ReviewRefused) -> str:
    return f"Asked to {event.action}, which was refused: {event.reason}"


def _review_closed(event: e.ReviewClosed) -> str:
    return f"The review ended with {event.action}{_by(event.actor)}: {event.reason}"


def _approved(event: e.ExpenseApproved) -> str:
    return f"Approved{_by(event.approved_by) or ', no person was needed'}."


def _rejected(event: e.ExpenseRejected) -> str:
    return f"Rejected{_by(event.actor)}: {event.reason}"


def _posted(event: e.ExpensePosted) -> str:
    posting = event.posting
    if posting is None:
        return "Posted to the ERP."
    again = "; the ERP had it already" if posting.replayed else ""
    return f"Posted to the ERP as {posting.posting_id}{again}."


def _reversed(event: e.PostingReversed) -> str:
    reversal = event.reversal.posting_id
    return (
        f"Its posting {event.posting_id} was reversed as {reversal}, by {event.actor}: "
        f"expense {event.superseded_by} takes its place."
    )


def _posting_refused(event: e.PostingRefused) -> str:
    return f"The ERP refused it ({event.code}): {event.message}"


_SENTENCES = cast(
    "dict[type[Event], Callable[[Any], str]]",
    {
        e.ExpenseSubmitted: _submitted,
        e.SubmissionRepeated: _repeated,
        e.DocumentsFound: _found,
        e.ExpenseRead: _read,
        e.ExpenseParsed: _parsed,
        e.ExpenseCorrected: _corrected,
        e.CurrencyConverted: _converted,
        e.VendorResolved: _vendor,
        e.CategoryResolved: _categories,
        e.TrackFailed: _track_failed,
        e.TrackAnsweredLate: _answered_late,
        e.ExpenseCoded: _coded,
        e.ExpenseEvaluated: _evaluated,
        e.ExpenseRetracted: lambda event: f"Revision {event.revision} no longer counts: {event.reason}.",
        e.PairDismissed: _dismissed,
        e.ExpenseDecided: _decided,
        e.ReviewOpened: _review_opened,
        e.ReviewResolved: lambda event: f"A person asked to {event.action}: {event.reason}",
        e.ReviewRefused: _review_refused,
        e.ReviewClosed: _review_closed,
        e.ExpenseApproved: _approved,
        e.ExpenseRejected: _rejected,
        e.ExpenseMerged: lambda event: f"Became one with expense {event.into}.",
        e.ExpensePosted: _posted,
        e.PostingReversed: _reversed,
        e.PostingRefused: _posting_refused,
    },
)


def _reasons(decisions: tuple[Decision, ...], findings: tuple[Finding, ...]) -> str:
    failed = [d for d in decisions if d.violation_code]
    said = [
        f" {f'Line {d.line}' if d.line else 'The expense'}: {d.violation_code} by {d.rule_id}; {d.flip}."
        for d in failed
    ]
    return "".join(said + [f" {f.message}" for f in findings])


def _doubts(event: Event) -> str:
    # Problems ride on; only those this stage raised are news here.
    new = [problem.message for problem in event.problems if problem.stage == event.stage]
    return f" In doubt: {' '.join(new)}" if new else ""


def _by(actor: str | None) -> str:
    return f" by {actor}" if actor else ""


def _revision(event: Event) -> str:
    return f", revision {event.revision}" if event.revision > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@lru_cache(4_096)
def _words(name: str) -> str:
    """Return `digital_pdf` or `ExpenseRead` as `Digital pdf` or `Expense read`."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name).replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]
