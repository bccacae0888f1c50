"""The scalar types of the contracts: each is a Python type that knows its Avro form.

A field of an event is annotated with one of these and a `Doc`; `schemas.contracts` derives the `.avsc` files from
that, `schemas.codec` the conversion, so a field is described once.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from typing_extensions import Doc

__all__ = ["Amount", "Day", "Doc", "Instant", "Logical", "Quantity", "Rate"]


@dataclass(frozen=True, slots=True)
class Logical:
    """The Avro logical type behind a Python type.

    `precision` and `scale` are digits in all and digits after the point, for decimals only.
    """

    avro: str
    name: str
    precision: int = 0
    scale: int = 0

    def schema(self) -> dict[str, object]:
        """Return the Avro schema of this type as JSON-ready data."""
        shape: dict[str, object] = {"type": self.avro, "logicalType": self.name}
        if self.name == "decimal":
            shape |= {"precision": self.precision, "scale": self.scale}
        return shape


# ISO 4217 has no minor unit finer than four digits (CLF, UYW), so four decimals hold any amount exactly.
Amount = Annotated[Decimal, Logical("bytes", "decimal", 22, 4)]
# Unit prices and quantities are finer than money: EN 16931 leaves their decimals open; six cover kWh and litres.
Quantity = Annotated[Decimal, Logical("bytes", "decimal", 24, 6)]
# Exchange rates and tax rates: ECB publishes up to six significant decimals, their quotients want more.
Rate = Annotated[Decimal, Logical("bytes", "decimal", 28, 12)]
Instant = Annotated[datetime, Logical("long", "timestamp-micros")]
Day = Annotated[date, Logical("int", "date")]
