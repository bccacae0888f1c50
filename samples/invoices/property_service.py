"""A contractor's invoice for work on a property: job box, property reference, priced scope of work, retainage note."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from samples.figures import add_up, english, line, long_date
from samples.sample import Facts, Rendered

VENDOR = "Ironbark Paving & Sealcoat LLC"
ISSUED = date(2026, 10, 16)
LINES = (
    line("Parking Lot Reseal & Striping, 18,400 sq ft", "18400", "0.185"),
    line("Hot rubber crack fill, linear feet", "620", "1.10"),
    line("ADA stall symbols and wheel stops", "6", "48.00"),
)
STEP = 24


def compose(numbers: Random) -> Rendered:
    """Draw the invoice. `numbers` gives the invoice and work order numbers."""
    number, order = f"INV{numbers.randint(1000, 9999)}", f"WO-{numbers.randint(10000, 99999)}"
    totals = add_up(LINES, "0")
    stream = BytesIO()
    page = Canvas(stream, pagesize=letter, bottomup=0, invariant=1)
    page.setTitle(f"Invoice {number}")
    page.setLineWidth(2)
    page.rect(36, 36, 540, 64)
    page.setFont("Helvetica-Bold", 16)
    page.drawCentredString(306, 62, VENDOR)
    page.setFont("Helvetica", 9)
    page.drawCentredString(306, 84, "CCB# 000000   |   77 Quarry Lane, Gresham, OR 97030   |   503-555-0163")
    page.setLineWidth(0.8)
    for row, pair in enumerate(
        (
            (("Invoice #", number), ("Invoice Date", long_date(ISSUED))),
            (("Work Order", order), ("Terms", "Due on receipt")),
            (("Property Ref", "PROP-1042"), ("Site", "Alder Court Retail Center")),
        )
    ):
        for column, (label, value) in enumerate(pair):
            x, y = 36 + 270 * column, 116 + STEP * row
            page.rect(x, y, 270, STEP)
            page.setFont("Helvetica-Bold", 9)
            page.drawString(x + 6, y + 16, label)
            page.setFont("Helvetica", 9)
            page.drawString(x + 90, y + 16, value)
    page.drawString(36, 212, "Bill to: Harborlight Properties LLC, 410 Quayside Avenue, Portland, OR 97205")
    y = 240
    page.setFillColor(HexColor("#dddddd"))
    page.rect(36, y, 540, STEP, fill=1)
    page.setFillColor(HexColor("#000000"))
    page.setFont("Helvetica-Bold", 9)
    for x, label in ((42, "Scope of work"), (350, "Units"), (420, "Rate"), (510, "Line total")):
        page.drawString(x, y + 16, label)
    page.setFont("Helvetica", 9)
    for each in LINES:
        y += STEP
        page.rect(36, y, 540, STEP)
        page.drawString(42, y + 16, each.description)
        page.drawString(350, y + 16, f"{each.quantity:,}")
        page.drawString(420, y + 16, f"{each.unit_price.normalize():f}")
        page.drawRightString(570, y + 16, english(each.amount))
    for edge in (344, 414, 500):
        page.line(edge, 240, edge, y + STEP)
    page.setFont("Helvetica-Bold", 11)
    page.drawString(380, y + 52, "Invoice Total")
    page.drawRightString(570, y + 52, f"${english(totals.total)}")
    page.setFont("Helvetica", 9)
    page.drawString(
        36, y + 100, "Work completed October 13-14, 2026. Common area maintenance. No sales tax applies in Oregon."
    )
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "USD", totals.total))
