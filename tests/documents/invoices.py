"""One sound invoice as business terms, for tests to break in one place each."""

from decimal import Decimal

from documents.en16931.terms import Breakdown, Invoice, Line, Party, Payment, Stated, Totals

SELLER = Party(name="Werk GmbH", vat_ids=("DE136695976",), addressed=True, country="DE")
BUYER = Party(name="Haus AG", addressed=True, country="DE")
LINE = Line(
    number="1",
    quantity="2",
    unit="C62",
    net=Stated("100.00"),
    name="Schraube",
    price=Stated("50.00"),
    category="S",
    rate=Decimal(19),
)
SOUND = Invoice(
    scope="full",
    profile="urn:cen.eu:en16931:2017",
    number="R-1",
    issued="20240305",
    type_code="380",
    currency="EUR",
    tax_currency=None,
    seller=SELLER,
    buyer=BUYER,
    payee=None,
    representative=None,
    totals=Totals(lines=Stated("100.00"), net=Stated("100.00"), gross=Stated("119.00"), due=Stated("119.00")),
    taxes=(Stated("19.00", "EUR"),),
    breakdowns=(Breakdown(Stated("100.00"), Stated("19.00"), "S", Decimal(19)),),
    charges=(),
    lines=(LINE,),
    period=None,
    tax_point=False,
    payments=(Payment(code="58", account="DE88200800000970375700"),),
    terms=True,
    delivered=False,
    deliver_to=None,
    documents=(),
    preceding=(),
    countries=("DE", "DE"),
)
