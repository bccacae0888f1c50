"""An approved expense becomes a journal that balances, whatever its lines, tax, sign or currency."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.coding.rules import load_coding_rules
from consumers.posting.accounts import Accounts, shipped
from consumers.posting.journal import Unpostable, journal_of
from erp.journal import Journal
from erp.ledger import check, load_chart
from tests.harness import through_wire
from tests.posting.build import approved

CHART = load_chart()
GERMAN = Accounts(payable="2100", card_clearing="2150", input_tax="1400", recovers={"main": ["DE"]})
SUPPLIES = [("Copy paper", "140.97", "6210"), ("Gel pens", "80.94", "6210")]


def _sides(journal: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(line["gl_code"], line.get("debit", ""), line.get("credit", "")) for line in journal["lines"]]


def test_lines_are_debited_and_the_vendor_credited() -> None:
    """The lines stand on their accounts with what the organisation knows of them, payables on the other side."""
    journal = journal_of(approved("plain", "221.91", SUPPLIES), shipped())
    assert _sides(journal) == [("6210", "140.97", ""), ("6210", "80.94", ""), ("2100", "", "221.91")]
    assert journal["lines"][0]["cost_center"] == "operations"
    assert journal["lines"][0]["property_id"] == "PROP-1042"
    assert journal["lines"][0]["recovery_class"] == "non_recoverable"
    assert (journal["posting_date"], journal["reference"]) == ("2026-10-13", "739563")


def test_sales_tax_and_tip_are_part_of_the_cost() -> None:
    """What the total has beyond the lines is spread over them by size, to the cent."""
    journal = journal_of(approved("taxed", "237.44", SUPPLIES, facts={"tax": Decimal("15.53")}), shipped())
    assert _sides(journal) == [("6210", "150.84", ""), ("6210", "86.60", ""), ("2100", "", "237.44")]


def test_a_card_line_is_owed_to_the_card_issuer() -> None:
    """Card spend is credited to the card's clearing account, not to the merchant."""
    journal = journal_of(approved("card", "31.20", [("Taxi", "31.20", "6130")], facts={"kind": "card_line"}), shipped())
    assert _sides(journal) == [("6130", "31.20", ""), ("2150", "", "31.20")]


def test_a_credit_note_exchanges_the_sides() -> None:
    """Money that comes back is credited to the cost and debited to the vendor; no amount is negative."""
    event = approved("credit", "-101.49", [("Mats", "-70.50", "6310"), ("Towels", "-24.80", "6310")])
    assert _sides(journal_of(event, shipped())) == [
        ("6310", "", "75.08"),
        ("6310", "", "26.41"),
        ("2100", "101.49", ""),
    ]


def test_a_discount_line_reduces_the_cost() -> None:
    """A negative line of an invoice is a credit on its account."""
    event = approved("discount", "90.00", [("Paper", "100.00", "6210"), ("Discount", "-10.00", "6210")])
    assert _sides(journal_of(event, shipped())) == [
        ("6210", "100.00", ""),
        ("6210", "", "10.00"),
        ("2100", "", "90.00"),
    ]


VAT = {"tax": Decimal("19.00"), "vendor_tax_id": "DE999999995"}


@pytest.mark.parametrize(
    ("accounts", "facts", "lines", "expected"),
    [
        (GERMAN, VAT, "100.00", [("6400", "100.00", ""), ("1400", "19.00", ""), ("2100", "", "119.00")]),
        (GERMAN, VAT, "119.00", [("6400", "100.00", ""), ("1400", "19.00", ""), ("2100", "", "119.00")]),
        (shipped(), VAT, "100.00", [("6400", "119.00", ""), ("2100", "", "119.00")]),
        (GERMAN, {**VAT, "document_type": "receipt"}, "100.00", [("6400", "119.00", ""), ("2100", "", "119.00")]),
        (GERMAN, {**VAT, "vendor_tax_id": None}, "100.00", [("6400", "119.00", ""), ("2100", "", "119.00")]),
        (GERMAN, {**VAT, "tax": Decimal("-19.00")}, "100.00", [("6400", "119.00", ""), ("2100", "", "119.00")]),
    ],
    ids=["net lines", "gross lines", "not registered", "no tax invoice", "no tax number", "tax of another sign"],
)
def test_input_tax_is_recovered_only_where_the_ledger_may(
    accounts: Accounts, facts: dict[str, Any], lines: str, expected: list[tuple[str, str, str]]
) -> None:
    """VAT goes to its account for a registered ledger with a tax invoice; everywhere else it is a cost."""
    event = approved("vat", "119.00", [("Beratung", lines, "6400")], facts=facts)
    assert _sides(journal_of(event, accounts)) == expected


