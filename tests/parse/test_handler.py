"""Understanding as a stage: facts, lines that can be judged, doubts, and what a person stated."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from consumers.ocr.handler import read_document
from consumers.parse.handler import understand_reading
from consumers.runtime.errors import LimitExceeded, Poisoned
from documents.reading import UnreadableReading
from schemas.envelope import Event
from schemas.events import ExpenseParsed, ExpenseRead
from schemas.records import Assertion
from tests.documents.test_xml import UBL
from tests.harness import through_wire
from tests.ocr.build import INVOICE, sealed, submitted
from tests.ocr.shelf import GlassVault, Shelf

VAULT: Any = GlassVault()


def read(text: str, **changes: Any) -> ExpenseRead:
    """A document as the stage before hands it on."""
    shelf: Any = Shelf()
    (event,) = read_document(submitted(shelf.put("acme/1", text.encode()), **changes), vault=VAULT, blobs=shelf)
    assert isinstance(event, ExpenseRead)
    return event


def parsed(event: Event) -> ExpenseParsed:
    """What the stage answers, as the tracks get it."""
    assert isinstance(event, ExpenseRead)
    (answer,) = understand_reading(event, vault=VAULT, confidence={})
    decoded = through_wire(answer)
    assert isinstance(decoded, ExpenseParsed)
    return decoded


def test_facts_and_lines() -> None:
    """A clean invoice gives its fields and lines, and no doubt."""
    event = parsed(read(INVOICE))
    assert (event.facts.vendor_name, event.facts.invoice_number) == ("Brightwater Tools Inc.", "BT-2041")
    assert [event.facts.subtotal, event.facts.tax, event.facts.total] == [Decimal(200), Decimal(16), Decimal(216)]
    assert [(line.number, line.description, line.amount) for line in event.lines] == [
        (1, "Cordless drill", Decimal(179)),
        (2, "Drill bits, set of 20", Decimal(21)),
    ]
    assert event.problems == ()
    assert event.status == "parsed"


def test_the_words_stay_behind() -> None:
    """Of what is personal only the small fields go on; the buyer is among them, not among the facts."""
    event = parsed(read(INVOICE))
    assert event.personal is not None
    kept = orjson.loads(event.personal.ciphertext)
    assert kept == {"buyer_name": "Harbor Estates LLC", "employee_id": "e-1", "file_name": "invoice.txt"}
    assert "Harbor Estates" not in repr(event.facts)
    assert "buyer_name" not in event.facts.confidence


def test_the_same_reading_gives_the_same_event() -> None:
    """Understanding twice gives the same event, byte for byte."""
    event = read(INVOICE)
    assert understand_reading(event, vault=VAULT, confidence={}) == understand_reading(
        event, vault=VAULT, confidence={}
    )


def test_lines_that_do_not_make_the_total_are_doubted() -> None:
    """Judged line by line something would be missed, so a person looks."""
    event = parsed(read(INVOICE.replace("  21.00\n", "  20.00\n")))
    assert [(problem.code, problem.field, problem.stage) for problem in event.problems] == [
        ("LINES_DISAGREE", "lines", "parse")
    ]


def test_a_document_without_lines_is_one_line_of_its_total() -> None:
    """What has a total can be judged."""
    event = parsed(read("Bluebird Cab Company\nDate 2024-03-04\nTOTAL $39.60\n"))
    assert [(line.number, line.amount) for line in event.lines] == [(1, Decimal("39.60"))]


def test_an_unusable_document_keeps_its_one_problem() -> None:
    """What the reading said is not said again, and nothing is invented."""
    event = parsed(read(""))
    assert [(problem.code, problem.stage) for problem in event.problems] == [("EMPTY", "ocr")]
    assert event.facts.total is None
    assert [line.amount for line in event.lines] == [None]


def test_what_a_person_stated_wins() -> None:
    """A statement overrides what was read with full confidence, and settles the doubt about it."""
    stated = (
        Assertion(field="total", value="99.50", actor="r-1"),
        Assertion(field="vendor_name", value="Bluebird", actor="r-1"),
        Assertion(field="lines.4.category", value="travel.taxi", actor="r-1"),
    )
    event = parsed(read("Note\nDate 2024-03-04\nAmount EUR 12.00\n", asserted=stated))
    assert (event.facts.total, event.facts.vendor_name) == (Decimal("99.50"), "Bluebird")
    assert event.facts.confidence["total"] == 1.0
    assert {problem.field for problem in event.problems} & {"total", "vendor_name"} == set()


@pytest.mark.parametrize(
    ("confidence", "held"),
    [({}, False), ({"acme": 1.0}, True), ({"*": 1.0}, True), ({"acme": 0.5, "*": 1.0}, False), ({"else": 1.0}, False)],
)
def test_a_tenant_says_how_sure_is_sure(confidence: dict[str, float], held: bool) -> None:
    """Its own bound holds, then everyone's, then the default; below it a person looks."""
    (event,) = understand_reading(read(INVOICE), vault=VAULT, confidence=confidence)
    assert isinstance(event, ExpenseParsed)
    assert ("LOW_CONFIDENCE" in {problem.code for problem in event.problems}) is held


