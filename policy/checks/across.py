"""Settings of the checks that look across expenses; `screen` makes them, the policy says how."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from policy.fields import Ratio
from policy.models import CheckSettings

__all__ = ["DuplicateExact", "NearDuplicate", "Severity", "SplitTransaction"]


class Severity(CheckSettings):
    """A check with nothing to set but what it leads to."""

    severity: Literal["info", "warn", "violation"] = "violation"


class DuplicateExact(Severity):
    """The same document, the same vendor's invoice number and total, or the same card line again."""


class NearDuplicate(CheckSettings):
    """What seems to be a purchase that is there already.

    A receipt and a card line of which one has gone on; one person's documents of one total within two days, one
    without a number; the same total under an invoice number that differs by one slip; two totals that make up a third.
    """

    blocking: bool = True


class SplitTransaction(CheckSettings):
    """Several purchases of one person at one vendor that stay below a limit each and exceed it together.

    `within_days` apart at most; each part at least `part_above` of the limit, since small change adds up honestly.
    """

    blocking: bool = True
    within_days: Annotated[int, Field(ge=0, le=31)] = 1
    part_above: Ratio = Decimal("0.40")
