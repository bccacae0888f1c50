"""Scanned words: what engines misread is set right, what nothing proves is read twice, names and items are found."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from documents import witness
from documents.engines import Pixels
from documents.facts import Facts
from documents.misreadings import mend, point
from documents.reading import Page, Reading, Word, reading_from_bytes, reading_to_bytes
from documents.understanding import understand

LINE = 20
LETTER = 10


def words_of(text: str, confidence: float = 0.95) -> tuple[Word, ...]:
    """Words of a page in fixed pitch: one row a line, two blanks or more part columns."""
    found: list[Word] = []
    for number, line in enumerate(text.strip("\n").splitlines()):
        at = 0
        for token in line.split():
            at = line.index(token, at)
            top = float(number * LINE + 2)
            found.append(Word(token, at * LETTER, top, (at + len(token)) * LETTER, top + 14, confidence))
            at += len(token)
    return tuple(found)


def facts_of(text: str) -> Facts:
    """What a scanned page that says this means."""
    return understand(Reading("image", (Page(1, 600, 800, words_of(text)),), "rapidocr", "3")).facts


class Second:
    """A second engine that reads the strips it is shown as it is told, one answer a strip."""

    name = "second"
    version = "1"
    wants_level_light = False

    def __init__(self, *answers: str) -> None:
        self.answers = answers

    def recognise(self, image: Pixels, seconds: float) -> tuple[Word, ...]:  # noqa: ARG002 - the protocol has it
        """Return each answer in the middle of its strip."""
        inked = np.flatnonzero((image < 200).any(axis=1))
        strips = np.split(inked, np.flatnonzero(np.diff(inked) > 1) + 1)
        return tuple(
            Word(answer, 50.0, float(strip[0]), 90.0, float(strip[-1]), 0.9)
            for answer, strip in zip(self.answers, strips, strict=True)
        )

    def quarter_turns(self, image: Pixels, seconds: float) -> int:  # noqa: ARG002 - the protocol has them
        """Return none."""
        return 0


RECEIPT = """
HARBOUR GARAGE LTD
12 Front Street
Date 15/10/2026
Total           £22.00
"""


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("18.0O", ["18.00"]),
        ("S5.50", ["$5.50"]),
        ("RMO.28", ["RM0.28"]),
        ("7.00,", ["7.00"]),
        ("C.46", ["C.46"]),
        ("03/05/201820:24", ["03/05/2018", "20:24"]),
        ("27/06/185:02:32", ["27/06/18", "5:02:32"]),
        ("Oil", ["Oil"]),
    ],
)
def test_misread_figures_are_set_right(read: str, meant: list[str]) -> None:
    """A letter in an amount is the digit it looks like, a time glued to a date comes off, words stay."""
    assert [word.text for word in mend(Word(read, 0, 0, 100, 10, 0.9))] == meant


def test_what_was_mended_is_less_sure() -> None:
    """An amount with a letter in it is no longer believed alone."""
    (mended,) = mend(Word("18.0O", 0, 0, 50, 10, 0.9))
    assert mended.confidence == pytest.approx(0.72)


def test_a_lost_point_comes_back_only_in_a_column_of_amounts() -> None:
    """Whole and cents set apart are one amount under other amounts, and two numbers elsewhere."""
    words = (Word("2", 80, 0, 88, 10), Word("30", 92, 0, 110, 10))
    assert [word.text for word in point(words, ".", (110.0,))] == ["2.30"]
    assert point(words, ".", (300.0,)) == words


@pytest.mark.parametrize(
    ("answers", "marks", "accepted"),
    [
        (("15/10/2026", "22.00"), {"15/10/2026": 1, "£22.00": 1}, True),
        (("15/10/2026", "27.00"), {"15/10/2026": 1, "£22.00": -1}, False),
        (("15/10/2025", "22.00"), {"15/10/2026": -1, "£22.00": 1}, False),
        (("15/10/2026", "122.00"), {"15/10/2026": 1, "£22.00": -1}, False),
    ],
)
def test_two_engines_that_agree_need_no_person(answers: tuple[str, ...], marks: dict[str, int], accepted: bool) -> None:
    """A second engine reads a lone total and the date: agreement vouches for them, a difference is for a person."""
    page = np.full((100, 400), 255, np.uint8)
    words = words_of(RECEIPT)
    for word in words:
        page[int(word.top) + 4 : int(word.bottom) - 4, int(word.x0) : int(word.x1)] = 0
    confirmed = witness.confirm(page, words, Second(*answers), 1.0)
    assert {word.text: word.witness for word in confirmed if word.witness} == marks
    reading = Reading("image", (Page(1, 400, 100, confirmed),), "rapidocr", "3")
    assert understand(reading_from_bytes(reading_to_bytes(reading))).accepted is accepted


def test_a_total_that_adds_up_is_not_read_twice() -> None:
    """Only the date is asked about where net and tax make the total."""
    words = words_of(
        """
