"""United Kingdom, A4, striped table without rules in flowing text, pounds and VAT at 20 %: a training day."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, HRFlowable, Paragraph, SimpleDocTemplate, Spacer, Table

from samples import typefaces
from samples.figures import add_up, british_date, english, line
from samples.sample import Facts, Rendered

VENDOR = "Wren & Fairweather Training Ltd"
ISSUED = date(2026, 10, 2)
DUE = date(2026, 11, 1)
LINES = (
    line("Fire warden course, half day, up to 12 delegates", "1", "420.00"),
    line("Delegate workbook", "9", "8.50"),
    line("Certificate of attendance", "9", "3.20"),
)
SAGE = colors.HexColor("#e4ebe1")


def compose(numbers: Random) -> Rendered:
    """Set the invoice. `numbers` gives the invoice number."""
    typefaces.embed()
    number = f"WF/{numbers.randint(2600, 2699)}/{numbers.randint(100, 999)}"
    totals = add_up(LINES, "0.20")
    body = ParagraphStyle("body", fontName=typefaces.PLAIN, fontSize=9.5, leading=14)
    right = ParagraphStyle("right", parent=body, alignment=TA_RIGHT)
    head = ParagraphStyle("head", parent=right, fontName=typefaces.BOLD, fontSize=20, leading=26)
    letterhead = Paragraph(
        f"<b>{VENDOR.replace('&', '&amp;')}</b><br/>Unit 7, The Maltings, Leeds LS11 9XX<br/>"
        "VAT Reg No. GB 999 9999 73",
        body,
    )
    meta = Paragraph(
        f"Invoice no. {number}<br/>Tax point: {british_date(ISSUED)}<br/>Payment due: {british_date(DUE)}", right
    )
    items = Table(
        [["Description", "Quantity", "Unit price £", "Net £"]]
        + [[each.description, f"{each.quantity}", english(each.unit_price), english(each.amount)] for each in LINES],
        colWidths=[250, 65, 85, 80],
        style=[
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [SAGE, colors.white]),
            ("FONT", (0, 0), (-1, 0), typefaces.BOLD, 9),
            ("FONT", (0, 1), (-1, -1), typefaces.PLAIN, 9),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ],
    )
    foot = Paragraph(
        f"Net total £{english(totals.subtotal)}<br/>VAT @ 20% £{english(totals.tax)}<br/>"
        f"<font name='{typefaces.BOLD}' size='12'>Total due £{english(totals.total)}</font>",
        right,
    )
    story: list[Flowable] = [
        Paragraph("VAT Invoice", head),
        Table([[letterhead, meta]], colWidths=[290, 190]),
        HRFlowable(width="100%", color=colors.grey, spaceBefore=12, spaceAfter=12),
        Paragraph("To: Harborlight UK Ltd, 3 Albion Wharf, London SE1 0AA", body),
        Spacer(1, 18),
        items,
        Spacer(1, 14),
        foot,
        Spacer(1, 40),
        Paragraph("Please pay by BACS: sort code 20-20-15, account 55555555, quoting the invoice number.", body),
    ]
    stream = BytesIO()
    SimpleDocTemplate(stream, pagesize=A4, invariant=1, title=f"Invoice {number}", author=VENDOR).build(story)
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "GBP", totals.total))
