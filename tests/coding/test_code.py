"""Account and recovery class by rule, then history, then a person; and the contract behind them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.category.resolve import Seen, load_categoriser
from consumers.coding.code import Subject, code_lines
from consumers.coding.contract import check_contract
from consumers.coding.patterns import PatternBook, description_key
from consumers.coding.rules import load_coding_rules
from consumers.rulefile import RuleFileError
from schemas.envelope import caused
from schemas.events import PatternRecorded
from schemas.records import Assertion, Coding, Facts, Line, Problem, VendorMatch
from schemas.topics import PATTERNS
from tests.tracks.build import parsed

RULES = load_coding_rules()
CATEGORISER = load_categoriser()
VENDOR = VendorMatch(vendor_id="v-1", name="Acorn", score=100, method="name")


def pattern(description: str, gl_code: str, tenant: str = "acme", vendor: str = "v-1") -> PatternRecorded:
    """Return one posting pattern."""
    return caused(
        parsed("pattern", tenant_id=tenant),
        PatternRecorded,
        stage="learn",
        status="posted",
        part=description,
        vendor_id=vendor,
        description=description,
        gl_code=gl_code,
        recovery_status="non_recoverable",
    )


def book(*patterns: PatternRecorded) -> PatternBook:
    """Return a table of patterns."""
    table = PatternBook()
    for one in patterns:
        table.apply(PATTERNS.key(one), one)
    return table


def code(
    description: str | None,
    category: str | None = None,
    *,
    property_id: str | None = None,
    patterns: PatternBook | None = None,
    asserted: dict[str, str] | None = None,
    rules: Any = RULES,
) -> tuple[Coding, tuple[Problem, ...]]:
    """Code one line."""
    codings, problems = code_lines(
        [Line(number=1, description=description, amount=Decimal(1))],
        {1: category},
        Subject("acme", "v-1", property_id),
        rules=rules,
        patterns=patterns or PatternBook(),
        asserted={f: Assertion(field=f, value=v, actor="p") for f, v in (asserted or {}).items()},
    )
    return codings[0], problems


@pytest.mark.parametrize(
    ("description", "property_id", "gl_code", "recovery"),
    [
        ("Parking Lot Reseal & Striping", "P-1", "6310", "recoverable"),
        ("Parking Lot Reseal & Striping", None, "6310", "recoverable"),
        ("Corporate Office Supplies", "P-1", "6210", "non_recoverable"),
        ("Corporate Office Supplies", None, "6210", "non_recoverable"),
        ("Roof replacement, building B", "P-1", "6310", "non_recoverable"),
        ("Electricity March", "P-1", "6300", "recoverable"),
        ("Electricity March", None, "6300", "not_applicable"),
        ("Hotel, two nights", None, "6100", "not_applicable"),
        ("Dinner", None, "6110", "not_applicable"),
        ("Grundsteuer 2024", "P-1", "6320", "recoverable"),
    ],
)
def test_from_description_to_account(description: str, property_id: str | None, gl_code: str, recovery: str) -> None:
    """Category and coding rules together give the account and who bears it."""
    matches, _ = CATEGORISER.categorise(Seen(), [description])
    coding, problems = code(description, matches[0].category, property_id=property_id)
    assert (coding.gl_code, coding.recovery_status, problems) == (gl_code, recovery, ())


def test_a_lease_goes_before_the_usual_clause() -> None:
    """What a property's lease says replaces the default, for that property only."""
    rules = replace(RULES, leases={"P-9": {"insurance": "non_recoverable", "travel": "recoverable"}})
    assert code(None, "insurance", property_id="P-9", rules=rules)[0].recovery_status == "non_recoverable"
    assert code(None, "insurance", property_id="P-1", rules=rules)[0].recovery_status == "recoverable"
    assert code(None, "travel.air", property_id="P-9", rules=rules)[0].recovery_status == "recoverable"


def test_history_answers_where_no_rule_does() -> None:
    """The same vendor's earlier posting codes a line no rule knows, numbers and a misread letter aside."""
    patterns = book(pattern("widget calibration service", "6400"))
    coding, problems = code("Widget Calibration Servise 2024-03", patterns=patterns)
    assert (coding.gl_code, coding.recovery_status) == ("6400", "non_recoverable")
    assert (coding.rule, problems) == ("history:widget calibration service", ())


@pytest.mark.parametrize(
    "patterns",
    [
        book(),
        book(pattern("widget calibration", "6400", tenant="other")),
        book(pattern("widget calibration", "6400", vendor="v-2")),
        book(pattern("gadget repair", "6400")),
        book(pattern("widget calibration", "9999")),
    ],
)
def test_without_rule_or_history_a_person_codes(patterns: PatternBook) -> None:
    """Another tenant's, vendor's or purchase's history is none, and an account outside the chart is refused."""
    coding, problems = code("Widget calibration", patterns=patterns)
    assert coding.gl_code is None
    assert [(p.code, p.line) for p in problems] == [("NO_GL_CODE", 1)]


def test_what_a_person_states_stands() -> None:
    """A stated account and recovery class override every rule; one outside the chart does not."""
    stated = {"lines.1.gl_code": "6900", "lines.1.recovery_status": "recoverable"}
    coding, problems = code("Dinner", "meals", asserted=stated)
    assert (coding.gl_code, coding.recovery_status, coding.rule, problems) == ("6900", "recoverable", "asserted", ())
    assert [p.code for p in code("Dinner", "meals", asserted={"lines.1.gl_code": "123"})[1]] == ["NO_GL_CODE"]


