"""The data contract at the end of understanding: what is missing here must not be judged, let alone posted."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from consumers.lexicon import Lexicon, Term
from schemas.records import Coding, Facts, Line, Problem, VendorMatch

__all__ = ["check_contract"]

STAGE: Final = "coding"
_ROUNDING: Final = Decimal("0.05")
"""What a line's amount may differ from count times price: prices are printed rounded."""

_CREDITS: Final = frozenset({"credit_note", "refund"})
# Words of a line that takes something off: the only lines of an invoice that may be negative.
_REDUCTIONS: Final = Lexicon(
    Term(word, "reduction", 100)
    for word in (
        *("discount", "rebate", "coupon", "voucher", "refund", "return", "deposit", "credit", "promotion", "rounding"),
        *(
            "adjustment",
            "allowance",
            "returned",
            "retour",
            "prepayment",
            "advance payment",
            "down payment",
            "retainage",
            "less",
        ),
        *("rabatt", "skonto", "gutschrift", "anzahlung", "nachlass", "pfand", "remise", "avoir", "acompte", "rabais"),
        *("descuento", "abono", "anticipo", "sconto", "acconto", "storno", "korting", "creditering", "aanbetaling"),
        *("desconto", "adiantamento", "diskaun", "potongan", "pelarasan"),
    )
)


def check_contract(
    facts: Facts, lines: Sequence[Line], codings: Sequence[Coding], vendor: VendorMatch | None, property_id: str | None
) -> tuple[Problem, ...]:
    """Return CONTRACT_BROKEN for everything that must be there and is not.

    Vendor, date, at least one line, an amount and a coding on each (an account that is missing from a coding is
    NO_GL_CODE already); a property where a line is recoverable from one. Amounts are above zero except on credit
    notes and refunds, and lines that say they take something off.
    """
    broken: list[Problem] = []
    if vendor is None:
        broken.append(_broken("The vendor is missing: state its name.", "vendor_name"))
    if facts.invoice_date is None:
        broken.append(_broken("The date is missing: state it.", "invoice_date"))
    if not lines:
        broken.append(_broken("There is no line: state at least one.", "line_items"))
    credit = facts.document_type in _CREDITS or (facts.total is not None and facts.total < 0)
    if facts.total == 0 or (facts.total is not None and facts.total < 0 and facts.document_type == "invoice"):
        broken.append(_broken("An invoice's total must be above zero: state total or document type.", "total"))
    by_line = {coding.line: coding for coding in codings}
    for line in lines:
        broken.extend(_line(line, by_line.get(line.number), credit=credit))
    return (*broken, *(() if property_id else _no_property(codings)))


def _no_property(codings: Sequence[Coding]) -> tuple[Problem, ...]:
    """Return the doubt that lines are charged on to a property's tenants and nobody says to whose: one per expense."""
    lines = [str(coding.line) for coding in codings if coding.recovery_status == "recoverable"]
    if not lines:
        return ()
    which = f"Line {lines[0]} is" if len(lines) == 1 else f"Lines {', '.join(lines[:-1])} and {lines[-1]} are"
    text = (
        f"{which} recoverable from the tenants of a property, but neither the document nor the submission names one: "
        "state the property, or that the line is not recoverable."
    )
    return (_broken(text, "property_id"),)


def _line(line: Line, coding: Coding | None, *, credit: bool) -> list[Problem]:
    broken: list[Problem] = []
    if line.amount is None:
        broken.append(_broken("The line has no amount: state it.", "amount", line.number))
    elif line.amount == 0 or (line.amount < 0 and not credit and not _reduces(line)):
        text = "The amount must be above zero, unless the line takes something off: state it."
        broken.append(_broken(text, "amount", line.number))
    if coding is None:
        broken.append(_broken("The line has neither account nor recovery class: state both.", "gl_code", line.number))
    return broken


def _reduces(line: Line) -> bool:
    """Return whether a line below zero says so itself: in words, or by a count below zero at a price above it.

    A return is billed so (EN 16931: the invoiced quantity may be negative, the price may not); one misread sign does
    not look like it, since count, price and amount must fit.
    """
    if line.quantity is not None and line.unit_price is not None and line.quantity < 0 < line.unit_price:
        return line.amount is not None and abs(line.quantity * line.unit_price - line.amount) <= _ROUNDING
    return bool(_REDUCTIONS.find(line.description or ""))


def _broken(message: str, field: str, line: int | None = None) -> Problem:
    return Problem(
        code="CONTRACT_BROKEN",
        message=message,
        field=field if line is None else f"lines.{line}.{field}",
        line=line,
        stage=STAGE,
    )
