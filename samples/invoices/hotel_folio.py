"""A hotel folio: one row a charge with its date, charges and credits in separate columns, balance at the foot."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from samples import typefaces
from samples.figures import american_date, cents, english
from samples.sample import Facts, Rendered

VENDOR = "Hotel Meridian Lakefront"
ARRIVAL = date(2026, 10, 6)
NIGHTS = 3
ROOM_RATE = Decimal("198.00")
ROOM_TAX = Decimal("0.115")


def compose(numbers: Random) -> Rendered:
    """Draw the folio. `numbers` gives the folio, room and confirmation numbers."""
    typefaces.embed()
    number, room = f"{numbers.randint(100000, 999999)}", f"{numbers.randint(3, 9)}{numbers.randint(10, 48)}"
    confirmation = f"HM{numbers.randint(1_000_000, 9_999_999)}"
    departure = ARRIVAL + timedelta(days=NIGHTS)
    charges = []
    for night in range(NIGHTS):
        day = ARRIVAL + timedelta(days=night)
        charges += [
            (day, "Room charge", ROOM_RATE),
            (day, "State and city room tax 11.5%", cents(ROOM_RATE * ROOM_TAX)),
        ]
    total = sum((amount for _, _, amount in charges), Decimal(0))
    stream = BytesIO()
    page = Canvas(stream, pagesize=A4, invariant=1)
    page.setTitle(f"Folio {number}")
    page.setFont(typefaces.BOLD, 18)
    page.drawCentredString(297, 790, VENDOR)
    page.setFont(typefaces.PLAIN, 8)
    page.drawCentredString(297, 776, "600 Shoreline Drive, Madison, WI 53703   608-555-0129")
    left = (
        ("Guest", "Dana Okafor"),
        ("Company", "Harborlight Properties LLC"),
        ("Room", room),
        ("Confirmation", confirmation),
    )
    right = (
        ("Folio no.", number),
        ("Arrival", american_date(ARRIVAL)),
        ("Departure", american_date(departure)),
        ("Invoice date", american_date(departure)),
    )
    page.setFont(typefaces.PLAIN, 9)
    for x, side in ((60, left), (350, right)):
        for row, (label, value) in enumerate(side):
            page.drawString(x, 730 - 15 * row, label)
            page.drawString(x + 80, 730 - 15 * row, value)
    y = 640
    page.setFont(typefaces.BOLD, 9)
    for x, text in ((60, "Date"), (140, "Description")):
        page.drawString(x, y, text)
    for x, text in ((440, "Charges"), (530, "Credits")):
        page.drawRightString(x, y, text)
    page.setFont(typefaces.PLAIN, 9)
    for day, text, amount in charges:
        y -= 18
        page.drawString(60, y, american_date(day))
        page.drawString(140, y, text)
        page.drawRightString(440, y, english(amount))
    y -= 30
    page.setFont(typefaces.BOLD, 11)
    page.drawString(140, y, "Total USD")
    page.drawRightString(440, y, english(total))
    page.setFont(typefaces.PLAIN, 8)
    page.drawString(60, 60, "Billed to company account. I agree that my liability for this bill is not waived.")
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, number, departure, "USD", total))
