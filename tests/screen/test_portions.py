"""Documents of one file are no duplicates of each other; the same document of two files is."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.records import Portion
from tests.evaluate.build import coded
from tests.screen.desk import Desk

FILE = "f" * 64
OTHER = "e" * 64
ATTACHED = "a" * 64


def _flags(first: tuple[str, Portion | None], second: tuple[str, Portion | None]) -> set[str]:
    """Return what the second document is found to be, of another vendor and total than the first."""
    desk = Desk()
    for name, total, (sha256, portion) in (("one", "20.00", first), ("two", "31.00", second)):
        event = replace(coded(name, total, vendor=name, sha256=sha256), portion=portion)
        (decided, *_) = desk.submit(event)
    return {finding.code for finding in decided.findings}


def _part(number: int, **changes: Any) -> Portion:
    return Portion(number=number, of=2, file="x", **{"first_page": number, "last_page": number, **changes})


WHOLE = {"first_page": None, "last_page": None, "attachment": 1, "sha256": ATTACHED}


@pytest.mark.parametrize(
    ("first", "second", "twins"),
    [
        ((FILE, None), (FILE, None), True),
        ((FILE, _part(1)), (FILE, _part(2)), False),
        ((FILE, _part(2)), (FILE, _part(2)), True),
        ((FILE, _part(1)), (OTHER, _part(1)), False),
        ((FILE, _part(1, **WHOLE)), (OTHER, _part(2, **WHOLE)), True),
        ((FILE, _part(1, **WHOLE)), (ATTACHED, None), True),
        ((FILE, _part(1, sha256=ATTACHED)), (FILE, _part(2, sha256=ATTACHED)), False),
        ((FILE, _part(1, sha256=ATTACHED)), (OTHER, _part(1, sha256=ATTACHED)), True),
    ],
    ids=[
        "the same file",
        "two documents of a file",
        "the same pages of a file",
        "the first pages of two files",
        "an attachment of two messages",
        "an attachment that was sent alone before",
        "two documents of an attachment",
        "the same pages of an attachment",
    ],
)
def test_the_same_document_is_told_by_what_it_is(
    first: tuple[str, Portion | None], second: tuple[str, Portion | None], twins: bool
) -> None:
    """The hash of a file names one document where it holds one; else its pages do, or the attachment's own hash."""
    assert ("DUPLICATE_EXACT" in _flags(first, second)) is twins
