"""OFX and QFX: statements of cards and bank accounts, in the SGML of OFX 1 (no end tags) and the XML of OFX 2.

Both are read as a stream of tags, because files in between are common: an OFX 2 header over values without end tags.
Fields and signs: OFX 2.3 specification, 11.4 (STMTTRN) and 5.2 (currency).
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused, text_encoding
from producers.feeds.record import Record, Tell, Transaction, taken
from producers.feeds.values import currency_of, day_of, decimal_of

__all__ = ["read_ofx", "recognises"]

_CHUNK: Final = 64 * 1024
_LARGEST: Final = 1024 * 1024
_CDATA, _CDATA_END = "![CDATA[", "]]>"
_TAG: Final = re.compile(r"(/?)([A-Za-z][\w.]*)[^>]*>", re.ASCII)
_SECTIONS: Final = frozenset({"CURRENCY", "ORIGCURRENCY", "PAYEE", "CCACCTTO", "BANKACCTTO", "IMAGEDATA"})
_TRANSACTION: Final = "STMTTRN"
_STATEMENTS: Final = frozenset({"CCSTMTRS", "STMTRS"})
# What cannot stand inside a transaction.
_AROUND: Final = _STATEMENTS | {_TRANSACTION, "BANKTRANLIST", "LEDGERBAL"}
_ACCOUNTS: Final = frozenset({"CCACCTFROM", "BANKACCTFROM"})
_NAMES: Final[dict[FeedField, str]] = {"merchant": "NAME", "currency": "CURDEF"}
_HEAD: Final = re.compile(rb"OFXHEADER|<OFX>", re.IGNORECASE)


def recognises(head: bytes) -> bool:
    """Tell whether a file begins with an OFX header, or its first element."""
    return _HEAD.search(head) is not None


@dataclass(frozen=True, slots=True)
class _Tag:
    line: int
    name: str
    closes: bool
    text: str
    raw: str


@dataclass(slots=True)
class _Statement:
    """Where the reader stands: whose account, in which currency, inside which transaction."""

    inside: bool = False
    account: str = ""
    currency: str = ""
    in_account: bool = False
    opened: int = 0
    section: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)


def read_ofx(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the transactions of every card and bank statement. Money out is positive.

    Raises:
        FeedRefused: it ends before its end, or holds no statement of a card or bank account.

    """
    del tell
    now, statements, ended, last = _Statement(), 0, False, 0
    for tag in _tags(path):
        last = tag.line
        ended = ended or (tag.name == "OFX" and tag.closes)
        if now.opened and tag.name in _AROUND and not (tag.name == _TRANSACTION and tag.closes):
            raise FeedRefused(f"{path}, line {now.opened}: a transaction (STMTTRN) has no end; have it delivered again")
        if tag.name in _STATEMENTS:
            statements += not tag.closes
            now = _Statement(inside=not tag.closes)
        elif now.opened and tag.name == _TRANSACTION:
            yield taken(
                now.opened,
                f"<STMTTRN>{''.join(now.raw)}",
                partial(_transaction, now.fields, now.account, now.currency),
            )
            now.opened = 0
        elif now.opened:
            _take(now, tag)
        elif now.inside and not tag.closes:
            _begin(now, tag)
        elif tag.name in _ACCOUNTS:
            now.in_account = False
    if not ended or now.opened:
        raise FeedRefused(f"{path}, line {last}: ends before its end (</OFX>); have the feed delivered again")
    if not statements:
        raise FeedRefused(
            f"{path}, line {last}: ends without a statement of a card or bank (CCSTMTRS, STMTRS); export one"
        )


def _begin(now: _Statement, tag: _Tag) -> None:
    if tag.name == _TRANSACTION:
        now.opened, now.fields, now.raw, now.section = tag.line, {}, [], ""
    elif tag.name in _ACCOUNTS:
        now.in_account = True
    elif tag.name == "ACCTID" and now.in_account:
        now.account = tag.text
    elif tag.name == "CURDEF":
        now.currency = tag.text


def _take(now: _Statement, tag: _Tag) -> None:
    now.raw.append(tag.raw)
    if tag.name in _SECTIONS:
        now.section = "" if tag.closes else tag.name
    elif not tag.closes:
        now.fields.setdefault(f"{now.section}/{tag.name}" if now.section else tag.name, tag.text)


def _transaction(fields: dict[str, str], account: str, statement_currency: str) -> Transaction:
    stated = fields.get("CURRENCY/CURSYM", "") or statement_currency
    currency = currency_of(stated, "CURDEF") if stated else ""
    amount = decimal_of(fields.get("TRNAMT", ""), currency, "TRNAMT")
    memo = fields.get("MEMO", "")
    posted = "DTUSER" if fields.get("DTUSER") else "DTPOSTED"
    return Transaction(
        day=day_of(fields.get(posted, ""), "%Y%m%d", posted),
        amount=-amount if amount else Decimal(0),
        currency=currency,
        merchant=fields.get("NAME", "") or fields.get("PAYEE/NAME", "") or memo,
        account=account,
        reference=fields.get("FITID", ""),
        mcc=fields.get("SIC", ""),
        description=memo,
        names=_NAMES,
    )


def _tags(path: Path) -> Iterator[_Tag]:
    """Yield every tag with the text behind it. Only one piece of the file is in memory.

    Raises:
        FeedRefused: a value is larger than 1 MiB: it is no statement.

    """
    line, held = 1, ""
    with path.open(encoding=text_encoding(path)) as file:
        while chunk := file.read(_CHUNK):
            *pieces, held = _pieces(held + chunk)
            if len(held) > _LARGEST:
                raise FeedRefused(f"{path}, line {line}: a value of over {_LARGEST} characters; export the feed again")
            for piece in pieces:
                yield from _tag(piece, line)
                line += piece.count("\n")
    yield from _tag(held, line)


def _pieces(text: str) -> list[str]:
    """Split before every tag, not inside CDATA."""
    pieces: list[str] = []
    for piece in text.split("<"):
        inside = bool(pieces) and _CDATA in pieces[-1] and _CDATA_END not in pieces[-1]
        if inside or (pieces and piece.startswith(_CDATA)):
            pieces[-1] += f"<{piece}"
        else:
            pieces.append(piece)
    return pieces


def _tag(piece: str, line: int) -> Iterator[_Tag]:
    found = _TAG.match(piece)
    if found is None:
        return
    text = piece[found.end() :]
    if _CDATA in text:
        text = text.replace(f"<{_CDATA}", "").replace(_CDATA_END, "")
    yield _Tag(line, found[2].upper(), bool(found[1]), " ".join(html.unescape(text).split()), f"<{piece}")
