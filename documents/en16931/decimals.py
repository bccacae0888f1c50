"""BR-DEC-*: amounts have at most two decimals. A finer one cannot be posted, and hides a rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.en16931.rules import WITH_LINES, WITHOUT_LINES, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from documents.en16931.rules import Find
    from documents.en16931.terms import Charge, Invoice, Stated

_MOST: Final = 2


def _at_most_two(amounts: Callable[[Invoice], Iterator[Stated | None]]) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        for each in amounts(invoice):
            if each and each.decimals > _MOST:
                yield f"{each.written} has {each.decimals} decimals"

    return find


def _total(name: str) -> Callable[[Invoice], Iterator[Stated | None]]:
    return lambda invoice: iter((getattr(invoice.totals, name),))


def _own_tax(invoice: Invoice) -> Iterator[Stated | None]:
    return (each for each in invoice.taxes if each.currency in {None, invoice.currency})


def _other_tax(invoice: Invoice) -> Iterator[Stated | None]:
    return (each for each in invoice.taxes if each.currency not in {None, invoice.currency})


def _charge(name: str, *, charges: bool, of_lines: bool) -> Callable[[Invoice], Iterator[Stated | None]]:
    def of(invoice: Invoice) -> Iterator[Charge]:
        if of_lines:
            return (each for line in invoice.lines for each in line.charges)
        return iter(invoice.charges)

    return lambda invoice: (getattr(each, name) for each in of(invoice) if each.is_charge == charges)


def _rule(
    number: str, term: str, amounts: Callable[[Invoice], Iterator[Stated | None]], *, lines: bool = False
) -> Rule:
    says = f"{term} has at most two decimals"
    return Rule(number, says, _at_most_two(amounts), WITH_LINES if lines else WITHOUT_LINES)


DECIMALS: Final = (
    _rule("BR-DEC-01", "a document allowance (BT-92)", _charge("amount", charges=False, of_lines=False)),
    _rule("BR-DEC-02", "its base (BT-93)", _charge("base", charges=False, of_lines=False)),
    _rule("BR-DEC-05", "a document charge (BT-99)", _charge("amount", charges=True, of_lines=False)),
    _rule("BR-DEC-06", "its base (BT-100)", _charge("base", charges=True, of_lines=False)),
    _rule("BR-DEC-09", "the sum of the lines (BT-106)", _total("lines")),
    _rule("BR-DEC-10", "the sum of the allowances (BT-107)", _total("allowances")),
    _rule("BR-DEC-11", "the sum of the charges (BT-108)", _total("charges")),
    _rule("BR-DEC-12", "the total without VAT (BT-109)", _total("net")),
    _rule("BR-DEC-13", "the VAT total (BT-110)", _own_tax),
    _rule("BR-DEC-14", "the total with VAT (BT-112)", _total("gross")),
    _rule("BR-DEC-15", "the VAT total in the accounting currency (BT-111)", _other_tax),
    _rule("BR-DEC-16", "the amount paid (BT-113)", _total("paid")),
    _rule("BR-DEC-17", "the rounding (BT-114)", _total("rounding")),
    _rule("BR-DEC-18", "the amount due (BT-115)", _total("due")),
    _rule("BR-DEC-19", "a taxable amount (BT-116)", lambda invoice: (each.taxable for each in invoice.breakdowns)),
    _rule("BR-DEC-20", "a tax amount (BT-117)", lambda invoice: (each.tax for each in invoice.breakdowns)),
    _rule("BR-DEC-23", "a line (BT-131)", lambda invoice: (each.net for each in invoice.lines), lines=True),
    _rule("BR-DEC-24", "a line allowance (BT-136)", _charge("amount", charges=False, of_lines=True), lines=True),
    _rule("BR-DEC-25", "its base (BT-137)", _charge("base", charges=False, of_lines=True), lines=True),
    _rule("BR-DEC-27", "a line charge (BT-141)", _charge("amount", charges=True, of_lines=True), lines=True),
    _rule("BR-DEC-28", "its base (BT-142)", _charge("base", charges=True, of_lines=True), lines=True),
)
