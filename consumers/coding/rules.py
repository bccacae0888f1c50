"""Which account a line goes to and whether tenants bear it, as data compiled to dictionaries."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from consumers.lexicon import Lexicon, Term
from consumers.rulefile import RuleFileError, read_rules

__all__ = ["SHIPPED_CHART", "SHIPPED_RULES", "CodingRules", "Recovery", "load_coding_rules"]

SHIPPED_RULES: Final = Path(__file__).with_name("rules.yaml")
SHIPPED_CHART: Final = Path(__file__).with_name("chart.yaml")
_ALL: Final = 100

Recovery = Literal["recoverable", "non_recoverable", "not_applicable"]
_RecoveryRule = Literal["recoverable", "non_recoverable", "not_applicable", "at_property"]
_Account = Annotated[str, Field(min_length=1, max_length=32)]


class _Keyword(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    gl_code: _Account
    recovery: _RecoveryRule
    phrases: list[list[str]]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    keywords: list[_Keyword]
    categories: dict[str, _Account]
    recovery: dict[str, _RecoveryRule]
    leases: dict[str, dict[str, _RecoveryRule]]


class _AccountRow(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    type: Literal["asset", "liability", "equity", "income", "expense"]


@dataclass(frozen=True, slots=True)
class CodingRules:
    """`keywords` names an account and a recovery rule per phrase, `accounts` one per category."""

    chart: frozenset[str]
    keywords: Lexicon
    accounts: dict[str, str]
    recovery: dict[str, _RecoveryRule]
    leases: dict[str, dict[str, _RecoveryRule]]

    def account_of(self, category: str | None) -> str | None:
        """Return the account of a category or of its nearest ancestor that has one."""
        return _nearest(self.accounts, category)

    def recovery_of(self, category: str | None, property_id: str | None, spoken: str | None) -> Recovery:
        """Return who bears a line: by the property's lease, else by what its description said, else by its category."""
        lease = _nearest(self.leases.get(property_id or "", {}), category)
        rule = lease or spoken or _nearest(self.recovery, category) or "not_applicable"
        if rule == "at_property":
            return "recoverable" if property_id else "not_applicable"
        if rule == "recoverable":
            return "recoverable"
        return "non_recoverable" if rule == "non_recoverable" else "not_applicable"


def _nearest(table: dict[str, str] | dict[str, _RecoveryRule], category: str | None) -> str | None:
    path = category or ""
    while path:
        if path in table:
            return table[path]
        path = path.rpartition(".")[0]
    return None


def load_coding_rules(rules: Path = SHIPPED_RULES, chart: Path = SHIPPED_CHART) -> CodingRules:
    """Return the rules, checked against the chart of accounts.

    Raises:
        RuleFileError: a file cannot be used, or a rule names an account that the chart lacks.

    """
    read = read_rules(rules, _Rules)
    accounts = frozenset(read_rules(chart, dict[str, _AccountRow]))
    for code in (*(k.gl_code for k in read.keywords), *read.categories.values()):
        if code not in accounts:
            msg = f"{rules}: account {code} is not in {chart}; add it there or name another"
            raise RuleFileError(msg)
    terms = [
        Term(phrase, f"{keyword.gl_code} {keyword.recovery}", _ALL)
        for keyword in read.keywords
        for group in keyword.phrases
        for phrase in group
    ]
    try:
        lexicon = Lexicon(terms)
    except ValueError as error:
        msg = f"{rules}: keywords: {error}"
        raise RuleFileError(msg) from error
    return CodingRules(accounts, lexicon, read.categories, read.recovery, read.leases)