HARBOUR GARAGE LTD
Date 15/10/2026
Subtotal        $20.00
Tax 10%          $2.00
Total           £22.00
"""
    )
    page = np.full((120, 400), 255, np.uint8)
    for word in words:
        page[int(word.top) + 4 : int(word.bottom) - 4, int(word.x0) : int(word.x1)] = 0
    confirmed = witness.confirm(page, words, Second("15/10/2026"), 1.0)
    assert [word.text for word in confirmed if word.witness] == ["15/10/2026"]


def test_a_registered_firm_is_the_seller_and_not_its_brand() -> None:
    """The name with a number in the register wins over a brand above it, and keeps neither number nor former name."""
    facts = facts_of(
        """
Welcome to Corner
Corner
Highfield Retail Sdn Bhd (383322-D) FKA Lowfield
16A, Jalan Bukit 8/83
40150 Shah Alam
Date 20/04/2018
Total           RM 3.70
"""
    )
    assert facts.vendor_name == "Highfield Retail Sdn Bhd"


def test_a_name_broken_before_its_legal_form_is_whole_again() -> None:
    """A row that begins with the legal form belongs to the name above it."""
    facts = facts_of(
        """
MERIDIAN BOOK
CO. (M) SDN BHD
56000 Kuala Lumpur
Date 06/02/2018
Total           RM 14.65
"""
    )
    assert facts.vendor_name == "MERIDIAN BOOK CO. (M) SDN BHD"


ABOVE = """
KCA TISSUE 3PLY
9555227800168     12.50 2   25.00 S
COFFEE HAZELNUT
9555037203555     13.90 1   13.90 S
Total                       38.90
"""
BELOW = """
Item       Qty   Price     Amount
1072        2    12.50      25.00
KCA TISSUE 3PLY
1073        1    13.90      13.90
COFFEE HAZELNUT
Total                       38.90
"""
UNITS = """
Description              Amount
KCA TISSUE 3PLY
2 pcs @ 12.50             25.00
COFFEE HAZELNUT
1 bag @ 13.90             13.90
Total                     38.90
"""


@pytest.mark.parametrize("text", [ABOVE, BELOW, UNITS])
def test_names_above_or_below_their_numbers_are_found(text: str) -> None:
    """Whether a till prints the article over or under its numbers is told by the text left over at either end."""
    items = facts_of(text).line_items
    assert [(item.description, item.amount) for item in items] == [
        ("KCA TISSUE 3PLY", Decimal("25.00")),
        ("COFFEE HAZELNUT", Decimal("13.90")),
    ]


def test_change_tells_that_cash_is_not_the_total() -> None:
    """Where money was given back, what was handed over is no sum to pay."""
    facts = facts_of(
        """
HARBOUR GARAGE LTD
Date 15/10/2026
Net Amt         $36.00
Cash            $50.00
Change          $14.00
"""
    )
    assert (facts.total, facts.invoice_date) == (Decimal("36.00"), date(2026, 10, 15))
