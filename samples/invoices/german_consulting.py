"""Germany, a business letter in the manner of DIN 5008, in millimetres, embedded font: consulting at 19 % VAT."""

from datetime import date
from io import BytesIO
from random import Random

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from samples import typefaces
from samples.figures import Totals, add_up, german, german_date, line
from samples.sample import Facts, Rendered

VENDOR = "Nordlicht Beratung GmbH"
ISSUED = date(2026, 9, 24)
DUE = date(2026, 10, 8)
LINES = (
    line("Beratung Prozessaufnahme Buchhaltung", "8", "115.00"),
    line("Workshop vor Ort, halber Tag", "1", "280.00"),
    line("Fahrtkosten Hamburg-Bremen", "1", "37.45"),
)
COLUMNS = (25 * mm, 120 * mm, 145 * mm, 185 * mm)


def compose(numbers: Random) -> Rendered:
    """Draw the letter. `numbers` gives the invoice and customer numbers."""
    typefaces.embed()
    number, customer = f"RE-2026-{numbers.randint(1000, 9999)}", f"{numbers.randint(10000, 99999)}"
    totals = add_up(LINES, "0.19")
    stream = BytesIO()
    page = Canvas(stream, pagesize=A4, invariant=1)
    page.setTitle(f"Rechnung {number}")
    page.setFont(typefaces.BOLD, 14)
    page.drawRightString(COLUMNS[3], 275 * mm, VENDOR)
    page.setFont(typefaces.PLAIN, 7)
    page.drawString(COLUMNS[0], 247 * mm, f"{VENDOR} · Speicherkontor 4 · 20457 Hamburg")
    address = page.beginText(COLUMNS[0], 241 * mm)
    address.setFont(typefaces.PLAIN, 10)
    for text in ("Harborlight Deutschland GmbH", "Buchhaltung", "Am Kaiufer 12", "28195 Bremen"):
        address.textLine(text)
    page.drawText(address)
    for row, (label, value) in enumerate(
        (
            ("Rechnungsnummer:", number),
            ("Rechnungsdatum:", german_date(ISSUED)),
            ("Leistungsdatum:", german_date(date(2026, 9, 22))),
            ("Kundennummer:", customer),
        )
    ):
        page.drawString(125 * mm, (240 - 5 * row) * mm, label)
        page.drawRightString(COLUMNS[3], (240 - 5 * row) * mm, value)
    page.setFont(typefaces.BOLD, 12)
    page.drawString(COLUMNS[0], 200 * mm, f"Rechnung Nr. {number}")
    page.setFont(typefaces.PLAIN, 9)
    page.drawString(COLUMNS[0], 192 * mm, "Für unsere Leistungen erlauben wir uns zu berechnen:")
    _table(page, totals)
    page.drawString(COLUMNS[0], 100 * mm, f"Zahlbar ohne Abzug bis {german_date(DUE)} auf das unten genannte Konto.")
    page.setFont(typefaces.PLAIN, 7)
    page.drawString(
        COLUMNS[0], 20 * mm, "IBAN DE89 3704 0044 0532 0130 00 · BIC COBADEFFXXX · Amtsgericht Hamburg HRB 000000"
    )
    page.drawString(
        COLUMNS[0],
        16 * mm,
        "USt-IdNr. DE999999995 · Geschäftsführerin: Wiebke Petersen · www.nordlicht-beratung.example",
    )
    page.showPage()
    page.save()
    return Rendered(stream.getvalue(), Facts(VENDOR, number, ISSUED, "EUR", totals.total))


def _table(page: Canvas, totals: Totals) -> None:
    y = 182 * mm
    page.setFont(typefaces.BOLD, 9)
    page.drawString(COLUMNS[0], y, "Bezeichnung")
    for x, text in zip(COLUMNS[1:], ("Menge", "Einzelpreis", "Gesamt EUR"), strict=True):
        page.drawRightString(x, y, text)
    page.line(COLUMNS[0], y - 2 * mm, COLUMNS[3], y - 2 * mm)
    page.setFont(typefaces.PLAIN, 9)
    for each in LINES:
        y -= 7 * mm
        page.drawString(COLUMNS[0], y, each.description)
        page.drawRightString(COLUMNS[1], y, german(each.quantity))
        page.drawRightString(COLUMNS[2], y, german(each.unit_price))
        page.drawRightString(COLUMNS[3], y, german(each.amount))
    y -= 4 * mm
    page.line(COLUMNS[1], y, COLUMNS[3], y)
    foot = (("Nettobetrag", totals.subtotal), ("zzgl. 19 % USt.", totals.tax), ("Rechnungsbetrag", totals.total))
    for label, amount in foot:
        y -= 6 * mm
        page.setFont(typefaces.BOLD if amount == totals.total else typefaces.PLAIN, 9)
        page.drawRightString(COLUMNS[2], y, label)
        page.drawRightString(COLUMNS[3], y, f"{german(amount)} €")
    page.setFont(typefaces.PLAIN, 9)
