"""What an item is called: its row's words without codes, and where its name stands when not beside its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from documents.labels import word_lists

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from documents.facts import LineItem

LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
COUNT: Final = re.compile(r"^[xX@]?(\d{1,4}(?:[.,]\d{1,3})?)[xX@]?$")
_CODE = re.compile(r"^[\d\W]+$|^[xX]$|^\[?[A-Z]{0,4}\d{4,}\w*\]?-?$|^\[[A-Z0-9_./-]{2,}\]$")
_GLUED_CODE = re.compile(r"^[A-Z]{0,2}\d{6,}-(?=\w)")
_SHELF = re.compile(r"^[A-Z]{1,3}\d{2,}$")
_TAIL = re.compile(r"^\*\w{0,2}$|^@[\d.,]+$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NEAR: Final = 2
_BLANK: Final = 0.8
"""Share of a row's height from which a blank parts two items."""


@dataclass(slots=True)
class Draft:
    """A line being put together: `row` and `bottom` are of the last row of its description."""

    item: LineItem
    row: int
    described: bool
    left: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Loose:
    """A row of text without an amount, or (empty) a row that parts what stands above it from what follows.

    Such a row is a sum, with its amount, or an article without a price.
    """

    row: int
    text: str
    left: float
    top: float
    bottom: float
    amount: Decimal | None = None


def name_of(texts: Sequence[str], *, headed: bool) -> str:
    """A description without leading position numbers and codes, empty when no word is left."""
    texts = list(texts)
    while len(texts) > 1 and (_CODE.match(texts[0]) or texts[0].strip(":.").lower() in word_lists()["tax_codes"]):
        if not headed and "/" in texts[0]:
            break
        texts = texts[1:]
    # Under a heading the columns decide what is a count; without one, numbers at the end are.
    while texts and (
        _TAIL.match(texts[-1])
        or (
            not LETTERS.search(texts[-1])
            and ((not headed and COUNT.match(texts[-1])) or not any(map(str.isalnum, texts[-1])))
        )
    ):
        texts = texts[:-1]
    text = _GLUED_CODE.sub("", " ".join(texts)).strip(" :*|-.")
    return text if LETTERS.search(text) else ""


def is_weak(text: str) -> bool:
    """Whether a text is more likely a code or a unit than a name: one word with a digit, or no longer word."""
    words = text.split()
    units = all(word.strip(".").lower() in word_lists()["units"] for word in words)
    return units or (len(words) == 1 and any(letter.isdigit() for letter in text)) or not _WORD.search(text)


def name_items(entries: Sequence[Draft | Loose], *, headed: bool, spaced: bool) -> None:
    """Give items without a name of their own the text above or below them, whichever way this document prints.

    Where blanks part the items (`spaced`: the page's own measures can be trusted), the name is in the item's own block.
    Else the first text under the heading, or the last one before the sums, tells which: one of the two is left over.
    """
    nameless = [index for index, each in enumerate(entries) if isinstance(each, Draft) and not each.described]
    if not nameless:
        return
    blocks = [_block_name(entries, index) for index in nameless] if headed and spaced else []
    if blocks and all(blocks):
        for index, name in zip(nameless, blocks, strict=True):
            _give(entries[index], name)
        return
    above = bool(_run(entries, nameless[0], -1))
    below = bool(_run(entries, nameless[-1], 1))
    step = 1 if below and not (headed and above) else -1
    for index in nameless:
        run = _run(entries, index, step) or (_run(entries, index, -step) if len(nameless) == 1 else [])
        names = [loose.text for loose in run if not _is_code(loose.text)] or [loose.text for loose in run]
        if names:
            _give(entries[index], names[0 if step > 0 else -1])


def _give(entry: Draft | Loose, name: str | None) -> None:
    if isinstance(entry, Draft):
        entry.item = replace(entry.item, description=name)
        entry.described = True


def _block_name(entries: Sequence[Draft | Loose], index: int) -> str | None:
    """What stands first in the block around an item's numbers; None where the next item is in the same block.

    A name under its numbers goes on until a row says something else of the item ("Packing: box").
    """
    above, below = _block(entries, index, -1), _block(entries, index, 1)
    if above is None or below is None:
        return None
    if above:
        return above[-1]
    name = list(takewhile(lambda text: ":" not in text, below))
    return "\n".join(name) or None


def _block(entries: Sequence[Draft | Loose], index: int, step: int) -> list[str] | None:
    """Texts that no blank parts from an item, the nearest first; None where they reach another item."""
    found: list[str] = []
    last = entries[index]
    height = last.bottom - last.top
    for each in entries[index + step :: step] if index + step >= 0 else []:
        blank = each.top - last.bottom if step > 0 else last.top - each.bottom
        if not -height <= blank <= _BLANK * height:  # far above is the next page
            break
        if isinstance(each, Draft):
            return None
        if not each.text:
            break
        found.append(each.text)
        last = each
    return found


def drop_shelf_codes(drafts: Sequence[Draft]) -> None:
    """Take away the code in front of a name where every line has one ("A07 Lemon tea")."""
    firsts = [(draft.item.description or "").split() for draft in drafts]
    if len(firsts) > 1 and all(len(words) > 1 and _SHELF.match(words[0]) for words in firsts):
        for draft, words in zip(drafts, firsts, strict=True):
            draft.item = replace(draft.item, description=" ".join(words[1:]))


def _run(entries: Sequence[Draft | Loose], index: int, step: int) -> list[Loose]:
    """Texts next to an item, up to the next item or sum, in reading order."""
    found: list[Loose] = []
    row = entries[index].row
    for each in entries[index + step :: step] if index + step >= 0 else []:
        if isinstance(each, Draft) or not each.text or abs(each.row - row) > _NEAR:
            break
        found.append(each)
        row = each.row
        if len(found) == _NEAR:
            break
    return found[::step]


def _is_code(text: str) -> bool:
    return sum(letter.isdigit() or not letter.isalnum() for letter in text.replace(" ", "")) * 2 > len(text)
