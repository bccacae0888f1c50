"""United States, two columns placed by coordinate, no table rules: a software subscription."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from samples.figures import add_up, english, line, long_date
from samples.sample import Facts, Rendered

VENDOR = "Brightwater Analytics, Inc."
ISSUED = date(2026, 10, 5)
DUE = date(2026, 11, 4)
LINES = (
    line("Insight Platform, Team plan (12 seats), October 2026", "12", "49.00"),
    line("Additional data connector, monthly", "2", "35.00"),
    line("Priority support", "1", "96.00"),
)
TEAL = HexColor("#11708a")
LEFT, RIGHT = 54.0, 558.0


def compose(numbers: Random) -> Rendered:
    """Draw the invoice. `numbers` gives the invoice number."""
    number = f"BWA-{numbers.randint(20000, 89999)}"
    totals = add_up(LINES, "0.0825")
    stream = BytesIO()
    page = Canvas(stream, pagesize=letter, invariant=1)
    page.setTitle(f"Invoice {number}")
    page.setFillColor(TEAL)
    page.rect(0, 752, 612, 40, stroke=0, fill=1)
    page.setFillColor(HexColor("#ffffff"))
    page.setFont("Helvetica-Bold", 17)
    page.drawString(LEFT, 765, VENDOR)
    page.setFillColor(HexColor("#222222"))
    page.setFont("Helvetica-Bold", 22)
    page.drawRightString(RIGHT, 708, "Invoice")
    _columns(page, number)
    page.setFont("Helvetica-Bold", 9)
    for x, text, right in ((LEFT, "Description", False), (390, "Qty", True), (470, "Unit price", True)):
        (page.drawRightString if right else page.drawString)(x, 548, text)
    page.drawRightString(RIGHT, 548, "Amount")
    page.setFont("Helvetica", 10)
    y = 526.0
    for each in LINES:
        page.drawString(LEFT, y, each.description)
        page.drawRightString(390, y, f"{each.quantity}")
        page.drawRightString(470, y, f"${english(each.unit_price)}")
        page.drawRightString(RIGHT, y, f"${english(each.amount)}")
        y -= 21
    y -= 18
    for label, amount in (("Subtotal", totals.subtotal), ("Sales tax (8.25%)", totals.tax)):
        page.drawRightString(470, y, label)
        page.drawRightString(RIGHT, y, f"${english(amount)}")
        y -= 18
    page.setFont("Helvetica-Bold", 12)
    page.drawRightString(470, y - 4, "Total due (USD)")
    page.drawRightString(RIGHT, y - 4, f"${english(totals.total)}")
    page.setFont("Helvetica", 8)
    page.drawString(
        LEFT, 70, "Pay by ACH: routing 110000000, account 000123456789. Questions: billing@brightwater.example"
    )
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "USD", totals.total))


def _columns(page: Canvas, number: str) -> None:
    page.setFont("Helvetica-Bold", 9)
    page.drawString(LEFT, 670, "BILL TO")
    page.drawString(330, 670, "DETAILS")
    page.setFont("Helvetica", 10)
    for row, text in enumerate(
        ("Harborlight Properties LLC", "Attn: Accounts Payable", "410 Quayside Avenue", "Portland, OR 97205")
    ):
        page.drawString(LEFT, 654 - 14 * row, text)
    details = (
        ("Invoice number", number),
        ("Invoice date", long_date(ISSUED)),
        ("Due date", long_date(DUE)),
        ("Terms", "Net 30"),
        ("Federal EIN", "12-3456789"),
    )
    for row, (label, value) in enumerate(details):
        page.drawString(330, 654 - 14 * row, label)
        page.drawRightString(RIGHT, 654 - 14 * row, value)
