"""The demonstration set is the same every time, and each file is what it is said to be."""

import hashlib
import zipfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import facturx  # type: ignore[import-untyped] # ships no types
import pdfplumber
import pikepdf
import pypdfium2  # type: ignore[import-untyped] # ships no types
import pytest
from lxml import etree
from PIL import Image

from samples.catalogue import make
from samples.figures import american_date, british_date, english, german, german_date, long_date
from samples.sample import Sample

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    """Give the set by file name."""
    return {each.path.name: each for each in make(tmp_path_factory.mktemp("samples"))}


def _digests(folder: Path, seed: int) -> dict[str, str]:
    return {each.path.name: hashlib.sha256(each.path.read_bytes()).hexdigest() for each in make(folder, seed)}


def test_the_same_seed_gives_the_same_bytes(made: dict[str, Sample], tmp_path: Path) -> None:
    """A second run brings the same expenses, because every file is the same to the byte."""
    first = {name: hashlib.sha256(each.path.read_bytes()).hexdigest() for name, each in made.items()}
    assert _digests(tmp_path, 7) == first


def test_another_seed_gives_other_documents(made: dict[str, Sample], tmp_path: Path) -> None:
    """Another seed brings fresh documents: every readable file differs."""
    first = {name: hashlib.sha256(each.path.read_bytes()).hexdigest() for name, each in made.items()}
    other = _digests(tmp_path, 8)
    assert {name for name in first if first[name] == other[name]} == {"empty-scan.pdf"}


def test_most_of_the_set_is_expected_to_be_posted(made: dict[str, Sample]) -> None:
    """The set shows a company at work: 60 to 75 % goes through, every other file says why it does not."""
    outcomes = [each.expectation for each in made.values()]
    posted = sum(each.outcome == "posted" for each in outcomes)
    assert 0.60 <= posted / len(outcomes) <= 0.75
    assert all(each.why for each in outcomes)
    assert all(each.code for each in outcomes if each.outcome == "in_review")


def test_every_digital_invoice_says_its_number_date_and_total(made: dict[str, Sample]) -> None:
    """What a sample says is printed on it stands in its text layer."""
    for name, sample in made.items():
        if name.endswith(".pdf") and sample.facts is not None:
            with pdfplumber.open(sample.path) as document:
                text = "\n".join(page.extract_text() for page in document.pages)
            facts = sample.facts
            assert facts.number in text, name
            assert english(facts.total) in text or german(facts.total) in text, name
            forms = {form(facts.issued) for form in (american_date, british_date, german_date, long_date)}
            assert any(form in text for form in (*forms, facts.issued.isoformat())), name


def test_the_long_invoice_has_three_pages(made: dict[str, Sample]) -> None:
    """The table of the parts invoice runs over three pages, its header repeated on each."""
    with pdfplumber.open(made["keystone-parts-three-pages.pdf"].path) as document:
        assert [page.extract_text().count("Description") for page in document.pages] == [1, 1, 1]


def test_the_credit_note_is_negative(made: dict[str, Sample]) -> None:
    """A credit note takes money back."""
    facts = made["tri-county-credit-note.pdf"].facts
    assert facts is not None
    assert facts.total < Decimal(0)


def test_the_factur_x_file_carries_valid_xml(made: dict[str, Sample]) -> None:
    """The XML inside the Factur-X PDF passes the schema of its profile and names the same total."""
    sample = made["atelier-factur-x.pdf"]
    name, xml = facturx.get_xml_from_pdf(sample.path.read_bytes(), check_xsd=True)
    assert name == "factur-x.xml"
    assert facturx.get_level(etree.fromstring(xml)) == "en16931"
    assert sample.facts is not None
    assert f"<ram:GrandTotalAmount>{sample.facts.total}<".encode() in xml


def test_the_ubl_file_passes_the_oasis_schema(made: dict[str, Sample]) -> None:
    """The UBL invoice is valid UBL 2.1."""
    assert facturx.xml_check_xsd(made["polderwind-ubl.xml"].path.read_bytes(), flavor="ubl-2.1-invoice")


def test_the_cut_pdf_does_not_open(made: dict[str, Sample]) -> None:
    """Neither reader nor repairer can open the corrupt PDF, though it begins like one."""
    content = made["upload-interrupted.pdf"].path.read_bytes()
    assert content.startswith(b"%PDF-")
    with pytest.raises(pikepdf.PdfError):
        pikepdf.open(BytesIO(content))
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(content)


def test_the_locked_pdf_asks_for_its_password(made: dict[str, Sample]) -> None:
    """The encrypted PDF is whole, and closed."""
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(made["statement-locked.pdf"].path)


def test_the_odd_files_are_what_they_say(made: dict[str, Sample]) -> None:
    """Empty is empty, the copy is a copy, the picture is a PDF, the archive is a ZIP."""
    assert made["empty-scan.pdf"].path.read_bytes() == b""
    original = made["brightwater-software.pdf"].path.read_bytes()
    assert made["brightwater-software-copy.pdf"].path.read_bytes() == original
    assert made["scan-0142.png"].path.read_bytes().startswith(b"%PDF-")
    assert zipfile.is_zipfile(made["receipts.zip"].path)


def test_receipts_are_pictures_of_phone_size(made: dict[str, Sample]) -> None:
    """Each receipt is a JPEG with enough dots to read and not so many that a demo drags."""
    for name, sample in made.items():
        if name.startswith("receipt-"):
            with Image.open(sample.path) as picture:
                assert picture.format == "JPEG"
                assert 900 <= min(picture.size) <= 2500
