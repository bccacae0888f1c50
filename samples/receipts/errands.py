"""Receipts of a working day: a taxi, a stationery shop, a car park, a German café. Each has its own layout."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.pdfgen.canvas import Canvas

from samples import typefaces
from samples.figures import cents, english, german, german_date
from samples.sample import Facts, Rendered

TAXI_DAY, SHOP_DAY, PARKING_DAY, CAFE_DAY = date(2026, 10, 6), date(2026, 10, 13), date(2026, 10, 15), date(2026, 9, 23)


def compose_taxi(numbers: Random) -> Rendered:
    """Print a meter slip: label left, value right, large total."""
    trip = f"{numbers.randint(100000, 999999)}"
    parts = (
        ("Fare", Decimal("28.60")),
        ("Airport fee", Decimal("3.75")),
        ("Tolls", Decimal("2.25")),
        ("Tip", Decimal("5.00")),
    )
    total = sum((amount for _, amount in parts), Decimal(0))
    stream = BytesIO()
    page = Canvas(stream, pagesize=(230, 330), invariant=1)
    page.setFont("Helvetica-Bold", 15)
    page.drawString(18, 304, "Bluebird Cab Company")
    page.setFont("Helvetica", 11)
    page.drawString(18, 289, "77 Airport Way, Portland, OR 97218")
    head = (("Trip", trip), ("Cab", f"{numbers.randint(100, 899)}"), ("Date", TAXI_DAY.isoformat()), ("Time", "18:22"))
    y = 264
    for label, value in (*head, *((name, english(amount)) for name, amount in parts)):
        page.drawString(18, y, label)
        page.drawRightString(210, y, value)
        y -= 20
    page.line(18, y + 12, 210, y + 12)
    page.setFont("Helvetica-Bold", 17)
    page.drawString(18, y - 12, "TOTAL")
    page.drawRightString(210, y - 12, f"${english(total)}")
    page.setFont("Helvetica", 9)
    page.drawString(18, 30, "Paid by card. Receipt for your records.")
    page.save()
    return Rendered(stream.getvalue(), Facts("Bluebird Cab Company", trip, TAXI_DAY, "USD", total))


def compose_stationery(numbers: Random) -> Rendered:
    """Print a shop ticket whose quantity stands on a line of its own under the article."""
    ticket = f"{numbers.randint(10, 99)}-{numbers.randint(1000, 9999)}"
    goods = (("Notebook A5 ruled", 4, "6.49"), ("Whiteboard marker set", 2, "11.95"), ("Packing tape", 3, "3.79"))
    subtotal = sum((count * Decimal(price) for _, count, price in goods), Decimal(0))
    tax = cents(subtotal * Decimal("0.06"))
    stream = BytesIO()
    page = Canvas(stream, pagesize=(206, 380), bottomup=0, invariant=1)
    page.setFont("Helvetica-Bold", 12)
    page.drawCentredString(103, 30, "FOLIO & QUILL STATIONERS")
    page.setFont("Courier", 10.5)
    page.drawCentredString(103, 48, "Market St, Boise, ID 83702")
    page.drawCentredString(103, 62, f"{SHOP_DAY:%m/%d/%Y}  No {ticket}")
    y = 92
    for name, count, price in goods:
        page.drawString(16, y, name)
        page.drawString(34, y + 14, f"{count} @ {price}")
        page.drawRightString(190, y + 14, english(count * Decimal(price)))
        y += 36
    page.line(16, y - 10, 190, y - 10)
    for label, amount in (("SUBTOTAL", subtotal), ("SALES TAX 6%", tax)):
        page.drawString(16, y + 6, label)
        page.drawRightString(190, y + 6, english(amount))
        y += 16
    page.setFont("Courier-Bold", 14)
    page.drawString(16, y + 14, "TOTAL")
    page.drawRightString(190, y + 14, f"${english(subtotal + tax)}")
    page.setFont("Courier", 10.5)
    page.drawString(16, y + 40, "MASTERCARD ****8830")
    page.save()
    return Rendered(stream.getvalue(), Facts("Folio & Quill Stationers", ticket, SHOP_DAY, "USD", subtotal + tax))


def compose_parking(numbers: Random) -> Rendered:
    """Print a wide car park ticket with large type."""
    ticket, paid = f"{numbers.randint(1_000_000, 9_999_999)}", Decimal("22.00")
    stream = BytesIO()
    page = Canvas(stream, pagesize=(360, 220), invariant=1)
    page.setFont("Helvetica-Bold", 16)
    page.drawString(24, 186, "HARBOR SQUARE GARAGE")
    page.setFont("Helvetica", 12)
    page.drawString(24, 164, "1200 Front Avenue, Seattle, WA 98101")
    page.drawString(24, 132, f"Ticket No. {ticket}")
    page.drawString(24, 112, f"Entry {PARKING_DAY:%b %d, %Y} 08:41")
    page.drawString(24, 92, f"Exit  {PARKING_DAY:%b %d, %Y} 16:58")
    page.setFont("Helvetica-Bold", 20)
    page.drawString(24, 50, f"Total Paid: ${english(paid)}")
    page.setFont("Helvetica", 9)
    page.drawString(24, 24, "Includes city parking tax. USD. Keep this receipt.")
    page.save()
    return Rendered(stream.getvalue(), Facts("Harbor Square Garage", ticket, PARKING_DAY, "USD", paid))


def compose_cafe(numbers: Random) -> Rendered:
    """Print a German till receipt: comma decimals, VAT included and stated at the foot."""
    typefaces.embed()
    bon = f"{numbers.randint(1000, 9999)}"
    goods = (
        ("2 x Mittagsgericht", Decimal("27.80")),
        ("2 x Mineralwasser", Decimal("6.40")),
        ("2 x Kaffee", Decimal("6.20")),
    )
    total = sum((amount for _, amount in goods), Decimal(0))
    tax = cents(total - total / Decimal("1.19"))
    stream = BytesIO()
    page = Canvas(stream, pagesize=(236, 340), invariant=1)
    page.setFont(typefaces.BOLD, 13)
    page.drawCentredString(118, 308, "Café Lindenhof")
    page.setFont(typefaces.PLAIN, 9)
    page.drawCentredString(118, 293, "Marktplatz 3, 28195 Bremen")
    page.drawString(16, 266, f"Bon {bon}")
    page.drawRightString(220, 266, f"{german_date(CAFE_DAY)} 13:02")
    y = 236
    for name, amount in goods:
        page.drawString(16, y, name)
        page.drawRightString(220, y, german(amount))
        y -= 20
    page.setFont(typefaces.BOLD, 13)
    page.drawString(16, y - 12, "Summe EUR")
    page.drawRightString(220, y - 12, german(total))
    page.setFont(typefaces.PLAIN, 9)
    page.drawString(16, y - 42, "Netto")
    page.drawRightString(220, y - 42, german(total - tax))
    page.drawString(16, y - 58, "MwSt 19%")
    page.drawRightString(220, y - 58, german(tax))
    page.drawCentredString(118, 36, "Vielen Dank für Ihren Besuch")
    page.save()
    return Rendered(stream.getvalue(), Facts("Café Lindenhof", bon, CAFE_DAY, "EUR", total))
