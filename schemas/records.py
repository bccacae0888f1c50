"""The records that events are made of. All are frozen; absent is None, never a guess."""

from dataclasses import dataclass
from typing import Annotated

from schemas.fields import Amount, Day, Doc, Instant, Quantity, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A doubt that rides on the event until a person or a correction settles it."""

    code: Annotated[str, Doc("What kind of doubt, in upper snake case, for example AMBIGUOUS_DATE.")]
    message: Annotated[str, Doc("One sentence for a person: what is doubtful and what would settle it.")]
    field: Annotated[str | None, Doc("The field in doubt, None when it is the document as a whole.")] = None
    line: Annotated[int | None, Doc("The line in doubt, counted from 1, None when it is not about one line.")] = None
    stage: Annotated[str, Doc("The stage that raised it.")] = ""
    page: Annotated[int | None, Doc("Page the doubtful value was read on, counted from 1.")] = None
    box: Annotated[
        tuple[float, ...], Doc("x0, top, x1, bottom of the value in page units, origin top left; empty when unknown.")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a person states about a field: it overrides every stage and has confidence 1."""

    field: Annotated[
        str, Doc("The field stated, dotted for lines: total, currency, lines.2.category, lines.1.gl_code.")
    ]
    value: Annotated[str, Doc("The value as text: decimals with a point, dates as ISO 8601.")]
    actor: Annotated[str, Doc("Pseudonym of the person who states it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Personal fields under the subject's key. Erase the key and they are gone."""

    key_id: Annotated[str, Doc("Which of the subject's keys.")]
    ciphertext: Annotated[bytes, Doc("AEAD ciphertext, bound to tenant and expense.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCheck:
    """Where a document's bytes are; they never ride in Kafka."""

    url: Annotated[str, Doc("Object path inside the configured store.")]
    sha256: Annotated[str, Doc("SHA-256 of the plain bytes, hex.")]
    size: Annotated[int, Doc("Plain size in bytes.")]
    media_type: Annotated[str, Doc("Media type sniffed from the content at the door.")]
    key_id: Annotated[str, Doc("Key of the subject that the stored bytes are encrypted under.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Which document of its file an expense is, where the file holds several."""

    number: Annotated[int, Doc("Which document, counted from 1 in the order of the file.")]
    of: Annotated[int, Doc("How many documents the file holds.")]
    file: Annotated[str, Doc("Expense id the file entered under; the stored bytes are bound to it.")]
    first_page: Annotated[int | None, Doc("First of its pages; None where an attachment is one document whole.")] = None
    last_page: Annotated[int | None, Doc("Last of its pages, that page included.")] = None
    attachment: Annotated[int | None, Doc("Which attachment of a message, counted from 1; None outside one.")] = None
    sha256: Annotated[str | None, Doc("SHA-256 of the attachment's bytes, hex; None outside a message.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the organisation says about the spender when the expense entered."""

    department: Annotated[str | None, Doc("Department or cost centre.")] = None
    project: Annotated[str | None, Doc("Project.")] = None
    role: Annotated[str | None, Doc("Role or grade that limits depend on.")] = None
    property_id: Annotated[str | None, Doc("Property or site the spend belongs to, when stated.")] = None
    claimed_category: Annotated[str | None, Doc("Category the employee or the feed claims.")] = None
    country: Annotated[str | None, Doc("ISO 3166-1 alpha-2 country of the spend, when stated.")] = None
    locality: Annotated[str | None, Doc("City, county or ZIP of the spend, when stated.")] = None
    reporting_currency: Annotated[str, Doc("ISO 4217 currency the ledger reports in.")] = "USD"
    trip: Annotated[str | None, Doc("Trip the spend belongs to, as the organisation calls it, when stated.")] = None
    attendees: Annotated[int | None, Doc("How many people it was spent on, when stated.")] = None
    region: Annotated[str | None, Doc("Region its data must stay in, None where the tenant has none.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an expense, as read. Amounts are in the document's currency."""

    number: Annotated[int, Doc("Counted from 1 within the expense.")]
    description: Annotated[str | None, Doc("What was bought.")] = None
    quantity: Annotated[Quantity | None, Doc("How many.")] = None
    unit_price: Annotated[Quantity | None, Doc("Price of one, without tax where the document says so.")] = None
    tax_rate: Annotated[Rate | None, Doc("Tax rate in percent.")] = None
    tax_jurisdiction: Annotated[str | None, Doc("Who levies the tax.")] = None
    service_date: Annotated[Day | None, Doc("Day of the service.")] = None
    amount: Annotated[Amount | None, Doc("Line amount.")] = None
    page: Annotated[int | None, Doc("Page it stands on, counted from 1.")] = None
    box: Annotated[tuple[float, ...], Doc("x0, top, x1, bottom in page units; empty when it has none.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read from a document or a card line, before any rule looks at it."""

    kind: Annotated[str, Doc("digital_pdf, scanned_pdf, image, factur_x, ubl, cii, text or card_line.")]
    document_type: Annotated[str | None, Doc("invoice, credit_note, receipt, card_transaction, ...")] = None
    pages: Annotated[int, Doc("Number of pages, 0 for a card line.")] = 0
    engine: Annotated[str, Doc("What read it, with its version.")] = ""
    vendor_name: Annotated[str | None, Doc("Seller as printed; for a card line the raw merchant text.")] = None
    vendor_address: Annotated[str | None, Doc("Seller's address as printed.")] = None
    vendor_tax_id: Annotated[str | None, Doc("Seller's tax number, checksum-validated.")] = None
    vendor_iban: Annotated[str | None, Doc("Seller's bank account.")] = None
    property_id: Annotated[str | None, Doc("Property or site named by the document.")] = None
    invoice_number: Annotated[str | None, Doc("Number of the invoice or receipt, or the card reference.")] = None
    invoice_date: Annotated[Day | None, Doc("Date of the document, or of the card transaction.")] = None
    due_date: Annotated[Day | None, Doc("Date payment is due.")] = None
    service_start: Annotated[Day | None, Doc("First day of the service period.")] = None
    service_end: Annotated[Day | None, Doc("Last day of the service period.")] = None
    currency: Annotated[str | None, Doc("ISO 4217 currency of every amount here.")] = None
    subtotal: Annotated[Amount | None, Doc("Sum without tax.")] = None
    tax: Annotated[Amount | None, Doc("Tax in all.")] = None
    tip: Annotated[Amount | None, Doc("Tip.")] = None
    total: Annotated[Amount | None, Doc("Amount payable, negative for a refund or credit note.")] = None
    mcc: Annotated[str | None, Doc("ISO 18245 merchant category code, four digits.")] = None
    account: Annotated[str | None, Doc("Pseudonym of the card account.")] = None
    original_amount: Annotated[Amount | None, Doc("Amount in the merchant's currency, when the feed has both.")] = None
    original_currency: Annotated[str | None, Doc("The merchant's ISO 4217 currency, when the feed has both.")] = None
    confidence: Annotated[dict[str, float], Doc("Per field, 0 to 1.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Amounts in the reporting currency, with all that is needed to compute them again."""

    currency: Annotated[str, Doc("ISO 4217 reporting currency.")]
    total: Annotated[Amount, Doc("Total in the reporting currency.")]
    line_amounts: Annotated[
        tuple[Amount, ...], Doc("One per line, in order; they add up to the total's lines exactly.")
    ]
    rate: Annotated[Rate, Doc("Reporting units per unit of the document's currency.")]
    rate_date: Annotated[Day, Doc("Day the rate is of.")]
    source: Annotated[str, Doc("Who published the rate.")]
    snapshot_date: Annotated[Day, Doc("Last day in the table used.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorMatch:
    """Which vendor of the master the seller is."""

    vendor_id: Annotated[str, Doc("Id in the vendor master, derived from tenant and normalised name.")]
    name: Annotated[str, Doc("Normalised name.")]
    score: Annotated[int, Doc("0 to 100: 100 is an exact match by tax id, IBAN or name.")]
    method: Annotated[str, Doc("tax_id, iban, name, fuzzy, new or asserted.")]
    runner_up: Annotated[str | None, Doc("Name of the next best.")] = None
    margin: Annotated[int, Doc("Score less the runner-up's.")] = 0
    candidate: Annotated[bool, Doc("True when the master does not know it yet.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One reason for a category."""

    source: Annotated[str, Doc("document, mcc, merchant, description, claimed or asserted.")]
    value: Annotated[str, Doc("What was seen.")]
    category: Annotated[str, Doc("The category it speaks for.")]
    weight: Annotated[int, Doc("0 to 100.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMatch:
    """Category of one line in the tenant's taxonomy."""

    line: Annotated[int, Doc("Line number.")]
    category: Annotated[str | None, Doc("Taxonomy path, for example travel.lodging; None when unmapped.")]
    score: Annotated[int, Doc("0 to 100.")]
    evidence: Annotated[tuple[Evidence, ...], Doc("What speaks for which category.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """Account and recovery class of one line."""

    line: Annotated[int, Doc("Line number.")]
    gl_code: Annotated[str | None, Doc("General ledger account; None stops automatic posting.")]
    recovery_status: Annotated[str, Doc("recoverable, non_recoverable or not_applicable.")]
    rule: Annotated[str, Doc("Rule or posting pattern that decided it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNode:
    """A policy node that was visited, whether it fired or not."""

    rule_id: Annotated[str, Doc("Id of the node.")]
    level: Annotated[str, Doc("absolute, department, project, role, category, per_diem or check.")]
    outcome: Annotated[str, Doc("PASS, WARN, FAIL, REVIEW_REQUIRED, OVERRIDDEN or NOT_APPLICABLE.")]
    limit: Annotated[Amount | None, Doc("Effective limit in policy currency.")] = None
    reason: Annotated[str, Doc("Why, in words, with each factor of the limit.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The judgement of one line under one policy version."""

    line: Annotated[int, Doc("Line number; 0 is the expense as a whole.")]
    outcome: Annotated[str, Doc("PASS, WARN, FAIL or REVIEW_REQUIRED.")]
    rule_id: Annotated[str, Doc("The node that names the decision.")]
    violation_code: Annotated[str | None, Doc("For example CAP_EXCEEDED; None when it passes.")]
    amount: Annotated[Amount | None, Doc("What was compared, in policy currency.")]
    limit: Annotated[Amount | None, Doc("Effective limit of the deciding node, in policy currency.")]
    currency: Annotated[str, Doc("ISO 4217 policy currency.")]
    flip: Annotated[str, Doc("The nearest change that would pass, in words.")]
    resolution_path: Annotated[tuple[PathNode, ...], Doc("Every node visited, top down.")]
    policy_version: Annotated[str, Doc("SHA-256 of the RFC 8785 form of the policy snapshot.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason to hold an expense, or one thing worth knowing about it."""

    code: Annotated[str, Doc("Violation or problem code.")]
    severity: Annotated[str, Doc("info, warn or violation.")]
    message: Annotated[str, Doc("One sentence for a person.")]
    blocking: Annotated[bool, Doc("True when a person must look before it goes on.")]
    line: Annotated[int | None, Doc("Line number, None for the expense as a whole.")] = None
    rule_id: Annotated[str | None, Doc("Rule that found it.")] = None
    other: Annotated[str | None, Doc("The other expense concerned, for duplicates, splits and matches.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """What a person said an expense is not: one of these again, or a part of one purchase with them."""

    code: Annotated[str, Doc("The violation code that flagged them together.")]
    others: Annotated[tuple[str, ...], Doc("The other expenses, by id: one for a pair, several for a split or a sum.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What the ERP answered."""

    posting_id: Annotated[str, Doc("The ERP's id.")]
    idempotency_key: Annotated[str, Doc("Derived from tenant, ledger, expense and revision.")]
    replayed: Annotated[bool, Doc("True when the ERP had it already and answered the first posting again.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """A posted expense whose place another one takes, as the person saw it, with all that is told of it further on."""

    expense_id: Annotated[str, Doc("The posted expense.")]
    revision: Annotated[int, Doc("Its revision.")]
    subject: Annotated[str, Doc("Pseudonym of the person it belongs to.")]
    batch_id: Annotated[str | None, Doc("What it was uploaded with.")]
    correlation_id: Annotated[str, Doc("Its correlation id.")]
    trace_id: Annotated[str, Doc("Its trace id.")]
    submitted_at: Annotated[Instant, Doc("When it was submitted, UTC.")]
    posting_id: Annotated[str, Doc("The ERP's id of the posting to be reversed.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who vouches for a policy version. It signs version, tenant, beginning and reason, and its own other fields."""

    key: Annotated[str, Doc("The public key it is checked with: the first 16 hex digits of its SHA-256.")]
    signer: Annotated[str, Doc("Who signed, as they named themselves; a role, never a person.")]
    role: Annotated[str, Doc("publish or approve.")]
    signed_at: Annotated[Instant, Doc("When, UTC, by the signer's clock.")]
    value: Annotated[bytes, Doc("Ed25519 signature.")]
