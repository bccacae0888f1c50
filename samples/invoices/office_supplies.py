"""United States, one column with a fully ruled table set by reportlab's flow engine: office supplies with sales tax."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib import colors
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from samples.figures import add_up, american_date, english, line
from samples.sample import Facts, Rendered

VENDOR = "Paperclip & Ledger Office Supply Co."
ISSUED = date(2026, 10, 12)
LINES = (
    line("Copy paper, letter, 20 lb, case of 10 reams", "3", "46.99"),
    line("Gel pens, black, box of 12", "6", "13.49"),
    line("Hanging file folders, 25 per box", "4", "17.25"),
    line("Toner cartridge, black, high yield", "1", "89.50"),
)
NAVY = colors.HexColor("#1d2f57")


def compose(numbers: Random) -> Rendered:
    """Set the invoice. `numbers` gives the invoice and order numbers."""
    number, order = f"{numbers.randint(400000, 999999)}", f"PO-{numbers.randint(1000, 9999)}"
    totals = add_up(LINES, "0.0700")
    styles = getSampleStyleSheet()
    rows = [["Item", "Description", "Qty", "Price", "Total"]]
    rows += [
        [f"{index}", each.description, f"{each.quantity}", english(each.unit_price), english(each.amount)]
        for index, each in enumerate(LINES, start=1)
    ]
    rows += [
        ["", "", "", "Subtotal", english(totals.subtotal)],
        ["", "", "", "Tax 7.00%", english(totals.tax)],
        ["", "", "", "TOTAL USD", english(totals.total)],
    ]
    items = Table(rows, colWidths=[34, 270, 42, 84, 80], repeatRows=1)
    items.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, len(LINES)), 0.6, colors.black),
                ("BACKGROUND", (0, 0), (-1, 0), NAVY),
                ("TEXTCOLOR", (0, 0), (-1, 0), colors.white),
                ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
                ("BOX", (3, len(LINES) + 1), (-1, -1), 0.6, colors.black),
                ("FONTNAME", (3, -1), (-1, -1), "Helvetica-Bold"),
            ]
        )
    )
    story: list[Flowable] = [
        Paragraph(f"<b>{VENDOR.replace('&', '&amp;')}</b>", styles["Title"]),
        Paragraph(
            "2200 Industrial Way, Reno, NV 89502 | (775) 555-0142 | orders@paperclipledger.example", styles["Normal"]
        ),
        Spacer(1, 20),
        Paragraph("INVOICE", styles["Heading1"]),
        Paragraph(f"Invoice No: {number}<br/>Date: {american_date(ISSUED)}<br/>Customer PO: {order}", styles["Normal"]),
        Spacer(1, 10),
        Paragraph("Sold to: Harborlight Properties LLC, 410 Quayside Avenue, Portland, OR 97205", styles["Normal"]),
        Spacer(1, 16),
        items,
        Spacer(1, 24),
        Paragraph(
            "Payment terms: net 15 days. Returns accepted within 30 days in original packaging.", styles["Italic"]
        ),
    ]
    stream = BytesIO()
    SimpleDocTemplate(stream, pagesize=letter, invariant=1, title=f"Invoice {number}", author=VENDOR).build(story)
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "USD", totals.total))
