"""Visa Commercial Format 4: tab-separated records in blocks, each with a header and a trailer that counts it.

Positions and transaction types: the reader of fyle bank feeds (MIT), which was made from Visa's text; tokenised columns
agree with docs.paymetric.info/vcf4.htm. Dates are month, day, year; amounts count the currency's minor unit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused
from producers.feeds.record import BadRow, Record, Tell, Transaction, differs, quoted, taken
from producers.feeds.values import counted, currency_of, day_of, number_of, place_of

__all__ = ["read_vcf", "recognises"]

_FILE_HEADER, _FILE_TRAILER, _BLOCK_HEADER, _BLOCK_TRAILER, _DETAIL = "6", "7", "8", "9", "4"
_TRANSACTIONS: Final = 5
# Of headers and trailers: the kind of block, its records, its amounts.
_KIND, _COUNT, _TOTAL, _VERSION = 4, 5, 6, 7
_TRAILER_WIDTH = 8
# Of a transaction.
_ACCOUNT, _REFERENCE, _SUPPLIER, _CITY, _STATE, _COUNTRY = 1, 3, 8, 9, 10, 11
_SOURCE, _BILLED, _SOURCE_CURRENCY, _MCC, _TYPE, _DAY, _CURRENCY = 13, 14, 15, 16, 17, 18, 19
_CREDITS: Final = frozenset({"11", "30", "31", "61", "63", "65", "71", "73"})
_DEBITS: Final = frozenset(
    {"10", "20", "22", "40", "50", "52", "54", "56", "62", "64", "66", "80", "82", "84", "86", "88"}
)
_NAMES: Final[dict[FeedField, str]] = {"merchant": "Supplier Name", "currency": "Billing Currency Code"}


def recognises(head: bytes) -> bool:
    """Tell whether a file begins with a VCF 4 header record."""
    cells = head.split(b"\n", 1)[0].split(b"\t")
    return cells[0] in {b"6", b"8"} and len(cells) > _VERSION and cells[_VERSION].strip().startswith(b"4")


@dataclass(slots=True)
class _Sum:
    """What a block, or the file, was found to hold. Trailers leave open how credits count, so both sums are kept."""

    records: int = 0
    gross: int = 0
    net: int = 0
    unread: int = 0

    def add(self, cells: list[str]) -> None:
        try:
            amount = number_of(cells[_BILLED] if len(cells) > _TYPE else "", "Billing Amount")
        except BadRow:
            self.unread += 1
            return
        self.gross += amount
        self.net += -amount if cells[_TYPE] in _CREDITS else amount


def read_vcf(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the card transactions, those of the blocks of kind 05; other blocks are looked at for their counts only.

    Raises:
        FeedRefused: header and trailer of a block or of the file do not pair; the trailer of a block of transactions
            tells of other records or another amount, the file's of a larger amount than it holds.

    """
    now, line = _Place(), 0
    with path.open(encoding="latin-1", newline="") as file:
        for line, text in enumerate(file, 1):
            raw = text.rstrip("\r\n")
            cells = [cell.strip() for cell in raw.split("\t")]
            now.whole.records += cells[0] in {_BLOCK_HEADER, _BLOCK_TRAILER, _DETAIL}
            if cells[0] == _DETAIL and now.opened:
                now.block.records += 1
                if now.kind == _TRANSACTIONS:
                    now.block.add(cells)
                    now.whole.add(cells)
                    yield taken(line, raw, partial(_transaction, cells))
            elif raw:
                _pass(path, line, cells, now, tell)
    _closed(path, line, now.opened)
    if now.awaited:
        raise FeedRefused(f"{path}, line {line}: ends without its trailer (record 7); have the feed delivered again")


@dataclass(slots=True)
class _Place:
    """Where the reader stands: in which kind of block, and what was found in it and in the file."""

    whole: _Sum = field(default_factory=_Sum)
    block: _Sum = field(default_factory=_Sum)
    kind: int = 0
    opened: bool = False
    awaited: bool = False


