"""Amounts as printed, to exact decimals. Strict: what could be read two ways without evidence is not read at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from documents.reading import Word

Mark = Literal[".", ","]

MOST_DIGITS: Final = 12
"""Longer digit runs are account numbers and bar codes, never an amount on an expense."""

SYMBOLS: Final = (
    r"US\$|A\$|C\$|S\$|R\$|HK\$|NZ\$|RM|MYR|USD|EUR|GBP|CHF|SEK|NOK|DKK|PLN|INR|AUD|CAD|SGD|BRL|JPY"
    r"|Rs\.?|kr\.?|zł|Kč|[$€£¥₹₽₩₺฿]"
)
"""Currency signs and codes that stand right beside a number."""

_NUMBER = (
    r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,2})?|\d{1,3}(?:[ ' .,\u00a0\u202f]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d{1,4})?"
)
"""Groups of three, or of two before the last three as India writes lakhs: 12,34,567.00."""

_AMOUNT = re.compile(
    rf"^(?P<open>\(?)(?P<minus>[-\u2212\u2013]?)\s*(?P<before>{SYMBOLS})?\s*(?P<minus2>[-\u2212\u2013]?)\s*"
    rf"(?P<number>{_NUMBER})(?:,-|,--|\.-)?\s*(?P<after>{SYMBOLS})?(?P<minus3>-?)(?P<close>\)?)(?:[A-Z*]{{1,2}}|TTC|HT)?[.:,]?$",
    re.IGNORECASE,
)
_ONLY_SYMBOL = re.compile(rf"^-?(?:{SYMBOLS})$", re.IGNORECASE)
_VOTE = re.compile(r"(?<![\d.,])(?:\d{1,3}(?P<group>[.,' ])?)?(?:\d{3})*\d*(?P<mark>[.,])\d{2}(?![\d.,]|\s?%)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number on the page with the words it was read from."""

    value: Decimal
    decimals: int
    symbol: str | None
    words: tuple[Word, ...]

    @property
    def confidence(self) -> float:
        """That of its least certain word."""
        return min(word.confidence for word in self.words)

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return self.words[-1].x1

    @property
    def is_money(self) -> bool:
        """Whether it looks like money rather than a count: two decimals or a currency beside it."""
        return self.decimals == 2 or self.symbol is not None  # noqa: PLR2004 - cents


def decimal_mark(text: str) -> Mark | None:
    """The decimal mark most amounts in a text use, None when nothing tells."""
    votes = [match["mark"] for match in _VOTE.finditer(text)]
    commas, points = votes.count(","), votes.count(".")
    if commas == points:
        return None
    return "," if commas > points else "."


def parse_amount(text: str, mark: Mark | None = None) -> Decimal | None:
    """One printed amount as a Decimal, or None when it is not a number or can be read two ways.

    `mark` is the document's decimal mark: it decides "1.234", which is a thousand and more in one place and little more
    than one in another. Both marks present need no evidence: the last one is the decimal mark.
    """
    match = _AMOUNT.match(text.strip())
    if not match:
        return None
    number = match["number"]
    if sum(letter.isdigit() for letter in number) > MOST_DIGITS:
        return None
    plain = _plain(number, mark)
    if plain is None or (match["open"] and "." not in plain and not match["before"]):
        return None  # "(3)" counts or refers; only "(3.00)" is a negative amount
    negative = bool(match["minus"] or match["minus2"] or match["minus3"] or (match["open"] and match["close"]))
    return -Decimal(plain) if negative else Decimal(plain)


def amounts_in(words: Sequence[Word], mark: Mark | None) -> list[Amount]:
    """Numbers among the words of one row, left to right; percentages, dates and codes are not amounts."""
    found: list[Amount] = []
    at = 0
    while at < len(words):
        amount = next((each for width in (3, 2, 1) if (each := _amount(words, at, width, mark))), None)
        if amount is None:
            at += 1
            continue
        at += len(amount.words)
        if not (at < len(words) and words[at].text.startswith("%")):
            found.append(amount)
    return found


def _amount(words: Sequence[Word], at: int, width: int, mark: Mark | None) -> Amount | None:
    """The amount that exactly `width` words from `at` on make up: a number, its symbol, thousands set apart."""
    taken = tuple(words[at : at + width])
    if len(taken) < width or not any(letter.isdigit() for word in taken for letter in word.text):
        return None
    if width > 1 and not _join(taken):
        return None
    text = "".join(word.text for word in taken) if width > 1 else taken[0].text
    value = parse_amount(text, mark)
    if value is None:
        return None
    match = _AMOUNT.match(text)
    symbol = (match["before"] or match["after"]) if match else None
    exponent = value.as_tuple().exponent
    return Amount(value, -exponent if isinstance(exponent, int) else 0, symbol, taken)


def _join(words: Sequence[Word]) -> bool:
    """Whether neighbouring words are one amount: a symbol beside a number, a sign, or groups of three digits."""
    for left, right in pairwise(words):
        height = max(left.bottom - left.top, right.bottom - right.top)
        gap = right.x0 - left.x1
        symbols = bool(_ONLY_SYMBOL.match(left.text)) != bool(_ONLY_SYMBOL.match(right.text))
        if symbols and gap < 6 * height:
            continue
        if left.text in {"-", "\u2212"} and gap < height:
            continue
        grouped = re.fullmatch(r"\d{1,3}", left.text) and re.fullmatch(r"\d{3}[.,]\d{2}", right.text)
        cents = re.fullmatch(r"\d+", left.text) and re.fullmatch(r"[.,]\d{2}", right.text)
        cents = cents or (re.fullmatch(r"\d+[.,]", left.text) and re.fullmatch(r"\d{2}", right.text))
        if not (grouped or cents) or gap > 0.6 * height:
            return False
    return True


def _plain(number: str, mark: Mark | None) -> str | None:
    """Digits with a point, or None when the separators contradict themselves or the document."""
    bare = re.sub(r"[ '\u00a0\u202f]", "", number)
    marks = [letter for letter in bare if letter in ".,"]
    if not marks:
        return bare
    last = marks[-1]
    head, tail = bare.rsplit(last, 1)
    if len(set(marks)) == 2:  # noqa: PLR2004 - both marks: 1.234,56 or 1,234.56
        return f"{re.sub('[.,]', '', head)}.{tail}" if marks.count(last) == 1 else None
    if len(marks) > 1:
        return bare.replace(last, "") if len(tail) == 3 else None  # noqa: PLR2004 - groups of three
    if len(tail) != 3:  # noqa: PLR2004 - groups of three
        return f"{head}.{tail}"
    if mark is None or len(head) > 3 or head == "0":  # noqa: PLR2004 - 1234.567 and 0.123 are never grouped
        return f"{head}.{tail}" if len(head) > 3 or head == "0" else None  # noqa: PLR2004
    return f"{head}.{tail}" if last == mark else head + tail
