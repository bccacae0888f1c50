"""Stripe Issuing: transactions as its API and its exports give them, in JSON or one JSON object a line.

Fields: docs.stripe.com/api/issuing/transactions/object. Amounts count the minor unit and are negative for money spent;
docs.stripe.com/currencies names the currencies counted otherwise than by ISO 4217.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused, text_encoding
from producers.feeds.record import BadRow, Record, Tell, Transaction, taken
from producers.feeds.values import currency_of, place_of, scaled
from schemas.currencies import minor_units

__all__ = ["read_stripe", "recognises"]

_KIND: Final = "issuing.transaction"
# Counted in hundredths although they have no minor unit any more.
_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
_HUNDREDTH_DIGITS: Final = 2
_NAMES: Final[dict[FeedField, str]] = {"merchant": "merchant_data.name", "currency": "currency"}


def recognises(head: bytes) -> bool:
    """Tell whether a file begins as JSON."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def read_stripe(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the issuing transactions, wherever the document holds them; other objects are passed over.

    One JSON document is held in memory as a whole; one object a line is streamed.

    Raises:
        FeedRefused: no JSON, or not one issuing transaction nor an empty list in it.

    """
    found, empty = False, False
    for begins, text in _documents(path):
        try:
            document = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            line = begins - 1 + (error.lineno if isinstance(error, json.JSONDecodeError) else 1)
            raise FeedRefused(f"{path}, line {line}: is no JSON: {error}; export the feed again") from error
        if isinstance(document, dict) and document.get("has_more") is True:
            tell(f"{path}: is one page of a longer list (has_more); send the other pages too")
        empty = empty or document in ([], {}) or (isinstance(document, dict) and document.get("data") == [])
        at = 0
        for transaction in _transactions(document):
            found = True
            at = max(at, text.find(json.dumps(transaction.get("id"), default=str), at))
            line = begins + text.count("\n", 0, at)
            yield taken(line, json.dumps(transaction, default=str), partial(_transaction, transaction))
    if not (found or empty):
        raise FeedRefused(f"{path}, line 1: holds no object of kind {_KIND}; export the issuing transactions")


def _documents(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each JSON text with the line it begins on: every line where the first is a whole object, else the file."""
    with path.open(encoding=text_encoding(path)) as file:
        first = file.readline()
        try:
            alone = isinstance(json.loads(first), dict)
        except (ValueError, RecursionError):
            alone = False
        if not alone:
            yield 1, first + file.read()
            return
        yield 1, first
        for number, line in enumerate(file, 2):
            if line.strip():
                yield number, line


def _transactions(document: object) -> Iterator[dict[str, Any]]:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and node.get("object") == _KIND:
            yield node
        elif isinstance(node, dict):
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def _transaction(found: Mapping[str, Any]) -> Transaction:
    amount, currency = _money(found, "amount", "currency")
    merchant_amount, merchant_currency = None, ""
    if _text(found.get("merchant_currency")) not in {"", _text(found.get("currency"))}:
        merchant_amount, merchant_currency = _money(found, "merchant_amount", "merchant_currency")
    merchant = _mapping(found, "merchant_data")
    locality, country = place_of(*(_text(merchant.get(part)) for part in ("city", "state", "country")))
    return Transaction(
        day=_day(found.get("created")),
        amount=amount,
        currency=currency,
        merchant=_text(merchant.get("name")),
        account=_identity(found.get("card")),
        cardholder=_text(_mapping(found, "cardholder").get("name")),
        reference=_text(found.get("id")),
        mcc=_text(merchant.get("category_code")),
        description=_text(merchant.get("category")),
        country=country,
        locality=locality,
        original_amount=merchant_amount,
        original_currency=merchant_currency,
        names=_NAMES,
    )


def _day(created: object) -> date:
    if not isinstance(created, int) or isinstance(created, bool):
        raise BadRow("created", "is no number of seconds since 1970; correct it")
    try:
        return datetime.fromtimestamp(created, UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise BadRow("created", "is outside the calendar; correct it") from error


def _money(found: Mapping[str, Any], name: str, currency_name: str) -> tuple[Decimal, str]:
    currency = currency_of(_text(found.get(currency_name)), currency_name)
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRow(name, "is no whole number of minor units; correct it")
    exponent = _HUNDREDTH_DIGITS if currency in _HUNDREDTHS else minor_units(currency) or 0
    amount = scaled(str(abs(value)), exponent, currency, name)
    return (-amount if value > 0 else amount), currency


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _identity(value: object) -> str:
    return _text(value.get("id")) if isinstance(value, dict) else _text(value)


def _mapping(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}
