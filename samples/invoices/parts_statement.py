"""A wholesaler's invoice whose table runs over several pages, header repeated, running subtotal carried forward."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from samples.figures import Line, add_up, american_date, english
from samples.sample import Facts, Rendered

VENDOR = "Keystone Maintenance Wholesale"
ISSUED = date(2026, 9, 29)
DUE = date(2026, 10, 29)
ROWS_ON_A_PAGE = 34
GOODS = (
    ("LED tube 4 ft 18 W 4000 K", "7.85"),
    ("Ballast bypass kit", "4.10"),
    ("Pleated filter 20x25x2 MERV 8", "6.92"),
    ("Door closer, surface, size 4", "68.40"),
    ("Deadbolt cylinder, keyed alike", "21.75"),
    ("Toilet flush valve kit", "18.30"),
    ("Faucet aerator 1.5 gpm", "2.95"),
    ("Caulk, acrylic latex, white", "3.48"),
    ("Exterior paint, satin, gallon", "32.90"),
    ("Roller cover 9 in, 3/8 nap", "3.15"),
    ("GFCI receptacle 20 A", "16.60"),
    ("Weatherstrip, door, 17 ft", "9.25"),
)
LINE_COUNT = 74


def compose(numbers: Random) -> Rendered:
    """Print the invoice over as many pages as it needs. `numbers` gives the number, part numbers and quantities."""
    number = f"KM-{numbers.randint(300000, 399999)}"
    lines = tuple(_pick(numbers) for _ in range(LINE_COUNT))
    totals = add_up(lines, "0")
    stream = BytesIO()
    page = Canvas(stream, pagesize=letter, invariant=1)
    page.setTitle(f"Invoice {number}")
    pages = -(-LINE_COUNT // ROWS_ON_A_PAGE)
    carried = Decimal(0)
    for index in range(pages):
        _head(page, number, index + 1, pages)
        y = 604
        if index:
            page.drawString(96, y, "Brought forward")
            page.drawRightString(566, y, english(carried))
            y -= 15
        for row in lines[index * ROWS_ON_A_PAGE : (index + 1) * ROWS_ON_A_PAGE]:
            part, _, description = row.description.partition(" ")
            page.drawString(46, y, part)
            page.drawString(96, y, description)
            page.drawRightString(400, y, f"{row.quantity}")
            page.drawRightString(480, y, english(row.unit_price))
            page.drawRightString(566, y, english(row.amount))
            carried += row.amount
            y -= 15
        page.line(40, y + 8, 572, y + 8)
        page.setFont("Helvetica-Bold", 10)
        page.drawRightString(480, y - 8, "INVOICE TOTAL USD" if index + 1 == pages else "Carried forward")
        page.drawRightString(566, y - 8, english(carried))
        page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "USD", totals.total))


def _pick(numbers: Random) -> Line:
    name, price = numbers.choice(GOODS)
    return Line(f"{numbers.randint(10000, 99999)} {name}", Decimal(numbers.randint(1, 4)), Decimal(price))


def _head(page: Canvas, number: str, index: int, pages: int) -> None:
    page.setFont("Helvetica-Bold", 15)
    page.drawString(40, 742, VENDOR)
    page.setFont("Helvetica", 9)
    page.drawString(40, 728, "Dock 12, 5600 Foundry Street, Vancouver, WA 98661")
    page.drawString(40, 700, "Ship to: PROP-1042 Alder Court Retail Center, maintenance shop")
    page.drawString(40, 686, "Invoice to: Harborlight Properties LLC, 410 Quayside Avenue, Portland, OR 97205")
    for row, text in enumerate(
        (
            f"INVOICE {number}",
            f"Invoice date {american_date(ISSUED)}",
            f"Due {american_date(DUE)}",
            f"Page {index} of {pages}",
        )
    ):
        page.drawRightString(572, 742 - 14 * row, text)
    page.line(40, 640, 572, 640)
    page.setFont("Helvetica-Bold", 9)
    page.drawString(46, 627, "Part")
    page.drawString(96, 627, "Description")
    for x, text in ((400, "Qty"), (480, "Each"), (566, "Extended")):
        page.drawRightString(x, 627, text)
    page.line(40, 620, 572, 620)
    page.setFont("Helvetica", 9)
