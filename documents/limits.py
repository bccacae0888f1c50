"""What one document may cost before it is poison, so that a hostile file takes only itself along."""

from __future__ import annotations

from dataclasses import dataclass


class LimitExceeded(Exception):
    """The document asks for more than its limits allow: name of the limit, what was asked, what is allowed."""

    def __init__(self, limit: str, asked: float, allowed: float) -> None:
        super().__init__(f"{limit}: the document asks for {asked:g}, at most {allowed:g} is allowed")
        self.limit = limit
        self.asked = asked
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one document.

    Breaking `bytes`, `pages`, `pixels` or, of plain text, `lines` raises `LimitExceeded` before the memory is taken.
    `seconds` bounds one call of an OCR engine's own process; whole-document time and memory belong to whoever runs the
    worker process.
    """

    bytes: int = 25 * 1024 * 1024
    pages: int = 200
    pixels: int = 60_000_000
    lines: int = 5_000
    xml_bytes: int = 10 * 1024 * 1024
    chars: int = 400_000
    seconds: float = 60.0

    def check(self, limit: str, asked: float, allowed: float) -> None:
        """Raise `LimitExceeded` when `asked` is over `allowed`."""
        if asked > allowed:
            raise LimitExceeded(limit, asked, allowed)


DEFAULT = Limits()
