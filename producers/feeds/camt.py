"""ISO 20022 camt.052, .053 and .054: entries of bank and card accounts, every version by its namespace.

An entry that details several transactions becomes one record each when these add up to it, else one record as a whole.
A name in `Ntry/...` is the ISO 20022 element name; versions that moved an element are asked for both places.
"""

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
from producers.feeds.record import BadRow, Record, Tell, Transaction, differs, quoted, taken
from producers.feeds.values import currency_of, day_of, decimal_of, number_of

__all__ = ["read_camt", "recognises"]

_NAMESPACE: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]\.")
_STATEMENTS: Final = frozenset({"Rpt", "Stmt", "Ntfctn"})
_BOOKED: Final = "BOOK"
_SIGNS: Final = {"DBIT": 1, "CRDT": -1}
_NO_REFERENCE: Final = "NOTPROVIDED"
_NAMES: Final[dict[FeedField, str]] = {"merchant": "RltdPties", "currency": "Amt/@Ccy"}


def recognises(head: bytes) -> bool:
    """Tell whether a file begins with one of the three namespaces, whatever the version."""
    return _NAMESPACE.search(head) is not None


@dataclass(slots=True)
class _Found:
    """What one statement was found to hold; sums without signs, as its summary adds them."""

    count: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SIGNS, 0))
    total: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(_SIGNS, Decimal(0)))
    unread: int = 0

    def add(self, entry: Element) -> None:
        side = first_text(entry, "CdtDbtInd")
        try:
            amount = decimal_of(first_text(entry, "Amt"), "", "Amt")
        except BadRow:
            self.unread += 1
            return
        if side in _SIGNS:
            self.count[side] += 1
            self.total[side] += amount
        else:
            self.unread += 1


def read_camt(path: Path, tell: Tell) -> Iterator[Record]:
    """Yield the entries of every account in the file. Money out is positive.

    Raises:
        FeedRefused: no well-formed XML, no statement in it, or a summary (TxsSummry) of other numbers or sums.

    """
    account, found, summary, statements = "", _Found(), None, 0
    for name, element in stream(path, ("Acct", "TxsSummry"), ("Ntry", *_STATEMENTS)):
        parent = element.getparent()
        if name == "Acct" and parent is not None and _is_statement(parent):
            account = first_text(element, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id")
        elif name == "TxsSummry":
            summary = _Summary.of(element)
        elif name == "Ntry":
            found.add(element)
            yield from _entry(element, account)
        elif name in _STATEMENTS:
            statements += 1
            if summary is not None:
                summary.check(path, found, tell)
            account, found, summary = "", _Found(), None
    if not statements:
        raise FeedRefused(
            f"{path}, line 1: holds no report, statement or notification (Rpt, Stmt, Ntfctn); export it again"
        )


def _is_statement(element: Element) -> bool:
    return any(str(element.tag).endswith("}" + name) for name in _STATEMENTS)


@dataclass(frozen=True, slots=True)
class _Summary:
    line: int
    said: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, element: Element) -> "_Summary":
        """Return what a summary says of all entries, of debits and of credits: their number and their sum."""
        parts = ("TtlNtries", "TtlDbtNtries", "TtlCdtNtries")
        said = {p: (first_text(element, f"{p}/NbOfNtries"), first_text(element, f"{p}/Sum")) for p in parts}
        return cls(line_of(element), said)

    def check(self, path: Path, found: _Found, tell: Tell) -> None:
        """Compare it with what the statement held.

        Raises:
            FeedRefused: a number or a sum differs.

        """
        if found.unread:
            tell(f"{path}, line {self.line}: the summary cannot be checked, {found.unread} entries cannot be read")
            return
        counts = {"TtlDbtNtries": found.count["DBIT"], "TtlCdtNtries": found.count["CRDT"]}
        totals = {"TtlDbtNtries": found.total["DBIT"], "TtlCdtNtries": found.total["CRDT"]}
        counts["TtlNtries"], totals["TtlNtries"] = sum(counts.values()), sum(totals.values(), Decimal(0))
        for part, (number, total) in self.said.items():
            try:
                if number and number_of(number, "NbOfNtries") != counts[part]:
                    raise differs(path, self.line, f"{part}/NbOfNtries", number, counts[part])
                if total and decimal_of(total, "", "Sum") != totals[part]:
                    raise differs(path, self.line, f"{part}/Sum", total, totals[part])
            except BadRow as fault:
                raise FeedRefused(f"{path}, line {self.line}: {part}/{fault.column} {fault}") from fault


