"""A utility bill: summary box, usage bars, service period and meter, a tear-off slip that repeats the amount."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from samples.figures import american_date, cents, english
from samples.sample import Facts, Rendered

VENDOR = "Cascade Valley Power & Water"
ISSUED = date(2026, 10, 9)
DUE = date(2026, 10, 30)
START, END = date(2026, 9, 8), date(2026, 10, 7)
USAGE_KWH = 1846
USAGE_BY_MONTH = (1610, 1588, 1702, 1890, 2075, 2140, 1846)
AMBER, PALE = HexColor("#c76b12"), HexColor("#fbf1e4")


def compose(numbers: Random) -> Rendered:
    """Draw the bill. `numbers` gives the account, statement and meter numbers."""
    account = f"{numbers.randint(100, 999)}-{numbers.randint(10000, 99999)}-{numbers.randint(0, 9)}"
    statement, meter = f"S{numbers.randint(10_000_000, 99_999_999)}", f"E{numbers.randint(100_000, 999_999)}"
    energy = cents(Decimal(USAGE_KWH) * Decimal("0.1134"))
    charges = (
        ("Basic service charge", Decimal("24.50")),
        (f"Energy charge {USAGE_KWH:,} kWh @ $0.1134", energy),
        ("Water, 14 CCF @ $5.20", Decimal("72.80")),
        ("Sewer, commercial", Decimal("58.15")),
        ("City utility tax", Decimal("21.36")),
    )
    total = sum((amount for _, amount in charges), Decimal(0))
    stream = BytesIO()
    page = Canvas(stream, pagesize=letter, invariant=1)
    page.setTitle(f"Statement {statement}")
    page.setFillColor(AMBER)
    page.setFont("Times-Bold", 20)
    page.drawString(40, 745, VENDOR)
    page.setFillColor(black)
    page.setFont("Times-Roman", 9)
    page.drawString(40, 731, "PO Box 1187, Salem, OR 97308   Customer care 1-503-555-0188   cascadevalley.example")
    _summary(page, account, statement, total)
    _service(page, meter)
    page.setFont("Times-Bold", 11)
    page.drawString(40, 480, "Current charges")
    page.setFont("Times-Roman", 10)
    y = 462
    for label, amount in charges:
        page.drawString(48, y, label)
        page.drawString(48 + page.stringWidth(label) + 6, y, "." * int((330 - page.stringWidth(label)) / 2.5))
        page.drawRightString(440, y, english(amount))
        y -= 16
    page.setFont("Times-Bold", 10)
    page.drawString(48, y - 4, "Total current charges")
    page.drawRightString(440, y - 4, f"${english(total)}")
    _bars(page)
    page.setDash(3, 3)
    page.line(30, 150, 582, 150)
    page.setFont("Times-Roman", 9)
    page.drawString(40, 136, "Please detach and return this portion with your payment")
    page.drawString(40, 112, f"Account number {account}")
    page.drawString(260, 112, f"Due date {american_date(DUE)}")
    page.drawRightString(572, 112, f"Amount due ${english(total)}")
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, statement, ISSUED, "USD", total))


def _summary(page: Canvas, account: str, statement: str, total: Decimal) -> None:
    page.setFillColor(PALE)
    page.roundRect(352, 592, 220, 118, 8, stroke=0, fill=1)
    page.setFillColor(black)
    rows = (
        ("Statement number", statement),
        ("Account number", account),
        ("Bill date", american_date(ISSUED)),
        ("Due date", american_date(DUE)),
        ("Amount due", f"${english(total)}"),
    )
    for row, (label, value) in enumerate(rows):
        page.setFont("Times-Bold" if label == "Amount due" else "Times-Roman", 11)
        page.drawString(362, 690 - 21 * row, label)
        page.drawRightString(562, 690 - 21 * row, value)
    page.setFont("Times-Roman", 11)
    for row, text in enumerate(("HARBORLIGHT PROPERTIES LLC", "410 QUAYSIDE AVENUE", "PORTLAND OR 97205")):
        page.drawString(60, 660 - 14 * row, text)


def _service(page: Canvas, meter: str) -> None:
    page.setFillColor(AMBER)
    page.rect(40, 548, 532, 18, stroke=0, fill=1)
    page.setFillColor(white)
    page.setFont("Times-Bold", 10)
    page.drawString(48, 553, "Service address: Alder Court Retail Center, 88 Alder Court   Site PROP-1042")
    page.setFillColor(black)
    page.setFont("Times-Roman", 10)
    period = f"Service period {american_date(START)} - {american_date(END)} ({(END - START).days + 1} days)"
    page.drawString(48, 530, period)
    page.drawString(
        48, 515, f"Meter {meter}   previous 48,210   current {48210 + USAGE_KWH:,}   usage {USAGE_KWH:,} kWh"
    )


def _bars(page: Canvas) -> None:
    page.setFont("Times-Roman", 8)
    page.drawString(40, 330, "Electricity use, last seven months (kWh)")
    for month, usage in enumerate(USAGE_BY_MONTH):
        page.setFillColor(AMBER)
        page.rect(48 + 46 * month, 190, 30, usage / 18, stroke=0, fill=1)
        page.setFillColor(black)
        page.drawCentredString(63 + 46 * month, 179, ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct")[month])