def test_yen_have_no_cents() -> None:
    """Amounts are written in the currency's own digits, though they come with four from the wire."""
    event = through_wire(approved("yen", "24800", [("Hotel", "24800", "6100")], currency="JPY"))
    assert _sides(journal_of(event, shipped())) == [("6100", "24800", ""), ("2100", "", "24800")]  # type: ignore[arg-type] # the harness keeps the type


@given(
    lines=st.lists(
        st.tuples(st.integers(-(10**7), 10**9), st.sampled_from(["6110", "6210", "6310"])), min_size=1, max_size=12
    ),
    beyond=st.integers(-(10**6), 10**8),
    digits=st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
    tax=st.integers(0, 10**7),
    accounts=st.sampled_from([shipped(), GERMAN]),
)
def test_any_expense_becomes_a_journal_the_ledger_takes(
    lines: list[tuple[int, str]], beyond: int, digits: tuple[str, int], tax: int, accounts: Accounts
) -> None:
    """By the ledger's own rules it balances to the minor unit and moves exactly the total."""
    currency, scale = digits
    total = Decimal(sum(amount for amount, _ in lines) + beyond).scaleb(-scale)
    rows = [("x", f"{Decimal(amount).scaleb(-scale):f}", account) for amount, account in lines]
    facts = {"tax": Decimal(tax).scaleb(-scale), "vendor_tax_id": "DE999999995"}
    event = approved("any", f"{total:f}", rows, currency=currency, facts=facts)
    if total == 0:
        with pytest.raises(Unpostable):
            journal_of(event, accounts)
        return
    journal = Journal.model_validate(journal_of(event, accounts))
    assert check(journal, CHART) == []
    owed = journal.lines[-1]
    assert owed.credit - owed.debit == total


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"conversion": None}, "NOT_CONVERTED"),
        ({"lines": ()}, "NOT_CONVERTED"),
        ({"codings": ()}, "NO_GL_CODE"),
    ],
)
def test_what_is_missing_is_told_not_guessed(change: dict[str, Any], code: str) -> None:
    """An expense without converted amounts or accounts makes no journal; the message says what to state."""
    with pytest.raises(Unpostable) as told:
        journal_of(replace(approved("missing", "221.91", SUPPLIES), **change), shipped())
    assert told.value.code == code
    assert "state" in told.value.message


def test_an_amount_finer_than_its_currency_is_not_rounded() -> None:
    """Rounding at the last step would post another amount than was approved."""
    event = approved("fine", "24800", [("Hotel", "24800", "6100")], currency="JPY")
    assert event.conversion is not None
    finer = replace(event, conversion=replace(event.conversion, total=Decimal("24800.5")))
    with pytest.raises(Unpostable) as told:
        journal_of(finer, shipped())
    assert told.value.code == "TOO_FINE"


def test_a_line_without_account_is_named() -> None:
    """The message names the line, so that a person can state its account."""
    with pytest.raises(Unpostable, match=r"lines\.2\.gl_code"):
        journal_of(approved("uncoded", "221.91", [SUPPLIES[0], ("Pens", "80.94", None)]), shipped())


def test_the_ledger_has_every_account_that_coding_and_posting_use() -> None:
    """Two systems keep a chart each: an account that only one knows would send its expenses back to a person."""
    used = {shipped().payable, shipped().card_clearing, shipped().input_tax}
    assert used | set(load_coding_rules().chart) <= set(CHART.accounts)
