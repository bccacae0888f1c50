"""Documents whose content is known from elsewhere: what confidence and accuracy are measured on.

Nothing of them is part of the project. They are looked for under a folder of the caller's, by the layout their makers
gave them, and every one that is there counts: none is chosen.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rapidfuzz import fuzz

from bench.truths import receipts, same_address
from documents.einvoice import read_einvoice
from documents.facts import Facts
from documents.firms import LEGAL_FORM
from documents.limits import LimitExceeded
from documents.problems import Problem
from documents.reader import read
from documents.reading import Reading
from documents.xmltree import parse_xml

__all__ = ["Labelled", "is_right", "labelled_documents", "paths_of", "read_file"]

_ALIKE: Final = 90
"""Ratio from which two names are one, so that a blank or a comma more is no error."""

_FEWEST_WORDS: Final = 20
"""Words a page has to have to show the invoice embedded in it; a cover sheet shows none."""

_FROM_DATA: Final = (
    "vendor_name", "vendor_tax_id", "buyer_name", "invoice_number", "invoice_date", "due_date", "currency", "subtotal",
    "tax", "total",
)  # fmt: skip
"""Header fields of embedded data that its page prints too."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One document with what is known of it: `truth` has only the fields its makers tell.

    `group` is shared by copies of one document, so that none is judged by what was learned from its own copy.
    """

    name: str
    source: str
    group: str
    photographed: bool
    truth: Mapping[str, Any]
    reading: Reading


def read_file(path: Path) -> Reading:
    """Read a file by every means there is; slow for pictures. One over a limit comes back without pages."""
    try:
        return read(path.name, path.read_bytes())
    except LimitExceeded as exceeded:
        return Reading("unsupported", problems=(Problem("LIMIT_EXCEEDED", str(exceeded)),))


def paths_of(data: Path) -> list[Path]:
    """The files under `data` that are labelled or may be: those that `labelled_documents` asks its reader for."""
    invoices = data / "invoice2data" / "tests" / "compare"
    return [
        *(each.path for each in (receipts(data) if (data / "sroie").is_dir() else ())),
        *_invoice_files(invoices),
        *sorted((data / "einvoice").rglob("*.pdf")),
    ]


def labelled_documents(data: Path, reader: Callable[[Path], Reading] = read_file) -> Iterator[Labelled]:
    """Every labelled document under `data`, as it is read when nothing is embedded in it.

    A `reader` that keeps what it read makes a second run fast.
    """
    yield from _receipts(data, reader)
    yield from _invoices(data / "invoice2data" / "tests" / "compare", reader)
    yield from _embedded(data, reader)


def is_right(field: str, found: Facts, truth: Any) -> bool:
    """Whether a field says what is true: names and addresses as people read them, anything else exactly."""
    if field == "line_items":
        amounts = Counter(line.amount for line in found.line_items if line.amount is not None)
        return bool(amounts == truth)
    value = getattr(found, field)
    if field in {"vendor_name", "buyer_name"}:
        return any(_alike(str(value), each) for each in truth)
    if field == "vendor_address":
        return any(same_address(value, each) for each in truth)
    if field in {"invoice_number", "vendor_tax_id"}:
        return _plain(str(value)) == _plain(truth)
    return bool(value == truth)


def _receipts(data: Path, reader: Callable[[Path], Reading]) -> Iterator[Labelled]:
    """Photographed receipts with company, date, address and total (SROIE, task 3) and amounts of lines."""
    folder = data / "sroie"
    if not folder.is_dir():
        return
    rows = map(json.loads, (folder / "truth.jsonl").read_text("utf-8").splitlines())
    for told, row in zip(receipts(data), rows, strict=True):
        currency = row["transaction"]["currency"]
        truth = {
            "vendor_name": (told.fields["vendor_name"],),
            "vendor_address": (told.address,),
            "invoice_date": date.fromisoformat(str(told.fields["invoice_date"])),
            "total": Decimal(str(told.fields["total"])),
            "currency": "MYR" if currency == "RM" else currency,
            "line_items": Counter(amount for _, amount in told.lines),
        }
        key = told.path.stem
        yield Labelled(key, "sroie", key, photographed=True, truth=truth, reading=reader(told.path))


def _invoices(folder: Path, reader: Callable[[Path], Reading]) -> Iterator[Labelled]:
    """Digital invoices, and pictures of some, with what a template of invoice2data extracts from them."""
    for path in _invoice_files(folder):
        told = json.loads(path.with_suffix(".json").read_text("utf-8"))[0]
        number = told["invoice_number"].lstrip("#")
        truth = {
            # "issuer" is the name of a template; only a partner's name was read from the page
            "vendor_name": (told["partner_name"],) if "partner_name" in told else None,
            # a template that stops at a blank takes only the letters of a number
            "invoice_number": number if any(letter.isdigit() for letter in number) else None,
            "invoice_date": date.fromisoformat(told["date"]),
            "currency": told["currency"],
            "due_date": date.fromisoformat(told["date_due"]) if "date_due" in told else None,
            "total": _amount(told, "amount"),
            "subtotal": _amount(told, "amount_untaxed"),
            "tax": _amount(told, "amount_tax"),
        }
        known = {field: value for field, value in truth.items() if value is not None}
        reading = replace(reader(path), xml=None)
        yield Labelled(
            path.name, "invoice2data", path.stem, photographed=path.suffix == ".png", truth=known, reading=reading
        )


def _embedded(data: Path, reader: Callable[[Path], Reading]) -> Iterator[Labelled]:
    """PDFs that carry their invoice as XML: the page is read, the XML is the truth about it."""
    for path in sorted((data / "einvoice").rglob("*.pdf")):
        whole = reader(path)
        words = " ".join(word.text for page in whole.pages for word in page.words)
        if whole.xml is None or len(words.split()) < _FEWEST_WORDS:
            continue
        root = parse_xml(whole.xml.encode())
        facts = read_einvoice(root)
        number = facts.invoice_number or ""
        if number.split("/")[0] not in words:
            continue  # the page of another invoice says nothing about this one's data
        truth = {field: value for field in _FROM_DATA if (value := getattr(facts, field)) is not None}
        truth.update({field: (truth[field],) for field in ("vendor_name", "buyer_name") if field in truth})
        # the name a seller trades under (BT-28) is as right as its legal one (BT-27)
        trading = root.xpath("string(.//*[local-name()='SellerTradeParty']//*[local-name()='TradingBusinessName'])")
        truth["vendor_name"] = (*truth.get("vendor_name", ()), *([str(trading)] if trading else []))
        if facts.line_items:
            truth["line_items"] = Counter(line.amount for line in facts.line_items if line.amount is not None)
        page = replace(whole, xml=None, kind="digital_pdf")
        yield Labelled(path.stem, "einvoice", number, photographed=False, truth=truth, reading=page)


def _invoice_files(folder: Path) -> list[Path]:
    return sorted(path for kind in ("pdf", "png", "txt") for path in folder.glob(f"*.{kind}"))


def _amount(told: Mapping[str, Any], key: str) -> Decimal | None:
    return Decimal(str(told[key])) if key in told else None


def _plain(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _alike(found: str, true: str) -> bool:
    one, two = (LEGAL_FORM.sub("", text.casefold()).strip(" ,.") for text in (found, true))
    return max(fuzz.ratio(one, two), fuzz.ratio(found.casefold(), true.casefold())) >= _ALIKE
