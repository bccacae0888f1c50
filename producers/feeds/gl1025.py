"""American Express GL1025: records of fixed width, header 0, summary 8, transactions 1, trailer 9.

Positions: the reader of fyle bank feeds (MIT), made from the text of American Express; the account's agrees with
support.worldpay.com (GL1025). What the summary and trailer numbers count is not published, so a number of transactions
that differs is told; a file without its trailer is refused.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused
from producers.feeds.record import BadRow, Record, Tell, Transaction, taken
from producers.feeds.values import currency_of, day_of, number_of, scaled

__all__ = ["read_gl1025", "recognises", "recognises_gl1205", "refuse_gl1205"]

_HEAD = 40
_HEADER, _TRANSACTION, _CARD_SUMMARY, _MARKET, _TRAILER = "0", "1", "2", "8", "9"
_ACCOUNT = slice(207, 227)
_LAST_NAME, _FIRST_NAME, _MIDDLE_NAME = slice(227, 257), slice(257, 277), slice(277, 297)
_CHARGE_DATE, _REFERENCE = slice(588, 598), slice(631, 681)
_SIGN, _BILLED, _DECIMALS, _CURRENCY = slice(736, 737), slice(737, 752), slice(768, 769), slice(769, 772)
_LOCAL, _LOCAL_DECIMALS, _LOCAL_CURRENCY = slice(811, 826), slice(842, 843), slice(858, 861)
_DESCRIPTION, _MCC = slice(946, 991), slice(1677, 1681)
# Of the establishment: its brand, else its chain, else its own name.
_MERCHANTS: Final = (slice(1867, 1897), slice(1837, 1867), slice(1913, 1953))
_COUNT = slice(77, 92)
_WIDTH = 1953
_NAMES: Final[dict[FeedField, str]] = {
    "merchant": "Service Establishment Name (position 1868, 1838 or 1914)",
    "currency": "Billed Currency (position 770)",
}


def recognises(head: bytes) -> bool:
    """Tell whether a file begins with a GL1025 header."""
    return head.startswith(b"0") and b"GL1025" in head[:_HEAD]


def recognises_gl1205(head: bytes) -> bool:
    """Tell whether a file begins with a GL1205 header."""
    return head.startswith(b"0") and b"GL1205" in head[:_HEAD]


def refuse_gl1205(path: Path, tell: Tell) -> Iterator[Record]:
    """Refuse the feed: GL1205 lists accounts, by its public readers, and guessed positions are wrong amounts.

    Raises:
        FeedRefused: always.

    """
    del tell
    raise FeedRefused(
        f"{path}, line 1: is American Express GL1205, the list of accounts; its layout is not published and it is not "
        f"read. The transactions come in GL1025; send that"
    )


def read_gl1025(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the transaction records.

    Raises:
        FeedRefused: the trailer is missing or belongs to another header, or a record is of no known kind.

    """
    header = trailer = ""
    found = line = 0
    with path.open(encoding="latin-1", newline="") as file:
        for line, text in enumerate(file, 1):
            raw = text.rstrip("\r\n")
            if raw.startswith(_TRANSACTION) and header and not trailer:
                found += 1
                yield taken(line, raw, partial(_transaction, raw))
            elif raw.startswith(_HEADER) and not header:
                header = raw
            elif raw.startswith(_TRAILER) and header and not trailer:
                trailer = raw
            elif raw.strip() and not (raw.startswith((_CARD_SUMMARY, _MARKET)) and not trailer):
                raise FeedRefused(f"{path}, line {line}: is no record of GL1025 in its place; have it delivered again")
    if not trailer:
        raise FeedRefused(f"{path}, line {line}: ends without its trailer (record 9); have the feed delivered again")
    if trailer[1:_HEAD] != header[1:_HEAD]:
        raise FeedRefused(
            f"{path}, line {line}: the trailer is of another file than the header; have it delivered again"
        )
    count = trailer[_COUNT]
    if count.isdigit() and int(count) != found:
        tell(f"{path}, line {line}: the trailer tells of {int(count)}, and {found} transactions were found")


def _transaction(raw: str) -> Transaction:
    if len(raw) < _WIDTH:
        raise BadRow("", f"has {len(raw)} of at least {_WIDTH} characters; have it delivered again")
    sign = raw[_SIGN]
    if sign not in {"+", "-"}:
        raise BadRow("Sign Indicator (position 737)", "is neither + nor -; correct it")
    currency = currency_of(raw[_CURRENCY], "Billed Currency (position 770)")
    amount = scaled(raw[_BILLED], number_of(raw[_DECIMALS], "decimals (position 769)"), currency, "Billed Amount")
    local = raw[_LOCAL_CURRENCY]
    local_currency = currency_of(local, "Local Currency (position 859)") if local.strip(" 0") else ""
    foreign = local_currency not in {"", currency}
    factor = -1 if sign == "-" and amount else 1
    return Transaction(
        day=day_of(raw[_CHARGE_DATE], "%Y-%m-%d", "Charge Date (position 589)"),
        amount=factor * amount,
        currency=currency,
        merchant=next(filter(None, (" ".join(raw[at].split()) for at in _MERCHANTS)), ""),
        account=raw[_ACCOUNT].strip(),
        cardholder=" ".join(raw[at].strip() for at in (_FIRST_NAME, _MIDDLE_NAME, _LAST_NAME) if raw[at].strip()),
        reference=raw[_REFERENCE].strip(),
        mcc=raw[_MCC].strip(),
        description=raw[_DESCRIPTION].strip(),
        original_amount=factor * _local(raw, local_currency) if foreign else None,
        original_currency=local_currency if foreign else "",
        names=_NAMES,
    )


def _local(raw: str, currency: str) -> Decimal:
    return scaled(raw[_LOCAL], number_of(raw[_LOCAL_DECIMALS], "decimals (position 843)"), currency, "Local Amount")