def _pass(path: Path, line: int, cells: list[str], now: _Place, tell: Tell) -> None:
    """Pass a header or a trailer, holding what stands between them against it."""
    if cells[0] == _BLOCK_TRAILER:
        if not now.opened or _whole_number(path, line, cells, _KIND) != now.kind:
            raise FeedRefused(f"{path}, line {line}: ends a block that has no header; have it delivered again")
        _check_block(path, line, cells, now.block, tell)
        now.opened = False
        return
    _closed(path, line, now.opened)
    if cells[0] == _BLOCK_HEADER:
        now.block, now.kind, now.opened = _Sum(), _whole_number(path, line, cells, _KIND), True
    elif cells[0] == _FILE_HEADER:
        now.awaited = True
    elif cells[0] == _FILE_TRAILER:
        _check_file(path, line, cells, now.whole, tell)
        now.whole, now.awaited = _Sum(), False
    else:
        raise FeedRefused(f"{path}, line {line}: is no record of VCF 4; have the feed delivered again")


def _closed(path: Path, line: int, opened: bool) -> None:
    if opened:
        raise FeedRefused(f"{path}, line {line}: a block ends without its trailer; have the feed delivered again")


def _whole_number(path: Path, line: int, cells: list[str], at: int) -> int:
    try:
        return number_of(cells[at] if at < len(cells) else "", f"field {at + 1}")
    except BadRow as fault:
        raise FeedRefused(f"{path}, line {line}: {fault.column} {fault}") from fault


def _check_block(path: Path, line: int, cells: list[str], block: _Sum, tell: Tell) -> None:
    kind, count, total = (_whole_number(path, line, cells, at) for at in (_KIND, _COUNT, _TOTAL))
    if kind != _TRANSACTIONS:
        if count != block.records:
            tell(f"{path}, line {line}: {count} records of kind {kind:02d} are announced, {block.records} were found")
        return
    if count != block.records:
        raise differs(path, line, "the number of transactions", count, block.records)
    if block.unread:
        tell(f"{path}, line {line}: the total cannot be checked, {block.unread} of its amounts cannot be read")
    elif not total and block.gross:
        tell(f"{path}, line {line}: no total is stated; the transactions add up to {block.gross} minor units")
    elif total not in {block.gross, abs(block.net)}:
        raise differs(path, line, "the sum of the transactions in minor units", total, block.gross)


def _check_file(path: Path, line: int, cells: list[str], whole: _Sum, tell: Tell) -> None:
    count, total = (_whole_number(path, line, cells, at) for at in (_COUNT, _TOTAL))
    if total > whole.gross and not whole.unread:
        raise differs(path, line, "the sum of all transactions in minor units", total, whole.gross)
    if (count, total) not in {(whole.records, whole.gross), (whole.records, abs(whole.net))}:
        tell(
            f"{path}, line {line}: the file's trailer tells of {count} records and {total} minor units; its blocks, "
            f"each whole by its own trailer, hold {whole.records} and {whole.gross}"
        )


def _transaction(cells: list[str]) -> Transaction:
    if len(cells) <= _CURRENCY:
        raise BadRow("", f"has {len(cells)} fields of at least {_CURRENCY + 1}; have it delivered again")
    currency = currency_of(cells[_CURRENCY], "Billing Currency Code")
    amount = counted(cells[_BILLED], currency, "Billing Amount")
    if cells[_TYPE] not in _CREDITS | _DEBITS:
        raise BadRow(
            "Transaction Type Code", f"{quoted(cells[_TYPE])} is not known as a charge or as a credit; correct it"
        )
    # Programmes that do not convert leave the source side zero.
    source = currency_of(cells[_SOURCE_CURRENCY], "Source Currency Code") if cells[_SOURCE_CURRENCY].strip("0") else ""
    foreign = bool(source and source != currency and cells[_SOURCE].strip("0"))
    sign = -1 if cells[_TYPE] in _CREDITS and amount else 1
    locality, country = place_of(cells[_CITY], cells[_STATE], cells[_COUNTRY])
    return Transaction(
        day=day_of(cells[_DAY], "%m%d%Y", "Transaction Date"),
        amount=sign * amount,
        currency=currency,
        merchant=cells[_SUPPLIER],
        account=cells[_ACCOUNT],
        reference=cells[_REFERENCE],
        mcc=cells[_MCC].strip("0") and cells[_MCC],
        description=" ".join(filter(None, (cells[_SUPPLIER], cells[_CITY]))),
        country=country,
        locality=locality,
        original_amount=sign * counted(cells[_SOURCE], source, "Source Amount") if foreign else None,
        original_currency=source if foreign else "",
        names=_NAMES,
    )
