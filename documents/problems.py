"""Doubt about a document as data: a code a policy can route on, a sentence a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Code = Literal[
    # the file itself: a person can replace it
    "EMPTY",  # no bytes, or pages with nothing on them
    "CORRUPT",  # the content is of a known kind but cannot be opened, repair included
    "ENCRYPTED",  # needs a password
    "UNSUPPORTED",  # readable by others, not by this reader
    "UNSAFE_XML",  # declares a document type or entities; never expanded
    "NO_TEXT",  # opened and looked at, but no words were found
    "LIMIT_EXCEEDED",  # asks for more time, memory, pages or pixels than one document may have
    "READ_FAILED",  # it could not be opened, or reading it ended its process: nothing of it is known
    # what the reading leaves open
    "ASSISTANT_SILENT",  # a model was to be asked about a doubt and gave no usable answer: the reading stands alone
    "REPAIRED",  # damaged, opened after repair: content may be missing
    "WRONG_EXTENSION",  # the name promises another kind than the content is: perhaps not the file that was meant
    "MISSING_FIELD",  # a key field is not on the document, or not recognisable
    "LOW_CONFIDENCE",  # a key field was read, but not surely enough
    "HANDWRITTEN",  # a key field looks written by hand, which is read less surely than its confidence says
    "AMBIGUOUS_DATE",  # day and month can be read both ways
    "ARITHMETIC",  # the amounts contradict each other
    "PAGE_DISAGREES",  # the embedded data and the printed page differ
    "EINVOICE_RULE",  # an e-invoice breaks a business rule of EN 16931; the message begins with its id
    "EINVOICE_SCHEMA",  # an e-invoice does not fit its XML Schema
    "SEVERAL_DOCUMENTS",  # one file holds more than one document; each is an expense of its own
    "VENDOR_STATEMENT",  # lists invoices that come on their own; to be matched, not paid
    "NOT_AN_INVOICE",  # structured data of another document type (an order, a reminder)
]

UNUSABLE: Final[frozenset[Code]] = frozenset(
    {"EMPTY", "CORRUPT", "ENCRYPTED", "UNSUPPORTED", "UNSAFE_XML", "NO_TEXT", "LIMIT_EXCEEDED", "READ_FAILED"}
)
"""Nothing could be read; only another file helps."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One doubt. `field` names the field it is about, None when it is about the whole document."""

    code: Code
    message: str
    field: str | None = None
