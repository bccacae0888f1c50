"""A venue's invoice in a serif letter, charges as prose lines with leaders, above every single-expense cap."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, Table

from samples.figures import add_up, english, line, long_date
from samples.sample import Facts, Rendered

VENDOR = "The Larkspur House"
ISSUED = date(2026, 10, 20)
LINES = (
    line("Exclusive hire of the Garden Room, two days", "2", "1850.00"),
    line("Conference catering, 42 guests, two days", "84", "38.00"),
    line("Audio-visual equipment and technician", "1", "640.00"),
)


def compose(numbers: Random) -> Rendered:
    """Set the letter. `numbers` gives the invoice number."""
    number = f"LH {numbers.randint(100, 999)}-26"
    totals = add_up(LINES, "0.06")
    serif = ParagraphStyle("serif", fontName="Times-Roman", fontSize=11, leading=17)
    centre = ParagraphStyle("centre", parent=serif, alignment=TA_CENTER)
    title = ParagraphStyle("title", parent=centre, fontName="Times-BoldItalic", fontSize=26, leading=34)
    charges = [[each.description, f"{english(each.amount)}"] for each in LINES]
    charges += [
        ["Sub-total", english(totals.subtotal)],
        ["State occupancy and sales tax, 6%", english(totals.tax)],
        ["Balance due, US dollars", f"$ {english(totals.total)}"],
    ]
    story: list[Flowable] = [
        Paragraph(VENDOR, title),
        Paragraph("One Orchard Hill Road · Stevenson, Washington 98648", centre),
        Spacer(1, 30),
        Paragraph(f"{long_date(ISSUED)}", serif),
        Paragraph(f"Invoice number {number}", serif),
        Spacer(1, 14),
        Paragraph("Harborlight Properties LLC<br/>410 Quayside Avenue<br/>Portland, Oregon 97205", serif),
        Spacer(1, 14),
        Paragraph("With thanks for holding your leadership retreat with us on October 15 and 16, 2026:", serif),
        Spacer(1, 12),
        Table(
            charges,
            colWidths=[330, 110],
            rowHeights=24,
            style=[
                ("FONT", (0, 0), (-1, -1), "Times-Roman", 11),
                ("FONT", (0, -1), (-1, -1), "Times-Bold", 12),
                ("ALIGN", (1, 0), (1, -1), "RIGHT"),
            ],
        ),
        Spacer(1, 30),
        Paragraph("Kindly remit within ten days.", serif),
    ]
    stream = BytesIO()
    document = BaseDocTemplate(stream, pagesize=letter, invariant=1, title=f"Invoice {number}", author=VENDOR)
    document.addPageTemplates(PageTemplate(frames=[Frame(80, 60, 452, 680)]))
    document.build(story)
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "USD", totals.total))
