"""Documents made by others with what they really say, and how far a reading agrees with it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rapidfuzz import fuzz

from bench.report import Figure, ratio
from documents.dates import dates_in

__all__ = ["DataMissing", "Truth", "agreement", "invoices", "lines_found", "receipts", "right_fields", "same_address"]

SAME_NAME: Final = 90
SAME_LINE: Final = 80
"""rapidfuzz ratios from which two names of a firm, or two descriptions of a line, are the same one."""


class DataMissing(Exception):
    """The documents to measure on are not there; the message says where they were looked for."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One document: its fields as a reading would print them, its lines (description, amount) and address if known."""

    path: Path
    fields: Mapping[str, str | None]
    lines: tuple[tuple[str, Decimal], ...] = ()
    address: str | None = None


def receipts(data: Path) -> list[Truth]:
    """Return the scanned receipts (SROIE): company, date, total, lines and address; their dates are day first.

    Raises:
        DataMissing: they are not under `data`.

    """
    folder = _found(data / "sroie")
    return [_receipt(folder, json.loads(row)) for row in (folder / "truth.jsonl").read_text().splitlines()]


def _receipt(folder: Path, row: Mapping[str, Any]) -> Truth:
    official = row["official"]
    day = dates_in(official["date"])[0].under("dmy")
    fields = {
        "vendor_name": official["company"],
        "invoice_date": day.isoformat() if day else None,
        "total": official["total"].replace("$", "").replace("RM", "").strip(),
    }
    lines = tuple((item["name"], Decimal(str(item["total_price"]))) for item in row["items"])
    return Truth(folder / "images" / f"{row['key']}.jpg", fields, lines, official["address"])


def invoices(data: Path) -> list[Truth]:
    """Return the invoices with a text layer (invoice2data): number, date, total, currency and lines.

    Raises:
        DataMissing: they are not under `data`.

    """
    folder = _found(data / "invoice2data") / "tests" / "compare"
    found = []
    for path in sorted(folder.glob("*.pdf")):
        row = json.loads(path.with_suffix(".json").read_text())[0]
        fields = {
            "invoice_number": row["invoice_number"].lstrip("#"),
            "invoice_date": row["date"],
            "total": str(row["amount"]) if "amount" in row else None,
            "currency": row["currency"],
        }
        found.append(Truth(path, fields, _priced(row.get("lines", ()))))
    return found


def _priced(rows: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, Decimal], ...]:
    """Return the lines among what a template of invoice2data takes from a table, whose keys each template chooses.

    A line has an amount: its own (`price_subtotal`), else the price of one (`price_unit`, or `price` where each row
    counts one) times the count. Headings of sections and notes have none and are no lines; a line given for nothing
    has its 0.00. What it is called stands under `name` or `desc`.
    """
    lines = []
    for row in rows:
        price = next((row[key] for key in ("price_subtotal", "price", "price_unit") if key in row), None)
        if price is not None:
            count = 1 if "price_subtotal" in row else row.get("qty", 1)
            lines.append((row.get("name", row.get("desc", "")), Decimal(str(price)) * Decimal(str(count))))
    return tuple(lines)


def _found(folder: Path) -> Path:
    if not folder.is_dir():
        msg = f"no documents under {folder}; set SPENDTRAIL_DATA to where they are"
        raise DataMissing(msg)
    return folder


def agreement(read: Iterable[tuple[Truth, Mapping[str, Any]]]) -> dict[str, Figure]:
    """Return how many of each field are right, what share of the lines, and how right what was accepted is."""
    right: Counter[str] = Counter()
    known: Counter[str] = Counter()
    accepted = accepted_right = accepted_fields = found_lines = true_lines = right_lines = 0
    for truth, told in read:
        same = right_fields(truth, told)
        right.update(name for name, each in same.items() if each)
        known.update(same.keys())
        accepted += bool(told["accepted"])
        accepted_right += sum(same.values()) if told["accepted"] else 0
        accepted_fields += len(same) if told["accepted"] else 0
        if truth.lines:
            right_lines += lines_found(truth.lines, told["line_items"])
            true_lines, found_lines = true_lines + len(truth.lines), found_lines + len(told["line_items"])
    figures: dict[str, Figure] = {f"{name}_right": f"{right[name]} of {known[name]}" for name in known}
    if true_lines:
        figures["lines_f1"] = ratio(2 * right_lines, true_lines + found_lines)
    return {**figures, "accepted": accepted, "accepted_right": ratio(accepted_right, accepted_fields)}


def right_fields(truth: Truth, told: Mapping[str, Any]) -> dict[str, bool]:
    """Return of each field whose truth is known whether it was read so."""
    return {name: _same(name, value, told[name]) for name, value in truth.fields.items() if value is not None}


def lines_found(truth: Iterable[tuple[str, Decimal]], lines: Iterable[Mapping[str, Any]]) -> int:
    """Return how many true lines were read: the same amount, and nearly the same description if known, each once."""
    left = list(truth)
    number = len(left)
    for line in lines:
        words, amount = (line["description"] or "").lower(), line["amount"]
        match = next(
            (each for each in left if amount is not None and Decimal(amount) == each[1] and _called(words, each[0])),
            None,
        )
        if match:
            left.remove(match)
    return number - len(left)


def same_address(read: str | None, truth: str) -> bool:
    """Return whether two addresses are one, however they are parted into rows: letters and figures at a ratio of 90."""
    one, two = ("".join(letter for letter in text.upper() if letter.isalnum()) for text in (read or "", truth))
    return fuzz.ratio(one, two) >= SAME_NAME


def _called(words: str, truth: str) -> bool:
    return not truth or fuzz.ratio(words, truth.lower()) >= SAME_LINE


def _same(name: str, truth: str, read: str | None) -> bool:
    if read is None:
        return False
    if name == "total":
        return Decimal(read) == Decimal(truth)
    if name == "vendor_name":
        return fuzz.ratio(read.lower(), truth.lower()) >= SAME_NAME
    return read == truth
