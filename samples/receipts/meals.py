"""Two restaurant tickets: a lunch within what a meal may cost, a dinner with wine that is not."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from random import Random

from reportlab.pdfgen.canvas import Canvas

from samples.figures import american_date, cents, english, long_date
from samples.sample import Facts, Rendered

LUNCH_VENDOR = "MARIGOLD NOODLE BAR"
LUNCH_DAY = date(2026, 10, 7)
DINNER_VENDOR = "Osteria Cinque Lanterne"
DINNER_DAY = date(2026, 10, 8)


def compose_lunch(numbers: Random) -> Rendered:
    """Print a thermal till ticket: fixed pitch, upper case, 30 characters a line."""
    check = f"{numbers.randint(1000, 9999)}"
    dishes = (("DAN DAN NOODLES", "15.50"), ("PORK BUNS (3)", "11.00"), ("JASMINE TEA", "4.25"))
    subtotal = sum((Decimal(price) for _, price in dishes), Decimal(0))
    tax, tip = cents(subtotal * Decimal("0.0875")), Decimal("6.00")
    total = subtotal + tax + tip
    money = (("SUBTOTAL", subtotal), ("TAX 8.75%", tax), ("TIP", tip), ("TOTAL", total))
    rows = [
        LUNCH_VENDOR.center(30),
        "214 SE Alder Street".center(30),
        "Portland OR 97214".center(30),
        "",
        f"CHECK {check}   TABLE 12",
        f"DATE {american_date(LUNCH_DAY)}  12:47 PM",
        "-" * 30,
        *(f"{name:<21}{price:>9}" for name, price in dishes),
        "-" * 30,
        *(f"{label:<21}{'$' + english(amount):>9}" for label, amount in money),
        "",
        "VISA ************4417",
        "THANK YOU".center(30),
    ]
    stream = BytesIO()
    page = Canvas(stream, pagesize=(224, 40 + 16 * len(rows)), invariant=1)
    text = page.beginText(16, 12 + 16 * len(rows))
    text.setFont("Courier-Bold", 10.5, leading=16)
    text.textLines("\n".join(rows), trim=0)
    page.drawText(text)
    page.save()
    return Rendered(stream.getvalue(), Facts(LUNCH_VENDOR.title(), check, LUNCH_DAY, "USD", total))


def compose_dinner(numbers: Random) -> Rendered:
    """Print a guest check in serif type, quantity first, long date, wine by the bottle."""
    check = f"{numbers.randint(20000, 29999)}"
    dishes = (
        (2, "Burrata, heirloom tomato", "19.00"),
        (1, "Tagliatelle al ragu", "28.00"),
        (1, "Branzino al forno", "41.00"),
        (1, "Chianti Classico, bottle", "64.00"),
        (2, "Espresso", "4.50"),
    )
    subtotal = sum((count * Decimal(price) for count, _, price in dishes), Decimal(0))
    tax, service = cents(subtotal * Decimal("0.0875")), cents(subtotal * Decimal("0.20"))
    total = subtotal + tax + service
    stream = BytesIO()
    page = Canvas(stream, pagesize=(300, 400), invariant=1)
    page.setFont("Times-BoldItalic", 18)
    page.drawCentredString(150, 368, DINNER_VENDOR)
    page.setFont("Times-Roman", 11)
    page.drawCentredString(150, 351, "900 Embarcadero, San Francisco, CA 94105")
    page.drawString(20, 322, f"Check {check}")
    page.drawRightString(280, 322, long_date(DINNER_DAY))
    page.line(20, 314, 280, 314)
    y = 296
    for count, name, price in dishes:
        page.drawString(20, y, f"{count}  {name}")
        page.drawRightString(280, y, english(count * Decimal(price)))
        y -= 18
    page.line(160, y + 8, 280, y + 8)
    y -= 8
    for label, amount in (("Food and beverage", subtotal), ("Sales tax", tax), ("Service 20%", service)):
        page.drawString(110, y, label)
        page.drawRightString(280, y, english(amount))
        y -= 18
    page.setFont("Times-Bold", 14)
    page.drawString(110, y - 4, "Total")
    page.drawRightString(280, y - 4, f"${english(total)}")
    page.save()
    return Rendered(stream.getvalue(), Facts(DINNER_VENDOR, check, DINNER_DAY, "USD", total))
