"""A credit note as an old accounting system prints it: fixed pitch, columns by character, amounts with a minus sign."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from samples.figures import add_up, english, line
from samples.sample import Facts, Rendered

VENDOR = "TRI-COUNTY INDUSTRIAL LAUNDRY"
ISSUED = date(2026, 10, 14)
LINES = (
    line("FLOOR MATS 4X6 RETURNED", "-6", "11.75"),
    line("SHOP TOWELS SHORT DELIVERED", "-40", "0.62"),
)
WIDTH = 78


def compose(numbers: Random) -> Rendered:
    """Print the credit note. `numbers` gives its number and that of the invoice it corrects."""
    number, original = f"CM{numbers.randint(10000, 99999)}", f"{numbers.randint(600000, 699999)}"
    totals = add_up(LINES, "0.065")
    rule = "-" * WIDTH
    rows = [
        VENDOR.center(WIDTH),
        "1500 RIVER ROAD   YAKIMA WA 98902   509-555-0117".center(WIDTH),
        "",
        "C R E D I T   N O T E".center(WIDTH),
        "",
        f"{'CREDIT NOTE NO: ' + number:<42}{'DATE: ' + ISSUED.isoformat():>36}",
        f"{'APPLIES TO INVOICE: ' + original:<42}{'CUSTOMER: 30418':>36}",
        "",
        "CUSTOMER  HARBORLIGHT PROPERTIES LLC",
        "          410 QUAYSIDE AVENUE, PORTLAND OR 97205",
        "",
        rule,
        f"{'DESCRIPTION':<40}{'QTY':>8}{'PRICE':>12}{'AMOUNT':>18}",
        rule,
        *(
            f"{each.description:<40}{each.quantity:>8}{english(each.unit_price):>12}{english(each.amount):>18}"
            for each in LINES
        ),
        rule,
        _foot("SUBTOTAL", totals.subtotal),
        _foot("SALES TAX 6.5%", totals.tax),
        _foot("TOTAL CREDIT USD", totals.total),
        "",
        "THIS AMOUNT HAS BEEN CREDITED TO YOUR ACCOUNT. DO NOT PAY.",
    ]
    stream = BytesIO()
    page = Canvas(stream, pagesize=letter, invariant=1)
    page.setTitle(f"Credit note {number}")
    text = page.beginText(54, 720)
    text.setFont("Courier", 10, leading=13)
    text.textLines("\n".join(rows), trim=0)
    page.drawText(text)
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR.title(), number, ISSUED, "USD", totals.total))


def _foot(label: str, amount: Decimal) -> str:
    return f"{label:>60}{english(amount):>18}"
