"""The set as one table: file name, title, what should happen, what is printed on it."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from samples import damaged
from samples.card import feed
from samples.card.line import write
from samples.einvoices import factur_x, ubl
from samples.invoices import (
    british_training,
    credit_note,
    german_consulting,
    hotel_folio,
    office_supplies,
    parts_statement,
    property_service,
    software_subscription,
    utility_bill,
    venue_hire,
)
from samples.receipts import album
from samples.sample import Expectation, Facts, Rendered, Sample

if TYPE_CHECKING:
    from collections.abc import Callable

CARD_FEED_NAME = "card-feed-2026-10.csv"


def make(folder: Path, seed: int = 7) -> list[Sample]:
    """Write the demonstration set into `folder` (made if absent) and return it in the order it is shown.

    The same seed gives the same bytes, so that a second run brings the same expenses and no new ones; another seed
    gives other document numbers, photographs and card lines. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [*_invoices(seed), *_receipts(seed), *_einvoices(seed)]
    files += _unreadable({each.name: each.content for each in files}, seed)
    files.append(_card_feed(seed))
    return [_write(folder, each) for each in files]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    title: str
    content: bytes
    expectation: Expectation
    facts: Facts | None = None


def _write(folder: Path, file: _File) -> Sample:
    path = folder / file.name
    path.write_bytes(file.content)
    return Sample(path, file.title, file.expectation, file.facts)


def _numbers(seed: int, name: str) -> Random:
    """Give each file a generator of its own, so that a new sample changes no other."""
    return Random(f"{seed}:{name}")  # noqa: S311 - sample data, nothing secret


def _posted(why: str) -> Expectation:
    return Expectation("posted", why)


def _review(code: str, why: str) -> Expectation:
    return Expectation("in_review", why, code)


def _invoices(seed: int) -> list[_File]:
    table: tuple[tuple[str, str, Callable[[Random], Rendered], Expectation], ...] = (
        (
            "brightwater-software.pdf",
            "Software subscription, two columns, sales tax",
            software_subscription.compose,
            _posted("software within 1,000 USD"),
        ),
        (
            "paperclip-office-supplies.pdf",
            "Office supplies, ruled table, sales tax",
            office_supplies.compose,
            _posted("office supplies within 500 USD"),
        ),
        (
            "nordlicht-rechnung.pdf",
            "German consulting invoice, 1.234,56 numbers, 19 % VAT",
            german_consulting.compose,
            _posted("professional services within 4,000 USD once converted from euros"),
        ),
        (
            "wren-fairweather-vat-invoice.pdf",
            "British training invoice in pounds, VAT 20 %",
            british_training.compose,
            _posted("training within 2,000 USD once converted from pounds"),
        ),
        (
            "cascade-valley-utility-bill.pdf",
            "Utility bill with meter, service period and payment slip",
            utility_bill.compose,
            _posted("utilities within 3,000 USD, charged to the site PROP-1042"),
        ),
        (
            "tri-county-credit-note.pdf",
            "Credit note, fixed pitch print, negative amounts",
            credit_note.compose,
            _posted("a credit note: a negative amount, posted as a reduction"),
        ),
        (
            "ironbark-parking-lot.pdf",
            "Parking lot reseal and striping, with a property reference",
            property_service.compose,
            _posted("site maintenance within 5,000 USD, charged to the site PROP-1042"),
        ),
        (
            "keystone-parts-three-pages.pdf",
            "Maintenance parts, a table over three pages",
            parts_statement.compose,
            _posted("site maintenance within 5,000 USD"),
        ),
        (
            "meridian-hotel-folio.pdf",
            "Hotel folio, three nights at 198.00",
            hotel_folio.compose,
            _posted("lodging within 350 USD a night"),
        ),
        (
            "larkspur-venue.pdf",
            "Venue hire for a leadership retreat",
            venue_hire.compose,
            _review("CAP_EXCEEDED", "over 5,000 USD, the most any one expense may be"),
        ),
    )
    made = []
    for name, title, compose, expectation in table:
        rendered = compose(_numbers(seed, name))
        made.append(_File(name, title, rendered.content, expectation, rendered.facts))
    return made


