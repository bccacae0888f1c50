"""A file taken apart: which documents it holds, and when nobody can be sure of it."""

from dataclasses import replace

import pytest

from documents.parts import Part, parts_in
from documents.reader import read
from documents.reading import Page, Reading
from documents.seams import misgiving
from documents.splitting import split
from documents.understanding import understand
from tests.documents.collected import facts, invoices, mailed, merged

BILL = """{seller}
Invoice number: {number}                 Invoice date: 5 March 2024
Description               Qty    Unit price      Amount
Window cleaning             1       {total}    {total}
                                  Total due  GBP {total}
{foot}
"""
UNDATED = BILL.format(seller="Southwind Ltd", number="SW-288", total="60.00", foot="").replace(
    "Invoice date: 5 March 2024", ""
)


def _bill(number: str, total: str, seller: str = "Northwind Cleaning Ltd", foot: str = "") -> str:
    return BILL.format(number=number, total=total, seller=seller, foot=foot)


def _pages(*texts: str, engine: str = "text") -> Reading:
    readings = [read("page.txt", text.encode()) for text in texts]
    pages = tuple(
        Page(at, each.pages[0].width, each.pages[0].height, each.pages[0].words)
        for at, each in enumerate(readings, start=1)
    )
    return replace(readings[0], pages=pages, engine=engine)


def _why(*texts: str, engine: str = "text") -> str | None:
    return misgiving([split(_pages(*texts, engine=engine))])


def _read(parts: list[Part]) -> list[tuple[str, str]]:
    found = [understand(part.reading).facts for part in parts]
    return [(each.invoice_number or "", f"{each.total}") for each in found]


@pytest.fixture(scope="module")
def post() -> list[Part]:
    """Four invoices in one PDF, taken apart."""
    return parts_in("post.pdf", merged(*(each.content for each in invoices())))


def test_invoices_in_one_pdf_are_documents_of_their_own(post: list[Part]) -> None:
    """Each has the pages it stands on, counted in the file, and the number and total printed there."""
    assert [[page.number for page in part.reading.pages] for part in post] == [[1], [2, 3, 4], [5], [6]]
    assert _read(post) == facts(invoices())
    assert all(understand(part.reading).accepted for part in post)


def test_a_part_read_alone_is_one_document(post: list[Part]) -> None:
    """What was cut once is not cut again, whatever its pages are numbered."""
    assert [split(part.reading) for part in post] == [(part.reading,) for part in post]


def test_attachments_are_documents_and_so_are_their_pages() -> None:
    """A message gives its attachments, and an attachment with two invoices gives both, with where they stand."""
    first, second, third, fourth = invoices()
    data = mailed(("a.pdf", first.content), ("b.pdf", merged(third.content, fourth.content)), ("c.pdf", second.content))
    parts = parts_in("in.eml", data)
    assert [(part.name, part.attachment) for part in parts] == [
        ("in.eml/a.pdf", 1),
        ("in.eml/b.pdf", 2),
        ("in.eml/b.pdf", 2),
        ("in.eml/c.pdf", 3),
    ]
    assert _read(parts) == facts([first, third, fourth, second])
    assert {problem.code for part in parts for problem in part.reading.problems} == set()


def test_a_message_with_another_extension_says_so_on_each_document() -> None:
    """The name promised something else; that doubt is not lost because the file was taken apart."""
    first, second, *_ = invoices()
    parts = parts_in("in.pdf", mailed(("a.pdf", first.content), ("b.pdf", second.content)))
    assert [[problem.code for problem in part.reading.problems] for part in parts] == [["WRONG_EXTENSION"]] * 2


def test_a_doubt_about_a_cut_is_on_every_part() -> None:
    """An invoice attached twice may be one document; neither copy goes on without a person."""
    first, second, *_ = invoices()
    parts = parts_in("in.eml", mailed(("a.pdf", first.content), ("b.pdf", first.content), ("c.pdf", second.content)))
    assert [[problem.code for problem in part.reading.problems] for part in parts] == [["SEVERAL_DOCUMENTS"]] * 3
    assert not any(understand(part.reading).accepted for part in parts)
    assert "documents 1 and 2 have the same number" in parts[2].reading.problems[0].message


@pytest.mark.parametrize(
    ("texts", "engine", "told"),
    [
        ((_bill("NC-107", "100.00"), _bill("NC-108", "60.00")), "text", None),
        ((_bill("NC-107", "60.00"), _bill("NC-108", "60.00")), "text", None),
        ((_bill("NC-107", "60.00"), _bill("NC-288", "60.00")), "reader", "the same seller, date and total"),
        ((_bill("NC-107", "60.00"), _bill("NC-1O7", "75.00")), "reader", "differ by one sign"),
        ((_bill("NC-107", "100.00"), _bill("NC-288", "60.00", foot="Page 2 of 2")), "text", "says Page 2 of 2"),
        ((_bill("NC-107", "100.00"), _bill("NC-288", "60.00", foot="Seite 1 von 1")), "text", None),
        ((_bill("NC-107", "100.00"), UNDATED), "text", "shows no invoice_date of its own"),
        (
            (_bill("NC-107", "100.00"), _bill("NC-288", "60.00"), _bill("NC-399", "160.00")),
            "text",
            "160.00, is what the others come to together",
        ),
    ],
)
def test_what_speaks_against_a_cut(texts: tuple[str, ...], engine: str, told: str | None) -> None:
    """Copies, misread numbers, pages that count themselves otherwise, collective invoices: each is a reason to look."""
    found = _why(*texts, engine=engine)
    assert found is None if told is None else told in (found or "")


def test_a_number_begins_a_document_on_the_page_before_its_total() -> None:
    """The first page of an invoice whose total comes later belongs to it, not to the invoice before."""
    head = "Southwind Paving Ltd\nInvoice number: SP-9      Invoice date: 6 March 2024\nWork as agreed\n"
    whole = _pages(_bill("NC-107", "100.00"), head, _bill("SP-9", "60.00", seller="Southwind Paving Ltd"))
    assert [[page.number for page in part.pages] for part in split(whole)] == [[1], [2, 3]]


def test_another_total_without_a_number_is_for_a_person() -> None:
    """A receipt behind an invoice is not swallowed by it: one of the two totals would never be looked at."""
    receipt = "Bluebird Cab Company\nDate 2024-03-04\nTOTAL 39.60\n"
    one = understand(_pages(_bill("NC-107", "100.00"), receipt))
    assert [problem.code for problem in one.facts.problems] == ["SEVERAL_DOCUMENTS"]
    assert "page 2 shows another total" in one.facts.problems[0].message
    slip = understand(_pages(_bill("NC-107", "100.00"), "Payment slip\nTotal due GBP 100.00\n"))
    assert slip.facts.problems == ()
    three = _why(_bill("NC-107", "100.00"), receipt, _bill("NC-288", "60.00"))
    assert three is not None
    assert "of document 1 it is not sure that it is one" in three