def test_without_a_reading_it_is_poison() -> None:
    """An event that carries no words, or others' bytes, cannot be understood."""
    event = read(INVOICE)
    with pytest.raises(Poisoned):
        parsed(type(event)(**{**_fields(event), "personal": None}))
    with pytest.raises(UnreadableReading):
        understand_reading(
            type(event)(**{**_fields(event), "personal": sealed(pages={"format": 9})}), vault=VAULT, confidence={}
        )


@pytest.mark.slow
def test_too_many_lines_break_the_limit() -> None:
    """More lines than an event can carry are dead-lettered, not cut off."""
    line = "Item alpha                  1         1.00      1.00\n"
    head = "Description                 Qty    Unit price      Amount\n"
    with pytest.raises(LimitExceeded, match="lines"):
        parsed(read(head + line * 5_001))


def _fields(event: ExpenseRead) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def test_zeros_beyond_the_contracts_scale_are_no_poison() -> None:
    """An e-invoice may print its amounts with as many zeros as it likes; the event holds what they are worth."""
    body = UBL.replace("TOTAL", "121.0000000").replace(">200<", ">200.00000000<")
    event = parsed(read(body))
    assert (event.facts.total, event.lines[0].quantity) == (Decimal(121), Decimal(200))


ALLOWANCE = """<cac:AllowanceCharge><cbc:ChargeIndicator>{charge}</cbc:ChargeIndicator>
 <cbc:AllowanceChargeReason>agreed</cbc:AllowanceChargeReason><cbc:Amount currencyID="EUR">10.00</cbc:Amount>
 <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>21</cbc:Percent>
  <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory></cac:AllowanceCharge>
 <cac:TaxTotal>"""


@pytest.mark.parametrize(
    ("charge", "net", "tax", "gross", "amount", "word"),
    [
        ("false", "90.00", "18.90", "108.90", "-10.00", "discounts"),
        ("true", "110.00", "23.10", "133.10", "10.00", "Charges"),
    ],
)
def test_what_an_e_invoice_adds_as_a_whole_is_a_line(
    charge: str, net: str, tax: str, gross: str, amount: str, word: str
) -> None:
    """An allowance or a charge of the document is judged like a line, and the lines make the net again."""
    total = "AllowanceTotalAmount" if charge == "false" else "ChargeTotalAmount"
    body = (
        UBL.replace("<cac:TaxTotal>", ALLOWANCE.format(charge=charge), 1)
        .replace('<cbc:TaxExclusiveAmount currencyID="EUR">100.00', f'<cbc:TaxExclusiveAmount currencyID="EUR">{net}')
        .replace('<cbc:TaxableAmount currencyID="EUR">100.00', f'<cbc:TaxableAmount currencyID="EUR">{net}')
        .replace(">21.00<", f">{tax}<")
        .replace("<cbc:PayableAmount", f'<cbc:{total} currencyID="EUR">10.00</cbc:{total}><cbc:PayableAmount')
        .replace("TOTAL", gross)
    )
    named = sealed(file_name="invoice.xml")
    event = parsed(read(body, personal=named))
    assert event.problems == ()
    assert [line.amount for line in event.lines] == [Decimal(100), Decimal(amount)]
    assert word in (event.lines[1].description or "")
    broken = parsed(read(body.replace(f">{net}<", ">95.00<"), personal=named))
    assert [line.description for line in broken.lines] == ["Haring"]
    assert {"ARITHMETIC", "EINVOICE_RULE"} & {problem.code for problem in broken.problems}


class _Silent:
    """A model that has no usable answer."""

    def ask(self, text: str) -> None:
        """Say nothing."""
        assert "Bluebird" in text


def test_a_silent_model_leaves_the_reading_and_says_so() -> None:
    """The expense goes on with what was read; stating the field in doubt settles the silence about it too."""
    text = "Bluebird Cab Company\nDate 2024-03-04\nfare 39.60\n"
    (event,) = understand_reading(read(text), vault=VAULT, confidence={}, assistant=_Silent())
    (alone,) = understand_reading(read(text), vault=VAULT, confidence={})
    assert isinstance(event, ExpenseParsed)
    assert isinstance(alone, ExpenseParsed)
    assert event.facts == alone.facts
    (silent,) = [problem for problem in event.problems if problem not in alone.problems]
    assert silent.code == "ASSISTANT_SILENT"
    stated = tuple(
        Assertion(field=field, value=value, actor="r-1")
        for field, value in (("total", "39.60"), ("currency", "EUR"), ("vendor_name", "Bluebird Cab Company"))
    )
    (settled,) = understand_reading(read(text, asserted=stated), vault=VAULT, confidence={}, assistant=_Silent())
    assert "ASSISTANT_SILENT" not in {problem.code for problem in settled.problems}
