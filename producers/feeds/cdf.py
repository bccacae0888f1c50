"""Mastercard CDF 3 and Diners S3DF: one XML layout, accounts that hold transactions, a trailer that counts them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from producers.feed_map import FeedField
from producers.feed_rows import FeedRefused
from producers.feeds.elements import Element, attribute, first_text, line_of, source, stream
from producers.feeds.record import BadRow, Record, Tell, Transaction, differs, taken
from producers.feeds.values import currency_of, day_of, number_of, place_of, scaled

__all__ = ["read_cdf", "read_s3df", "recognises_cdf", "recognises_s3df"]

_ACCOUNT, _ENTITY, _TRAILER = "AccountEntity", "FinancialTransactionEntity", "TransmissionTrailer_9999"
_FINANCIAL, _MERCHANT = "FinancialTransaction_5000", "CardAcceptor_5001"
_RECORD = re.compile(r"_\d{4}$")
_POSTED, _ORIGINAL = "AmountInPostedCurrency", "AmountInOriginalCurrency"
_NAMES: Final[dict[FeedField, str]] = {"merchant": "CardAcceptorName", "currency": "PostedCurrencyCode"}


def recognises_cdf(head: bytes) -> bool:
    """Tell whether a file begins as a CDF 3 transmission."""
    return b"<CDFTransmissionFile" in head


def recognises_s3df(head: bytes) -> bool:
    """Tell whether a file begins as an S3DF transmission."""
    return b"<DinersS3DFTransmissionFile" in head


@dataclass(slots=True)
class _Counted:
    """What was found. `sums` are of digits, as the trailer adds them; `exponents` tell whether that can be compared."""

    records: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: {"D": 0, "C": 0})
    sums: dict[str, int] = field(default_factory=lambda: {"D": 0, "C": 0})
    exponents: set[str] = field(default_factory=set)

    def add(self, entity: Element) -> None:
        side = first_text(entity, f"{_FINANCIAL}/DebitOrCreditIndicator")
        posted = entity.find(f"{{*}}{_FINANCIAL}/{{*}}{_POSTED}")
        if side in self.numbers:
            self.numbers[side] += 1
            try:
                self.sums[side] += number_of((posted.text or "").strip() if posted is not None else "", _POSTED)
                self.exponents.add(attribute(posted, "CurrencyExponent") if posted is not None else "")
            except BadRow:
                self.exponents |= {"", "unread"}


def read_cdf(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the financial transactions of a CDF 3 file; see `_read`."""
    return _read(path, tell, with_region=False)


def read_s3df(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the financial transactions of an S3DF file; its merchants go by name and region. See `_read`."""
    return _read(path, tell, with_region=True)


def _read(path: Path, tell: Tell, *, with_region: bool) -> Iterator[Record]:
    """Yield the financial transactions, whatever level of the hierarchy holds them.

    Raises:
        FeedRefused: no well-formed XML, no trailer, or one that counts or adds up something else.

    """
    found, trailer, last = _Counted(), False, 0
    for name, element in stream(path, (), (_ENTITY, _ACCOUNT)):
        last = line_of(element) or last
        if _RECORD.search(name):
            found.records += 1
        if name == _ENTITY:
            found.add(element)
            yield taken(line_of(element), source(element), partial(_transaction, element, with_region=with_region))
        elif name == _TRAILER:
            trailer = True
            _check(path, element, found, tell)
    if not trailer:
        raise FeedRefused(f"{path}, line {last}: ends without its trailer ({_TRAILER}); have the feed delivered again")


def _check(path: Path, trailer: Element, found: _Counted, tell: Tell) -> None:
    line = line_of(trailer)

    def said(name: str) -> int | None:
        text = first_text(trailer, name)
        if not text:
            return None
        try:
            return number_of(text, name)
        except BadRow as fault:
            raise FeedRefused(f"{path}, line {line}: {fault.column} {fault}") from fault

    numbers = (
        ("RecordCount", found.records),
        ("NumOfDebits", found.numbers["D"]),
        ("NumOfCredits", found.numbers["C"]),
    )
    for name, number in numbers:
        expected = said(name)
        if expected is not None and expected != number:
            raise differs(path, line, name, expected, number)
    if len(found.exponents) > 1:
        tell(f"{path}, line {line}: the totals cannot be checked: amounts are unreadable or differ in their decimals")
        return
    for name, total in (("TotalAmountOfDebits", found.sums["D"]), ("TotalAmountOfCredits", found.sums["C"])):
        expected = said(name)
        if expected is not None and expected != total:
            raise differs(path, line, name, expected, total)


def _transaction(entity: Element, *, with_region: bool) -> Transaction:
    financial = entity.find(f"{{*}}{_FINANCIAL}")
    if financial is None:
        raise BadRow(_FINANCIAL, "is missing; have it delivered again")
    side = first_text(financial, "DebitOrCreditIndicator")
    if side not in {"D", "C"}:
        raise BadRow("DebitOrCreditIndicator", "is neither D nor C; correct it")
    sign = -1 if side == "C" else 1
    amount, currency = _money(financial, _POSTED, "PostedCurrencyCode", side)
    original, original_currency = None, ""
    if financial.find(f"{{*}}{_ORIGINAL}") is not None:
        found, original_currency = _money(financial, _ORIGINAL, "OriginalCurrencyCode", side)
        original = found if original_currency != currency else None
    merchant = first_text(entity, f"{_MERCHANT}/CardAcceptorName")
    region = first_text(entity, f"{_MERCHANT}/CardAcceptorStateProvince") if with_region else ""
    place = (first_text(entity, f"{_MERCHANT}/CardAcceptor{part}") for part in ("City", "StateProvince", "CountryCode"))
    locality, country = place_of(*place)
    account = next(entity.iterancestors(f"{{*}}{_ACCOUNT}"), None)
    return Transaction(
        day=day_of(first_text(financial, "TransactionDate"), "%Y-%m-%d", "TransactionDate"),
        amount=sign * amount if amount else amount,
        currency=currency,
        merchant=", ".join(filter(None, (merchant, region))),
        account=attribute(account, "AccountNumber") if account is not None else "",
        cardholder=first_text(account, "AccountInformation_4300/NameLine1") if account is not None else "",
        reference=first_text(financial, "ProcessorTransactionId") or attribute(entity, "ProcessorTransactionId"),
        mcc=first_text(entity, f"{_MERCHANT}/CardAcceptorBusinessCode"),
        description=first_text(entity, f"{_MERCHANT}/CardAcceptorCity"),
        country=country,
        locality=locality,
        original_amount=sign * original if original else original,
        original_currency=original_currency if original is not None else "",
        names=_NAMES,
    )


def _money(financial: Element, name: str, currency_name: str, side: str) -> tuple[Decimal, str]:
    element = financial.find(f"{{*}}{name}")
    if element is None:
        raise BadRow(name, "is missing; correct it")
    sign = attribute(element, "CurrencySign")
    if sign and sign != side:
        raise BadRow(name, f"has another sign than a transaction marked {side}; correct it")
    code = first_text(financial, currency_name) or attribute(element, "CurrencyCode")
    if attribute(element, "CurrencyCode") not in {"", code}:
        raise BadRow(name, f"is in another currency than {currency_name} says; correct it")
    currency = currency_of(code, currency_name)
    exponent = number_of(attribute(element, "CurrencyExponent"), f"CurrencyExponent of {name}")
    return scaled((element.text or "").strip(), exponent, currency, name), currency
