"""What a person may state, and how it changes what was read."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.corrections import CorrectionRefused, corrected
from schemas.envelope import caused
from schemas.events import ExpenseDecided
from schemas.records import Assertion, Line, Problem
from tests.dag.system import card_line


def decision(amount: str = "120.00") -> ExpenseDecided:
    """Return a decided card line."""
    nothing: dict[str, Any] = {
        "conversion": None,
        "vendor": None,
        "categories": (),
        "codings": (),
        "decisions": (),
        "findings": (),
    }
    judged: dict[str, Any] = {"outcome": "PASS", "policy_version": "0" * 64, "prior": "{}", "disposition": "decide"}
    return caused(card_line(amount), ExpenseDecided, stage="screen", status="decided", **nothing, **judged)


def state(field: str, value: str) -> Assertion:
    """Return a statement."""
    return Assertion(field=field, value=value, actor="reviewer")


def test_the_only_line_follows_its_total() -> None:
    """Correcting the total of a one-line expense corrects the line."""
    parts, _ = corrected(decision(), [state("total", "80.00")])
    assert (parts.facts.total, parts.lines[0].amount) == (Decimal("80.00"), Decimal("80.00"))
    assert parts.facts.confidence["total"] == 1.0


def test_lines_that_no_longer_add_up_are_refused() -> None:
    """A total that the lines do not make is refused, with what they make."""
    two = replace(decision("120.00"), lines=(Line(number=1, amount=Decimal(100)), Line(number=2, amount=Decimal(20))))
    with pytest.raises(CorrectionRefused, match="add up to 120"):
        corrected(two, [state("total", "80.00")])
    parts, _ = corrected(two, [state("total", "80.00"), state("lines.1.amount", "60")])
    assert [line.amount for line in parts.lines] == [Decimal(60), Decimal(20)]


def test_a_statement_settles_its_doubt_only() -> None:
    """The doubt about the field stated goes, another of the reader's stays, a later stage's is raised anew there."""
    doubts = (
        Problem(code="LOW_CONFIDENCE", message="x", field="total", stage="parse"),
        Problem(code="AMBIGUOUS_DATE", message="x", field="invoice_date", stage="parse"),
        Problem(code="NO_GL_CODE", message="x", field="gl_code", line=1, stage="coding"),
    )
    _, left = corrected(replace(decision(), problems=doubts), [state("total", "120.00")])
    assert [p.code for p in left] == ["AMBIGUOUS_DATE"]


def test_dates_and_context_can_be_stated() -> None:
    """A date, a department and an empty value go where they belong."""
    parts, _ = corrected(
        decision(), [state("invoice_date", "2026-03-02"), state("department", "legal"), state("vendor_iban", "")]
    )
    assert parts.facts.invoice_date == date(2026, 3, 2)
    assert parts.context.department == "legal"
    assert parts.facts.vendor_iban is None


def test_a_person_does_not_move_an_expense_to_another_region() -> None:
    """Where its data may be is not for a reviewer to state."""
    with pytest.raises(CorrectionRefused, match="there is no field 'region' to correct"):
        corrected(decision(), [state("region", "us")])


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_statement_is_applied_or_refused(field: str, value: str) -> None:
    """Whatever is typed, the answer is a correction or a refusal, never a failure."""
    told = ""
    try:
        told = repr(corrected(decision(), [state(field, value)])[0].facts)
    except CorrectionRefused as refusal:
        told = str(refusal)
    assert told
