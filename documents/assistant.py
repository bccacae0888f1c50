"""An outside model that may be asked about a document in doubt.

Nobody is asked unless a service is named, and what is answered is believed only as far as the page's own words go
(`documents.assisted`). The text of the document leaves the machine when it is asked; who names a service decides that.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[Decimal, Field(max_digits=18, decimal_places=4, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Answer(BaseModel):
    """What a model may answer. Anything else (another field, a number that is none) is no answer at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor_name: Text | None = None
    invoice_number: Text | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    subtotal: Money | None = None
    tax: Money | None = None
    total: Money | None = None


class Assistant(Protocol):
    """Whoever can be asked what a document says."""

    def ask(self, text: str) -> Answer | None:
        """What the text says, None when no usable answer came."""
