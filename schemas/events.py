"""The events an expense goes through. One `.avsc` per event lies in `avro/`, derived from these.

Past tense: each says what happened. Fields without a default must be given; a field added later needs one, or the
registry refuses it (BACKWARD_TRANSITIVE).
"""

from dataclasses import dataclass
from typing import Annotated

from schemas.envelope import Event
from schemas.fields import Amount, Doc, Instant
from schemas.records import (
    Assertion,
    CategoryMatch,
    ClaimCheck,
    Coding,
    Context,
    Conversion,
    Decision,
    Dismissal,
    Facts,
    Finding,
    Line,
    Portion,
    Posting,
    Signature,
    Superseded,
    VendorMatch,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseSubmitted(Event):
    """A document entered. Its bytes are in the object store, its file name in `personal`."""

    document: Annotated[ClaimCheck, Doc("Where the bytes are.")]
    context: Annotated[Context, Doc("What the organisation says about the spender.")]
    origin: Annotated[str, Doc("upload, folder, api or pull.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRepeated(Event):
    """The same document of the same person entered again; nothing more happens to it."""

    first_batch_id: Annotated[str | None, Doc("Batch it first came with.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsFound(Event):
    """The file holds several documents: each is an expense of its own, and belongs to the file's batch."""

    members: Annotated[tuple[str, ...], Doc("Expense id of each, in order; the first has the file's own.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseRead(Event):
    """The document's words were read; they are in `personal`."""

    document: Annotated[ClaimCheck, Doc("Where the bytes are.")]
    context: Annotated[Context, Doc("What the organisation says about the spender.")]
    kind: Annotated[str, Doc("Kind by content: digital_pdf, scanned_pdf, image, factur_x, ubl, cii or text.")]
    pages: Annotated[int, Doc("Number of pages read.")]
    engine: Annotated[str, Doc("What read it, with its version.")]
    portion: Annotated[Portion | None, Doc("Which document of the file, None where the file holds one.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseParsed(Event):
    """Fields and lines are known, as far as they could be read. Card lines enter here."""

    document: Annotated[ClaimCheck | None, Doc("None for a card line.")]
    context: Annotated[Context, Doc("What the organisation says about the spender.")]
    facts: Annotated[Facts, Doc("What was read.")]
    lines: Annotated[tuple[Line, ...], Doc("1..n lines; the expense's outcome is its worst line's.")]
    portion: Annotated[Portion | None, Doc("Which document of the file, None where the file holds one.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseCorrected(ExpenseParsed):
    """A new revision goes through the tracks, with what was asserted.

    A person corrected the expense, or a track that had failed on it has answered after all.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyConverted(ExpenseParsed):
    """The currency track's answer; it carries the whole expense so that the join needs no fourth source."""

    conversion: Annotated[Conversion | None, Doc("None where no rate could be had; a problem says why.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorResolved(Event):
    """The vendor track's answer."""

    vendor: Annotated[VendorMatch | None, Doc("None where no seller was read.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryResolved(Event):
    """The category track's answer."""

    categories: Annotated[tuple[CategoryMatch, ...], Doc("One per line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFailed(ExpenseParsed):
    """A track dead-lettered the expense; it answers all the same so that the join does not wait for ever."""

    track: Annotated[str, Doc("currency, vendor or category.")]
    reason: Annotated[str, Doc("Why, without personal data.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackAnsweredLate(Event):
    """A track answered after the expense had gone on without it. The answer is in the trail.

    Where the track had failed, and the expense still waits for a person, it goes through the tracks once more.
    """

    track: Annotated[str, Doc("currency, vendor or category.")]
    answer: Annotated[str, Doc("Event id of the late answer.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseCoded(CurrencyConverted):
    """The three answers met; every line has its account, or a problem says why not."""

    vendor: Annotated[VendorMatch | None, Doc("The vendor track's answer.")]
    categories: Annotated[tuple[CategoryMatch, ...], Doc("One per line.")]
    codings: Annotated[tuple[Coding, ...], Doc("One per line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseEvaluated(ExpenseCoded):
    """Every line was judged on its own against the policy in force when it was submitted."""

    decisions: Annotated[tuple[Decision, ...], Doc("At least one per line; line 0 is the expense as a whole.")]
    findings: Annotated[tuple[Finding, ...], Doc("Reasons to hold it, and things worth knowing.")]
    outcome: Annotated[str, Doc("The worst of all: PASS, WARN, FAIL or REVIEW_REQUIRED.")]
    policy_version: Annotated[str, Doc("SHA-256 of the RFC 8785 form of the policy snapshot.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseRetracted(Event):
    """A revision no longer counts: rejected or corrected. What it contributed to totals is taken back."""

    reason: Annotated[str, Doc("rejected, corrected, replaced or reversed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDismissed(Event):
    """A person saw expenses that were flagged together and lets them stand: never flag these together again."""

    dismissals: Annotated[tuple[Dismissal, ...], Doc("With which others, each pair or group by itself.")]
    actor: Annotated[str, Doc("Pseudonym of the person.")]
    reason: Annotated[str, Doc("Why, in the person's words.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseDecided(ExpenseEvaluated):
    """Judged across expenses too. `approval` does what `disposition` says."""

    prior: Annotated[str, Doc("RFC 8785 JSON of the little that was read from keyed state to decide.")]
    disposition: Annotated[str, Doc("decide, await_receipt or merge.")]
    other: Annotated[str | None, Doc("The expense it merges into or is matched with.")] = None
    decision_number: Annotated[int, Doc("Raised when the same revision is decided again, from 1.")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOpened(Event):
    """Held for a person; nothing is posted until it is resolved."""

    findings: Annotated[tuple[Finding, ...], Doc("Why.")]
    total: Annotated[Amount | None, Doc("Total in the reporting currency.")]
    currency: Annotated[str | None, Doc("Reporting currency.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResolved(Event):
    """A person decided about a held expense."""

    action: Annotated[str, Doc("approve, reject, correct, replace, dismiss or supersede.")]
    actor: Annotated[str, Doc("Pseudonym of the person who decided.")]
    reason: Annotated[str, Doc("Why, in the person's words.")]
    corrections: Annotated[tuple[Assertion, ...], Doc("What is stated, for correct.")] = ()
    replacement: Annotated[ClaimCheck | None, Doc("The new document, for replace.")] = None
    supersedes: Annotated[Superseded | None, Doc("The posted expense whose place it takes, for supersede.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRefused(Event):
    """A resolution could not be carried out: it says why; the expense stays as it was."""

    action: Annotated[str, Doc("What was asked for.")]
    reason: Annotated[str, Doc("Why not, and what would make it possible.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClosed(Event):
    """A review ended."""

    action: Annotated[str, Doc("approve, reject, correct, replace, cleared or recoded.")]
    actor: Annotated[str | None, Doc("Pseudonym of the person; None when a fresh decision cleared it.")]
    reason: Annotated[str, Doc("Why.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseApproved(ExpenseDecided):
    """May be posted: nothing held it, or a person approved it."""

    approved_by: Annotated[str | None, Doc("Pseudonym of the person; None when no person was needed.")] = None
    supersedes: Annotated[Superseded | None, Doc("Whose posting is reversed before this one is posted.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseRejected(Event):
    """A person rejected it. Nothing was or will be posted."""

    actor: Annotated[str, Doc("Pseudonym of the person.")]
    reason: Annotated[str, Doc("Why.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseMerged(Event):
    """A receipt and its card line are one expense; this one ends in the other."""

    into: Annotated[str, Doc("Expense id of the card line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpensePosted(ExpenseApproved):
    """The ERP has it, once."""

    posting: Annotated[Posting | None, Doc("What the ERP answered.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingReversed(Event):
    """A posting was taken back in the ERP, once, since a person found another expense to be the right one."""

    reversal: Annotated[Posting, Doc("What the ERP answered: the posting that takes the other one back.")]
    posting_id: Annotated[str, Doc("The posting taken back.")]
    superseded_by: Annotated[str, Doc("The expense posted in its place.")]
    actor: Annotated[str, Doc("Pseudonym of the person.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingRefused(ExpenseDecided):
    """The ERP refused it for a reason that trying again cannot mend; it goes back to a person, with all they need."""

    code: Annotated[str, Doc("The ERP's code.")]
    message: Annotated[str, Doc("The ERP's words, without personal data.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickElapsed(Event):
    """The time, as an event: `occurred_at` is now. The ticker writes one to every partition of the topics that ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchClosed(Event):
    """Everything of a batch has been submitted."""

    expense_ids: Annotated[tuple[str, ...], Doc("Every distinct expense of the batch, sorted.")]
    manifest_sha256: Annotated[str, Doc("SHA-256 over the sorted ids, one a line.")]
    part: Annotated[int, Doc("Large batches close in parts, counted from 1.")] = 1
    parts: Annotated[int, Doc("How many parts.")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgressed(Event):
    """A member of a batch reached an end or came to wait for a person."""

    member: Annotated[str, Doc("Expense id.")]
    state: Annotated[str, Doc("End or waiting state, or repeated.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCompleted(Event):
    """Every member of a batch ended or waits for a person; written again when the counts have changed.

    That is at once, but of a batch of more than 10,000 members it is a while after it was last said.
    """

    counts: Annotated[dict[str, int], Doc("Members per state.")]
    members: Annotated[int, Doc("Distinct expenses in the batch.")]
    manifest_sha256: Annotated[str, Doc("SHA-256 over `expense_id state` lines, sorted.")]
    final: Annotated[bool, Doc("True when none waits any more.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecorded(Event):
    """What a stage did with one event, written in the same transaction as what it did."""

    action: Annotated[str, Doc("Name of the event written, or DeadLettered.")]
    cause_id: Annotated[str, Doc("Event id of the input.")]
    source: Annotated[str, Doc("Topic, partition and offset of the input: topic/partition/offset.")]
    topic: Annotated[str | None, Doc("Topic the output went to.")]
    output: Annotated[bytes | None, Doc("The output as written: Confluent wire format, personal parts as ciphertext.")]
    output_sha256: Annotated[str | None, Doc("SHA-256 of those bytes, hex.")]
    actor: Annotated[str | None, Doc("Pseudonym of the person, for a human action.")] = None
    reason: Annotated[str | None, Doc("Code of a dead letter or refusal; the expense that an unread record is.")] = None
    recorded_at: Annotated[Instant | None, Doc("Append time of this record, filled in on reading.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSealed(Event):
    """An entry of the audit log: chained to the one before it of the same expense."""

    sequence: Annotated[int, Doc("Counted from 1 per expense, without gaps.")]
    previous: Annotated[str, Doc("Hash of the entry before, hex.")]
    hash: Annotated[str, Doc("SHA-256(previous || metadata || output), hex.")]
    metadata: Annotated[str, Doc("RFC 8785 JSON of what, when, where, who and outcome.")]
    output: Annotated[bytes | None, Doc("The event that was recorded, as written.")]
    recorded_at: Annotated[Instant, Doc("When the stage's transaction reached the log: knowledge time.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Event):
    """An entry of the audit log breaks the lifecycle, or what came before it is missing. Somebody has to look."""

    kind: Annotated[str, Doc("illegal_step, or gap where something before the entry is missing.")]
    breach: Annotated[str, Doc("The step, as the entry names it: before -> after.")]
    action: Annotated[str, Doc("Name of the event that took the step, or DeadLettered.")]
    sequence: Annotated[int, Doc("The entry's number in its expense's chain.")]
    cause_id: Annotated[str, Doc("Event id of what the stage had handled.")]
    source: Annotated[str, Doc("Where that is: topic/partition/offset.")]
    taken_by: Annotated[str, Doc("Stage that took the step.")]
    recorded_at: Annotated[Instant | None, Doc("When the log learned of it.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPublished(Event):
    """A policy snapshot, kept for ever under its version."""

    version: Annotated[str, Doc("SHA-256 of the RFC 8785 form.")]
    snapshot: Annotated[str, Doc("The policy as RFC 8785 JSON.")]
    effective_from: Annotated[Instant, Doc("First submission time it applies to, UTC.")]
    published_by: Annotated[str, Doc("Who published it.")]
    reason: Annotated[str, Doc("Why.")]
    signatures: Annotated[tuple[Signature, ...], Doc("Who vouches for it; empty where nobody signed.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorRecorded(Event):
    """A vendor of the master, learned from what was posted."""

    vendor_id: Annotated[str, Doc("Id in the master.")]
    name: Annotated[str, Doc("Normalised name.")]
    tax_id: Annotated[str | None, Doc("Tax number.")] = None
    iban: Annotated[str | None, Doc("Bank account.")] = None
    postings: Annotated[int, Doc("How many postings confirmed it; written again when it doubles.")] = 1
    aliases: Annotated[tuple[str, ...], Doc("Folded names that a person confirmed to be this vendor.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRecorded(Event):
    """How lines of this vendor and description were coded before."""

    vendor_id: Annotated[str, Doc("Vendor.")]
    description: Annotated[str, Doc("Normalised description.")]
    gl_code: Annotated[str, Doc("Account used.")]
    recovery_status: Annotated[str, Doc("Recovery class used.")]
    category: Annotated[str | None, Doc("Category at the time.")] = None
    postings: Annotated[int, Doc("How many postings agree; written again when it doubles.")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWrapped(Event):
    """A subject's key, wrapped by the master key. A tombstone under its key erases the person."""

    key_id: Annotated[str, Doc("Id of the key.")]
    wrapped: Annotated[bytes, Doc("The key, encrypted under the master key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullAdvanced(Event):
    """Rows of a pulled source are in: written in one transaction with them, so that none is lost or comes twice."""

    source: Annotated[str, Doc("Name of the pull.")]
    position: Annotated[str, Doc("Where it goes on, as JSON: the last row's key, or an object's version and row.")]
    rows: Annotated[int, Doc("Rows read since its beginning.")]
    dead_letters: Annotated[int, Doc("Of these, rows that are dead letters.")]
