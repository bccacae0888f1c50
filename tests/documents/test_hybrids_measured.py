"""PDFs that carry their invoice as data, read from the page alone and held against that data."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache

from bench.labelled import is_right
from bench.truths import lines_found
from documents import xmltree
from documents.einvoice import read_einvoice
from documents.facts import Facts
from documents.reader import read
from documents.reading import Reading
from documents.understanding import understand
from tests.documents.einvoices import MEASURED, hybrids

pytestmark = MEASURED

FEWEST_WORDS = 20
"""Words from which a page is an invoice to read, and not a cover sheet."""

FIELDS = ("total", "invoice_number", "invoice_date")

# What a page does not print as its data has it, with what it prints instead. One page rounds the tax of goods and of
# shipping apart, its data their sum: a cent. Two are one page, embedded with the data of another invoice.
OTHERWISE = {
    ("MustangBeispiel20221026.pdf", "total"): Decimal("963.12"),
    ("invalidXRechnung.pdf", "invoice_number"): "RE-20200620/508",
    ("invalidXRechnung.pdf", "invoice_date"): date(2020, 6, 20),
    ("validXRechnung.pdf", "invoice_number"): "RE-20200620/508",
    ("validXRechnung.pdf", "invoice_date"): date(2020, 6, 20),
}


@dataclass(frozen=True)
class Hybrid:
    """One PDF: its words, what its data says, and what the page alone was understood to say."""

    name: str
    reading: Reading
    words: str
    truth: Facts
    found: Facts
    accepted: bool


@cache
def _pages() -> tuple[Hybrid, ...]:
    """Every hybrid of the collection whose pages have a text layer of an invoice's length; none is left out by name."""
    read_ones = []
    for path in hybrids():
        reading = read(path.name, path.read_bytes())
        words = " ".join(word.text for page in reading.pages for word in page.words)
        assert reading.xml is not None, path.name
        if len(words.split()) < FEWEST_WORDS:
            continue
        alone = understand(replace(reading, xml=None, kind="digital_pdf"))
        truth = read_einvoice(xmltree.parse_xml(reading.xml.encode()))
        read_ones.append(Hybrid(path.name, reading, words, truth, alone.facts, alone.accepted))
    return tuple(read_ones)


def _prints(words: str, value: object) -> bool:
    """Whether a page prints a value in any usual notation, wherever and for whatever: told apart from the product."""
    if isinstance(value, Decimal):
        whole, cents = f"{abs(value):.2f}".split(".")
        grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", r"[ '.,\\u00a0\\u202f]?", whole)
        return bool(re.search(rf"(?<![\d.,]){grouped}\s?[.,]\s?{cents}(?!\d)", words))
    if isinstance(value, date):
        year, month, day = rf"(?:{value:%Y}|{value:%y})", f"0?{value.month}", f"0?{value.day}"
        orders = ((year, month, day), (day, month, year), (month, day, year))
        figures = "|".join(r"\s?[-./]?\s?".join(order) for order in orders)
        spelt = rf"{day}\W{{1,3}}[^\W\d]+\W{{1,3}}{value:%Y}|[^\W\d]+\W{{1,3}}{day}\W{{1,3}}{value:%Y}"
        return bool(re.search(rf"(?<!\d)(?:{figures}|{spelt})(?!\d)", words))
    return _plain(str(value)) in _plain(words)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def test_a_page_gives_what_it_prints_of_its_data() -> None:
    """Total, number and date are read from every page that prints them as its data has them; the others are named.

    Of all pages, whatever they print, 95 % give the total of their data and 90 % its number and date.
    """
    pages = _pages()
    assert len(pages) >= 20
    same = {
        (page.name, field): getattr(page.found, field) == getattr(page.truth, field)
        for page in pages
        for field in FIELDS
    }
    printed = {
        (page.name, field): _prints(page.words, getattr(page.truth, field)) for page in pages for field in FIELDS
    }
    assert [key for key, held in printed.items() if held and not same[key]] == []
    assert {key for key, held in printed.items() if not held} == set(OTHERWISE)
    right = Counter(field for (_, field), held in same.items() if held)
    assert 100 * right["total"] >= 95 * len(pages), right
    assert min(100 * right[field] for field in ("invoice_number", "invoice_date")) >= 90 * len(pages), right


def test_a_page_that_prints_otherwise_is_taken_at_its_word_and_doubted() -> None:
    """What the page does not print is never stated; with its data beside it, or by its own figures, a person looks."""
    by_name = {page.name: page for page in _pages()}
    for (name, field), value in OTHERWISE.items():
        page = by_name[name]
        assert getattr(page.found, field) == value
        assert _prints(page.words, value)
        together = understand(page.reading)
        assert not together.accepted
        assert "PAGE_DISAGREES" in {problem.code for problem in together.facts.problems}
    rounded = by_name["MustangBeispiel20221026.pdf"]
    assert not rounded.accepted
    assert {problem.code for problem in rounded.found.problems if problem.field == "total"} >= {"ARITHMETIC"}


def test_currency_parties_and_lines_of_pages() -> None:
    """Every currency; the seller's tax id but for one; the buyer but for four; lines F1 0.9, with their names 0.76.

    Rows of allowances and charges stand among the lines of two pages and in no line of their data; one page has a
    description in prose for its line.
    """
    pages = _pages()
    assert [page.name for page in pages if page.found.currency != page.truth.currency] == []
    registered = [page for page in pages if page.truth.vendor_tax_id]
    tax_ids = sum(is_right("vendor_tax_id", page.found, page.truth.vendor_tax_id) for page in registered)
    buyers = sum(is_right("buyer_name", page.found, (page.truth.buyer_name or "",)) for page in pages)
    assert [len(registered), tax_ids >= len(registered) - 1] == [len(pages) - 1, True]
    assert buyers >= len(pages) - 4
    hits = found = true = named = 0
    for page in pages:
        if page.truth.line_items:
            hits += (_amounts(page.truth) & _amounts(page.found)).total()
            found, true = found + _amounts(page.found).total(), true + _amounts(page.truth).total()
            known = [(line.description or "", line.amount) for line in page.truth.line_items if line.amount is not None]
            named += lines_found(known, [line.as_dict() for line in page.found.line_items])
    assert 2 * hits >= 0.9 * (found + true), (hits, found, true)
    assert 2 * named >= 0.76 * (found + true), (named, found, true)


def _amounts(facts: Facts) -> Counter[Decimal]:
    return Counter(line.amount for line in facts.line_items if line.amount is not None)
