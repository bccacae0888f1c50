"""The nearest change that would make a line pass, in words."""

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Flip"]


@dataclass(slots=True)
class Flip:
    """The nearest change that would pass: the tightest limit, and what it weighs.

    `room` is what this line may be at most while the others stay; `alone` the lowest limit on this line by itself.
    """

    room: Decimal | None = None
    limit: Decimal = Decimal(0)
    together: int = 1
    alone: Decimal | None = None
    source: str = ""

    def tighter(self, limit: Decimal, amount: Decimal, own: Decimal, together: int, source: str = "") -> bool:
        """Take in a limit on `together` lines of this amount in all; tell whether it is the tightest so far.

        `source` is the published rate it stands on, where it stands on one.
        """
        if together == 1 and (self.alone is None or limit < self.alone):
            self.alone = limit
        room = limit - (amount - own)
        if self.room is not None and room >= self.room:
            return False
        self.room, self.limit, self.together, self.source = room, limit, together, source
        return True

    def words(self, currency: str, lines: int) -> str:
        """Return it in words; `lines` is how many the expense has."""
        if self.room is None:
            return ""
        source = f" ({self.source})" if self.source else ""
        if self.together == 1:
            return f"passes at <= {self.limit} {currency}{source}"
        whole = "the whole expense" if self.together == lines else f"the {self.together} lines it limits"
        line = (
            f", this line at <= {self.alone} {currency}" if self.alone is not None and self.alone < self.limit else ""
        )
        return f"passes at <= {self.limit} {currency} for {whole}{line}{source}"