def test_a_pattern_is_replaced_and_forgotten() -> None:
    """The table follows its topic, and its version names its content whatever the order."""
    first, second = pattern("widget", "6400"), pattern("gadget", "6210")
    table, other = book(first, second), book(second, first)
    assert table.version == other.version != book(first).version
    table.apply(PATTERNS.key(first), pattern("widget", "6900"))
    found = table.find("acme", "v-1", "Widget")
    assert found is not None
    assert found.gl_code == "6900"
    table.apply(PATTERNS.key(first), None)
    assert table.find("acme", "v-1", "Widget") is None
    assert table.version == book(second).version
    with pytest.raises(TypeError, match="no posting pattern"):
        table.apply("x", parsed())


def test_description_key() -> None:
    """Numbers, dates and case do not tell purchases apart."""
    assert description_key("Cloud hosting 03/2024 #1234") == description_key("CLOUD HOSTING") == "cloud hosting"
    assert description_key(None) == description_key("12.5") == ""


def test_rules_are_held_to_the_chart(tmp_path: Path) -> None:
    """A rule that names an account the chart lacks is refused by file and account."""
    path = tmp_path / "rules.yaml"
    path.write_text("{keywords: [], categories: {meals: '7777'}, recovery: {}, leases: {}}", encoding="utf-8")
    with pytest.raises(RuleFileError, match="account 7777"):
        load_coding_rules(path)
    path.write_text(
        "keywords: [{gl_code: '6110', recovery: recoverable, phrases: [[tea]]},"
        " {gl_code: '6100', recovery: recoverable, phrases: [[tea]]}]\ncategories: {}\nrecovery: {}\nleases: {}",
        encoding="utf-8",
    )
    with pytest.raises(RuleFileError, match="cannot mean both"):
        load_coding_rules(path)


FACTS = Facts(kind="text", document_type="invoice", invoice_date=date(2024, 3, 1), total=Decimal(5), confidence={})
CODED = Coding(line=1, gl_code="6110", recovery_status="not_applicable", rule="category:meals")


def broken(
    amount: str | None = "5",
    description: str = "Lunch",
    coding: Coding | None = CODED,
    vendor: VendorMatch | None = VENDOR,
    property_id: str | None = None,
    **facts: Any,
) -> list[str | None]:
    """Return the fields the contract finds broken."""
    line = Line(number=1, description=description, amount=Decimal(amount) if amount else None)
    problems = check_contract(replace(FACTS, **facts), [line], [coding] if coding else [], vendor, property_id)
    assert {p.code for p in problems} <= {"CONTRACT_BROKEN"}
    return [p.field for p in problems]


def test_the_contract_holds() -> None:
    """A complete invoice, a credit note, a refund and a discount line pass."""
    assert broken() == []
    assert broken("-5", document_type="credit_note", total=Decimal(-5)) == []
    assert broken("-5", document_type="card_transaction", total=Decimal(-5)) == []
    assert broken("-1", "Rabatt 10 %") == []
    assert broken(coding=replace(CODED, recovery_status="recoverable"), property_id="P-1") == []


def test_a_return_is_told_by_its_count() -> None:
    """A count below zero at a price above it takes off what they make; where they make another amount it is doubted."""
    line = Line(number=1, description="Desktop", quantity=Decimal(-2), unit_price=Decimal(25), amount=Decimal(-50))
    misread = replace(line, amount=Decimal(-5))
    assert check_contract(FACTS, [line], [CODED], VENDOR, None) == ()
    assert [p.field for p in check_contract(FACTS, [misread], [CODED], VENDOR, None)] == ["lines.1.amount"]
    assert broken("-5", "Retour 10 kg") == []


def test_the_contract_breaks() -> None:
    """Everything that is missing or not above zero is named."""
    assert broken(vendor=None) == ["vendor_name"]
    assert broken(invoice_date=None) == ["invoice_date"]
    assert broken(None) == ["lines.1.amount"]
    assert broken("0") == ["lines.1.amount"]
    assert broken("-5") == ["lines.1.amount"]
    assert broken("-5", document_type="invoice", total=Decimal(-5)) == ["total"]
    assert broken(total=Decimal(0)) == ["total"]
    assert broken(coding=None) == ["lines.1.gl_code"]
    assert broken(coding=replace(CODED, recovery_status="recoverable")) == ["property_id"]
    assert [p.field for p in check_contract(FACTS, [], [], VENDOR, None)] == ["line_items"]


def test_a_missing_property_is_one_doubt() -> None:
    """However many lines are recoverable, the question is one: of which property."""
    lines = [Line(number=number, amount=Decimal(5)) for number in (1, 2, 3)]
    codings = [replace(CODED, line=n, recovery_status="recoverable" if n > 1 else "not_applicable") for n in (1, 2, 3)]
    (problem,) = check_contract(FACTS, lines, codings, VENDOR, None)
    assert (problem.field, problem.line) == ("property_id", None)
    assert problem.message.startswith("Lines 2 and 3 are recoverable")
    assert check_contract(FACTS, lines, codings, VENDOR, "P-1") == ()


@given(st.text(max_size=60), st.sampled_from([None, "meals", "travel.air", "travel", "nowhere.at.all"]))
def test_every_line_is_coded_or_a_problem(description: str, category: str | None) -> None:
    """Whatever is printed, the account is one of the chart or a person is asked."""
    coding, problems = code(description, category)
    assert (coding.gl_code in RULES.chart) is (problems == ())