def _receipts(seed: int) -> list[_File]:
    table = (
        ("lunch", "Restaurant lunch, photographed", _posted("a meal within 75 USD")),
        (
            "dinner",
            "Dinner with wine, photographed askew",
            _review("CAP_EXCEEDED", "over the limit of 75 USD for a meal"),
        ),
        ("taxi", "Taxi to the airport, photographed askew", _posted("ground travel within 200 USD")),
        (
            "stationery",
            "Stationery shop, quantity on a line of its own",
            _posted("office supplies within 500 USD"),
        ),
        (
            "parking",
            "Car park ticket, shaded and noisy",
            _posted("ground travel within 200 USD"),
        ),
        (
            "cafe",
            "German café receipt in euros",
            _posted("a meal within 75 USD once converted from euros"),
        ),
    )
    made = []
    for number, (name, title, expectation) in enumerate(table):
        rendered = album.take(name, _numbers(seed, name), np.random.default_rng([seed, number]))
        made.append(_File(f"receipt-{name}.jpg", title, rendered.content, expectation, rendered.facts))
    return made


def _einvoices(seed: int) -> list[_File]:
    fx = factur_x.compose(_numbers(seed, "factur-x"))
    xml = ubl.compose(_numbers(seed, "ubl"))
    return [
        _File(
            "atelier-factur-x.pdf",
            "Factur-X: a page with its own EN 16931 XML inside",
            fx.content,
            _posted("site maintenance within 5,000 USD; read from the embedded XML, not from the page"),
            fx.facts,
        ),
        _File(
            "polderwind-ubl.xml",
            "UBL 2.1 invoice, XML only",
            xml.content,
            _posted("telephone and internet within 300 USD once converted from euros"),
            xml.facts,
        ),
    ]


def _unreadable(made: dict[str, bytes], seed: int) -> list[_File]:
    whole = made["brightwater-software.pdf"]
    return [
        _File(
            "upload-interrupted.pdf",
            "A PDF cut short and garbled",
            damaged.truncate(made["ironbark-parking-lot.pdf"]),
            _review("CORRUPT", "the file cannot be opened; a person can replace it"),
        ),
        _File(
            "statement-locked.pdf",
            "A PDF locked with a password",
            damaged.lock(whole),
            _review("ENCRYPTED", "nobody can read it without the password; a person can replace it"),
        ),
        _File(
            "empty-scan.pdf", "An empty file", b"", _review("EMPTY", "there is nothing in it; a person can replace it")
        ),
        _File(
            "brightwater-software-copy.pdf",
            "The software subscription again, same bytes under another name",
            whole,
            _posted("the same file is the same expense: one posting, not two"),
        ),
        _File(
            "scan-0142.png",
            "A PDF under a picture's name",
            # With the other bill of this utility it stays within the limit, whichever of them is judged first.
            utility_bill.compose(_numbers(seed, "scan-0142.png")).content,
            _review("WRONG_EXTENSION", "the name says picture, the content says PDF; a person should look"),
        ),
        _File(
            "receipts.zip",
            "An archive of receipts, a kind that is not read",
            damaged.archive({name: made[name] for name in ("receipt-taxi.jpg", "receipt-parking.jpg")}),
            _review("UNSUPPORTED", "archives are not documents; a person can upload what is in it"),
        ),
    ]


def _card_feed(seed: int) -> _File:
    lines = feed.deal(_numbers(seed, CARD_FEED_NAME))
    held = Counter(each.expectation.code for each in lines if each.expectation.outcome == "in_review")
    reasons = ", ".join(f"{code} {count}" for code, count in sorted(held.items()))
    posted = len(lines) - held.total()
    return _File(
        CARD_FEED_NAME,
        f"Card feed of {len(lines)} lines",
        write(lines),
        _posted(f"{posted} lines posted, {held.total()} in review ({reasons})"),
    )