def _entry(entry: Element, account: str) -> Iterator[Record]:
    line, raw = line_of(entry), source(entry)
    whole = taken(line, raw, partial(_transaction, entry, None, account))
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    if len(details) > 1 and isinstance(whole.found, Transaction):
        parts = [
            taken(line_of(d), source(d), partial(_transaction, entry, d, account, n)) for n, d in enumerate(details, 1)
        ]
        read = [p.found for p in parts if isinstance(p.found, Transaction) and p.found.currency == whole.found.currency]
        if len(read) == len(details) and sum(t.amount for t in read) == whole.found.amount:
            yield from parts
            return
    if len(details) == 1:
        whole = taken(line, raw, partial(_transaction, entry, details[0], account))
    yield whole


def _transaction(entry: Element, detail: Element | None, account: str, number: int = 0) -> Transaction:
    """Return an entry, or its `number`th detail; `number` is 0 for the only one, whose amount is the entry's."""
    status = first_text(entry, "Sts/Cd", "Sts")
    if status != _BOOKED:
        raise BadRow(
            "Sts",
            f"is {quoted(status) if status else 'missing'}, not {_BOOKED!r}; a booked entry follows in a later feed",
        )
    parts = (detail, entry) if detail is not None else (entry,)
    side = first_text(detail, "CdtDbtInd") if detail is not None and number else ""
    side = side or first_text(entry, "CdtDbtInd")
    if side not in _SIGNS:
        raise BadRow("CdtDbtInd", "is neither DBIT nor CRDT; correct it")
    amount, currency = _amount(detail if detail is not None and number else entry)
    original = _original(parts, currency)
    party = "Cdtr" if side == "DBIT" else "Dbtr"
    named = (f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm", f"RltdPties/Ultmt{party}/Nm")
    words = ("RmtInf/Ustrd", "AddtlTxInf", "AddtlNtryInf")
    text = _any(parts, *words)
    reference = _any(parts, "Refs/AcctSvcrRef", "AcctSvcrRef", "Refs/TxId", "Refs/EndToEndId", "NtryRef")
    return Transaction(
        day=day_of(
            _any(parts, "RltdDts/TxDtTm", "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"), "%Y-%m-%d", "BookgDt"
        ),
        amount=_SIGNS[side] * amount if amount else amount,
        currency=currency,
        merchant=_any(parts, *named) or text,
        account=_any(parts, "CardTx/Card/PlainCardData/PAN") or account,
        # Details of one entry may share its reference, and be alike in all else.
        reference=f"{reference}/{number}" if number and reference else reference,
        mcc=_any(parts, "CardTx/Tx/MrchntCtgyCd"),
        description=text,
        original_amount=_SIGNS[side] * original[0] if original else None,
        original_currency=original[1] if original else "",
        names=_NAMES,
    )


def _any(parts: tuple[Element, ...], *paths: str) -> str:
    texts = (text for path in paths for part in parts if (text := first_text(part, path)) and text != _NO_REFERENCE)
    return next(texts, "")


def _amount(part: Element) -> tuple[Decimal, str]:
    places = ("{*}Amt", "{*}AmtDtls/{*}TxAmt/{*}Amt")
    element = next((found for place in places if (found := part.find(place)) is not None), None)
    if element is None:
        raise BadRow("Amt", "is missing; correct it")
    currency = currency_of(attribute(element, "Ccy"), "Amt/@Ccy")
    amount = decimal_of((element.text or "").strip(), currency, "Amt")
    if amount < 0:
        raise BadRow("Amt", "is negative; its sign is CdtDbtInd; correct it")
    return amount, currency


def _original(parts: tuple[Element, ...], currency: str) -> tuple[Decimal, str] | None:
    found = (p.find("{*}AmtDtls/{*}InstdAmt/{*}Amt") for p in parts)
    element = next((e for e in found if e is not None and attribute(e, "Ccy") not in {"", currency}), None)
    if element is None:
        return None
    own = currency_of(attribute(element, "Ccy"), "InstdAmt/Amt/@Ccy")
    return decimal_of((element.text or "").strip(), own, "InstdAmt/Amt"), own
