"""The page beside the data embedded in it: what differs is named with both values."""

from dataclasses import replace

import pytest

from documents.reader import read
from documents.understanding import understand
from tests.documents.test_xml import UBL

PAGE = """Visgroothandel B.V.
Dorpsstraat 1, 8321 AA Urk
Invoice number: R-17                       Invoice date: 5 March 2024
Description           Quantity    Unit price      Amount
Haring                200             0.50        100.00
                                  Subtotal        100.00
                                  VAT 21%          21.00
                                  Total due  EUR  121.00
Please pay within thirty days to the account that is named above, thank you.
"""


@pytest.mark.parametrize(
    ("page", "field", "values"),
    [
        (PAGE, None, ()),
        (PAGE.replace("121.00", "122.00").replace("21.00", "22.00"), "total", ("121.00", "122.00")),
        (PAGE.replace("R-17", "R-18"), "invoice_number", ("R-17", "R-18")),
        (PAGE.replace("EUR", "GBP"), "currency", ("EUR", "GBP")),
    ],
)
def test_what_differs_is_for_a_person(page: str, field: str | None, values: tuple[str, ...]) -> None:
    """Total, number and currency are compared; the data wins, and the doubt names what each side says."""
    printed = read("page.txt", page.encode())
    understanding = understand(replace(printed, kind="factur_x", xml=UBL.split("?>")[1].replace("TOTAL", "121.00")))
    doubts = [problem for problem in understanding.facts.problems if problem.code == "PAGE_DISAGREES"]
    assert [problem.field for problem in doubts] == ([field] if field else [])
    assert all(value in doubts[0].message for value in values)
    assert understanding.accepted == (field is None)
    assert str(understanding.facts.total) == "121.00"
