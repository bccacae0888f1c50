"""The rules of the ledger hold for any journal, before any HTTP."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from erp.journal import Journal
from erp.ledger import check, fingerprint, load_chart, minor_units, posting_id, reverse

CHART = load_chart()
CODES = sorted(CHART.accounts)


def _journal(*lines: Mapping[str, object], currency: str = "USD") -> Journal:
    return Journal.model_validate(
        {
            "tenant_id": "acme",
            "ledger": "main",
            "expense_id": str(UUID(int=7)),
            "currency": currency,
            "posting_date": "2026-10-05",
            "lines": list(lines),
        }
    )


def _codes(journal: Journal) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in check(journal, CHART)]


def test_a_balanced_journal_on_known_accounts_is_right() -> None:
    """Nothing is refused without a reason."""
    assert _codes(_journal({"gl_code": "6110", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.50"})) == []


def test_a_cent_of_difference_is_refused() -> None:
    """Debits equal credits to the minor unit."""
    journal = _journal({"gl_code": "6110", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.49"})
    assert _codes(journal) == [("UNBALANCED", "lines")]
    assert "0.01 USD" in check(journal, CHART)[0].message


def test_every_fault_is_named_with_its_line() -> None:
    """A caller mends a journal in one go: all faults are told, each with its field."""
    journal = _journal(
        {"gl_code": "9999", "debit": "1.005"}, {"gl_code": "2100", "debit": "1", "credit": "1"}, {"gl_code": "6110"}
    )
    assert _codes(journal) == [
        ("UNKNOWN_ACCOUNT", "lines.0.gl_code"),
        ("TOO_FINE", "lines.0.debit"),
        ("ONE_SIDE", "lines.1"),
        ("ONE_SIDE", "lines.2"),
        ("UNBALANCED", "lines"),
    ]


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4), ("QQQ", None)])
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int | None) -> None:
    """Yen have no cents, dinars have three digits, an invented code has none."""
    assert minor_units(currency) == digits
    journal = _journal({"gl_code": "6110", "debit": "1.1"}, {"gl_code": "2100", "credit": "1.1"}, currency=currency)
    assert ("TOO_FINE" in {code for code, _ in _codes(journal)}) == (digits == 0)
    assert ("UNKNOWN_CURRENCY" in {code for code, _ in _codes(journal)}) == (digits is None)


@pytest.mark.parametrize("amount", [12.5, 12, True, None, "1e3", "-1.00", "1,00", "NaN", "٣", "1.00001", "9" * 15, ""])
def test_an_amount_is_a_plain_decimal_string(amount: object) -> None:
    """A number, a sign, an exponent, a comma, a foreign digit: each could be read as another amount."""
    with pytest.raises(ValidationError):
        _journal({"gl_code": "6110", "debit": amount}, {"gl_code": "2100", "credit": "1.00"})


@given(st.lists(st.tuples(st.sampled_from(CODES), st.integers(1, 10**12)), min_size=1, max_size=20))
def test_any_journal_whose_credit_is_the_sum_of_its_debits_balances(debits: list[tuple[str, int]]) -> None:
    """However many lines and however large, balance is exact, and a reversal balances too."""
    journal = _journal(
        *({"gl_code": code, "debit": _dollars(cents)} for code, cents in debits),
        {"gl_code": "2100", "credit": _dollars(sum(cents for _, cents in debits))},
    )
    assert check(journal, CHART) == []
    assert check(reverse(journal, date(2026, 11, 1), "wrong site"), CHART) == []


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def test_a_reversal_exchanges_the_sides_of_every_line() -> None:
    """What was debited is credited, and the two together move nothing."""
    journal = _journal({"gl_code": "6110", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.50"})
    lines = reverse(journal, date(2026, 11, 1), "wrong site").lines
    assert [(line.debit, line.credit) for line in lines] == [
        (Decimal(0), Decimal("12.50")),
        (Decimal("12.50"), Decimal(0)),
    ]


def test_spelling_does_not_change_a_fingerprint_and_meaning_does() -> None:
    """12.5 and 12.50 in any order of fields are one request; another amount, account or context is another."""
    journal = _journal({"gl_code": "6110", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.50"})
    again = _journal({"debit": "12.5", "gl_code": "6110"}, {"credit": "12.500", "gl_code": "2100"})
    other = _journal({"gl_code": "6120", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.50"})
    assert fingerprint(journal) == fingerprint(again)
    assert len({fingerprint(journal), fingerprint(other), fingerprint(journal, "reversal")}) == 3


def test_a_posting_id_depends_on_ledger_and_key_alone() -> None:
    """The same key in the same ledger names the same posting on any machine."""
    assert posting_id("main", "k") == "aa9d3c45-c679-54fd-87fe-1d2ef83ac041"
    assert len({posting_id("main", "k"), posting_id("main", "l"), posting_id("other", "k")}) == 3


def test_a_journal_survives_storage_unchanged() -> None:
    """What is written to disk is read back with the same amounts."""
    journal = _journal({"gl_code": "6110", "debit": "12.50"}, {"gl_code": "2100", "credit": "12.50"})
    assert Journal.model_validate_json(journal.model_dump_json()) == journal
    assert json.loads(journal.model_dump_json())["lines"][0]["debit"] == "12.50"
