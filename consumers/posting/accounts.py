"""Which accounts stand opposite an expense, and whose VAT a ledger recovers."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from consumers.rulefile import read_rules
from schemas.records import Facts

__all__ = ["Accounts", "shipped"]

# A recoverable tax needs a tax invoice (EU VAT directive 2006/112/EC, article 178): a receipt is none.
_TAX_INVOICES = frozenset({"invoice", "credit_note"})


class Accounts(BaseModel):
    """The accounts opposite an expense. A wrong one here puts every posting on the wrong account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payable: str
    card_clearing: str
    input_tax: str
    recovers: dict[str, list[str]]

    def opposite(self, facts: Facts) -> str:
        """Return the account that owes the money: the card's clearing account for a card line, else payables."""
        return self.card_clearing if facts.kind == "card_line" else self.payable

    def recoverable_country(self, ledger: str, facts: Facts) -> str | None:
        """Return the country whose VAT on this document the ledger recovers, None where tax is part of the cost."""
        country = (facts.vendor_tax_id or "")[:2]
        known = facts.document_type in _TAX_INVOICES and country in self.recovers.get(ledger, ())
        return country if known else None


@cache
def shipped() -> Accounts:
    """Return the accounts that ship with the project.

    Raises:
        consumers.rulefile.RuleFileError: the file was changed and does not fit; the message names the field.

    """
    return read_rules(Path(__file__).with_name("accounts.yaml"), Accounts)
