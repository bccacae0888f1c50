"""The story of an expense."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from audit.entry import entry_of
from audit.story import Sentence, causes_first, money, story, tell
from schemas.contracts import EVENTS
from tests.audit.trail import NOON, begun, clean, coded, decided, held, opened, rejected, resolved, sealed


def test_resolved_reads_well() -> None:
    """The story of an approved violation says what was read, what failed, who approved and where it was posted."""
    sentences = [s.text for s in story(opened(sealed(resolved())))]
    assert sentences == [
        "Submitted by upload as image/png, 4711 bytes, SHA-256 abababababab….",
        "Read as image, 1 page, by tesseract 5.3.",
        "Invoice from Harbour Hotel of 2026-03-12 over 275.00 EUR, 1 line. In doubt: The tip is hard to read.",
        "The seller is harbour hotel, found by name (score 100).",
        "Categories: line 1 travel.lodging (95).",
        "Is 275.00 USD, at 1 of 2026-03-12 (ECB).",
        "Accounts: line 1 6300 (lodging).",
        (
            "Judged FAIL under policy c0ffee000000…. Line 1: CAP_EXCEEDED by lodging-cap; passes at <= 250.00 USD."
            " Lodging is 275.00 USD, the limit is 250.00 USD."
        ),
        "Compared with other expenses: FAIL. Lodging is 275.00 USD, the limit is 250.00 USD.",
        "Held for a person: Lodging is 275.00 USD, the limit is 250.00 USD.",
        f"The review ended with approve by {'cd' * 16}: Trade fair.",
        f"Approved by {'cd' * 16}.",
        "Posted to the ERP as GL-1.",
    ]


def test_clean_and_rejected() -> None:
    """An untouched expense says no person was needed; a rejected one says why."""
    assert "Approved, no person was needed." in [s.text for s in story(opened(sealed(clean())))]
    trail = rejected(held(decided(coded(begun()), violation=True)))
    assert f"Rejected by {'cd' * 16}: Not a business trip." in [s.text for s in story(opened(sealed(trail)))]


def test_times() -> None:
    """Each sentence has both times and its stage."""
    second = story(opened(sealed(clean())))[1]
    assert (second.sequence, second.stage) == (2, "ocr")
    assert (second.occurred_at, second.recorded_at) == (NOON, NOON + timedelta(seconds=2))


def _said(sequence: int, action: str, *, seconds: int = 0) -> Sentence:
    return Sentence(sequence, NOON + timedelta(seconds=seconds), NOON + timedelta(minutes=sequence), "s", "", action)


def test_a_card_line_is_told_before_what_was_answered_about_it() -> None:
    """The log heard two answers first; an answer about another time, and everything else, stays where it is."""
    heard = [
        _said(1, "CategoryResolved", seconds=-1),
        _said(2, "CategoryResolved"),
        _said(3, "VendorResolved"),
        _said(4, "ExpenseParsed"),
        _said(5, "CurrencyConverted"),
        _said(6, "ExpenseCoded"),
        _said(7, "ExpenseParsed", seconds=9),
    ]
    assert [s.sequence for s in causes_first(heard)] == [1, 4, 2, 3, 5, 6, 7]
    assert causes_first(heard[:3]) == heard[:3]


def test_dead_letter_and_breach() -> None:
    """A dead letter says why and where it came from; a breach is named."""
    trail = begun()
    trail.dead_letter("ocr", "LIMIT_EXCEEDED")
    said = tell(entry_of(trail.records[1], 2, "posted -> dead_lettered"), None)
    assert said == (
        "Could not be handled (LIMIT_EXCEEDED); the record at some.topic/0/1 went to the dead letters."
        " This step (posted -> dead_lettered) is not in the lifecycle table."
    )


@pytest.mark.parametrize("action", [kind.__name__ for kind in EVENTS])
def test_every_action_has_words(action: str) -> None:
    """Whatever an entry records, there is a sentence for it, with or without the event."""
    entry = entry_of(replace(clean().records[0], action=action), 1)
    assert tell(entry, None) == tell(entry, begun().records[0])
    assert tell(entry, None).endswith(".")


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("275.0000", "USD", "275.00 USD"),
        ("1200.0000", "JPY", "1200 JPY"),
        ("1.2345", "USD", "1.2345 USD"),
        ("-5", "EUR", "-5.00 EUR"),
        ("0.0000", None, "0.00 (currency unknown)"),
        (None, "EUR", "an unknown amount"),
    ],
)
def test_money(amount: str | None, currency: str | None, expected: str) -> None:
    """Amounts have their currency's minor units, and never lose a digit."""
    assert money(None if amount is None else Decimal(amount), currency) == expected
