"""The embedded typeface: Bitstream Vera, which reportlab ships, so that no system font decides how a sample looks."""

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN = "Vera"
BOLD = "VeraBd"


def embed() -> None:
    """Register Vera with reportlab. Registering again replaces it by itself, which keeps the output the same."""
    pdfmetrics.registerFont(TTFont(PLAIN, "Vera.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, "VeraBd.ttf"))
