"""Line items: the rows between the head of a table (or receipt) and its sums, read by column, checked by arithmetic."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.descriptions import COUNT, LETTERS, Draft, Loose, drop_shelf_codes, is_weak, name_items, name_of
from documents.facts import LineItem
from documents.headings import NUMERIC_COLUMNS, Head, columns_on, find_headings
from documents.layout import place_of
from documents.numerals import parse_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.layout import Row
    from documents.numerals import Amount
    from documents.reading import Word
    from documents.survey import Survey

_SUMS: Final = frozenset({"total", "subtotal", "rounding", "cash", "change", "tip", "count", "tax", "allowances"})
_NEVER_ITEMS: Final = frozenset({"tax_id", "rounding", "cash", "change", "count"})
_CLOSE: Final = Decimal("0.02")
_PERCENT = re.compile(r"^(\d{1,2}(?:[.,]\d{1,2})?)%?$")
_MOST_CONTINUED: Final = 4


def find_lines(survey: Survey) -> tuple[LineItem, ...]:
    """All line items in reading order; rows that carry sums, payments or nothing but text are left out."""
    heads = find_headings(survey)
    drafts: list[Draft] = []
    for number, head in enumerate(heads):
        following = heads[number + 1].row if number + 1 < len(heads) else len(survey.sheet.rows)
        drafts.extend(_region(survey, head, head.last_row + 1, following))
    if not drafts:
        drafts = _region(survey, None, 0, len(survey.sheet.rows))
    return tuple(draft.item for draft in drafts if draft.described or draft.item.quantity is not None)


def _ends(survey: Survey, index: int, head: Head | None) -> bool:
    """Whether a row is one of the sums under the items: a label of a sum first, money after it."""
    labels = [hit for hit in survey.hits_on(index) if hit.label.role in _SUMS and hit.label.weight > 1]
    money = [amount for amount in survey.amounts[index] if amount.is_money]
    if not labels:
        return False
    words = survey.sheet.rows[index].words
    leading = min(hit.first for hit in labels) <= 2 or len(words) - len(money) <= 5  # noqa: PLR2004 - a short row, or a count first
    return (bool(money) and leading) or (head is None and labels[0].first == 0 and labels[0].label.weight > 2)  # noqa: PLR2004


def _region(survey: Survey, head: Head | None, start: int, stop: int) -> list[Draft]:
    """Items from `start` on, until the sums begin."""
    drafts: list[Draft] = []
    entries: list[Draft | Loose] = []
    for index in range(start, stop):
        if _ends(survey, index, head):
            entries.append(Loose(index, ""))
            if drafts and any(hit.label.role in {"total", "cash"} for hit in survey.hits_on(index)):
                break
            continue
        draft = _draft(survey, head, index)
        if draft is None:
            text = "" if _is_heading_like(survey, index) else _text_of(survey.sheet.rows[index].words, head)
            if text and drafts and _continues(survey, drafts[-1], index):
                drafts[-1].item = replace(drafts[-1].item, description=f"{drafts[-1].item.description}\n{text}")
                drafts[-1].row = index
            elif text:
                entries.append(Loose(index, text))
            continue
        so_far = [each.item.amount for each in drafts if each.item.amount is not None]
        if len(so_far) > 1 and draft.item.amount == sum(so_far) and draft.item.quantity is None:
            continue  # a sum by another name: what stands above adds up to it
        drafts.append(draft)
        entries.append(draft)
    name_items(entries, headed=head is not None)
    if survey.scanned:
        drop_shelf_codes(drafts)
    return drafts


def _is_heading_like(survey: Survey, index: int) -> bool:
    """Whether a row of text names columns or sums rather than an article."""
    return len(columns_on(survey, index)) > 1 or any(
        hit.label.role in _SUMS and hit.first == 0 for hit in survey.hits_on(index)
    )


def _continues(survey: Survey, draft: Draft, index: int) -> bool:
    """Whether a row of text belongs to the item above: its missing description, or more of a wrapped one."""
    row, above = survey.sheet.rows[index], survey.sheet.rows[draft.row]
    if row.page != above.page or index - draft.row > _MOST_CONTINUED:
        return False
    if not draft.described:
        return False
    near = row.top - survey.sheet.rows[index - 1].bottom < 0.8 * row.height
    return near and not survey.scanned and abs(row.words[0].x0 - draft.left) < 2 * row.height


def _draft(survey: Survey, head: Head | None, index: int) -> Draft | None:
    """The item whose numbers stand on a row, None when it has no line amount."""
    row, amounts = survey.sheet.rows[index], survey.amounts[index]
    amount = _line_amount(head, [each for each in amounts if each.decimals or not survey.cents])
    if amount is None or any(hit.label.role in _NEVER_ITEMS and hit.first == 0 for hit in survey.hits_on(index)):
        return None
    if amount.value == 0 and any(hit.label.role == "discount" for hit in survey.hits_on(index)):
        return None
    rest = [each for each in amounts if each is not amount and each.x0 < amount.x0]
    quantity, price = _factors(head, row, rest, amount)
    words = [word for word in row.words if word.x0 < amount.x0]
    text = _text_of(_describing(head, words, rest), head)
    item = LineItem(
        description=text or None,
        quantity=quantity,
        unit_price=price,
        tax_rate=_rate(head, row),
        amount=amount.value,
        place=place_of(row.page, row.words),
    )
    first = next((word for word in words if LETTERS.search(word.text)), row.words[0])
    if survey.scanned and amount.value == 0 and quantity is None:
        return None  # nothing bought for nothing: a rounding or a discount whose label was not recognised
    return Draft(item, index, bool(text) and not is_weak(text), first.x0)


def _line_amount(head: Head | None, amounts: Sequence[Amount]) -> Amount | None:
    money = [amount for amount in amounts if amount.is_money]
    if head is None or not head.span("amount"):
        return money[-1] if money else None
    inside = [amount for amount in amounts if head.column_of(amount.x0, amount.x1) == "amount"]
    return next((amount for amount in reversed(inside) if amount.is_money), inside[-1] if inside else None)


def _factors(head: Head | None, row: Row, rest: list[Amount], amount: Amount) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and unit price: what multiplies to the amount, else what the columns say."""
    numbers = [(each.value, each.x0, each.x1) for each in rest]
    numbers += [
        (Decimal(match[1].replace(",", ".")), word.x0, word.x1)
        for word in row.words
        if word.x1 <= amount.x0 and (match := COUNT.match(word.text)) and not any(word in each.words for each in rest)
    ]
    named: dict[str, Decimal] = {}
    if head:
        for value, x0, x1 in numbers:
            named.setdefault(head.column_of(x0, x1), value)
    quantity, price = named.get("quantity"), named.get("unit_price")
    if quantity is not None and price is not None and _plausible(quantity * price, amount.value):
        return quantity, price
    pairs = [
        (one, two)
        for one, left, _ in numbers
        for two, right, _ in numbers
        if left != right and abs(one * two - amount.value) <= _CLOSE and one != 0
    ]
    # The count is the whole number; of two, the one printed first.
    whole = [(one, two) for one, two in pairs if one == one.to_integral_value()]
    if whole or pairs:
        return (whole or pairs)[0]
    if quantity is not None and price is not None:
        # Columns that cannot belong together: a year or a size in the description reached into the count's column.
        return None, price
    if quantity is None and price is not None and price == amount.value:
        quantity = Decimal(1)
    return quantity, price


def _plausible(product: Decimal, amount: Decimal) -> bool:
    """Return whether quantity times price can be this line: the amount itself, or more by a discount of up to 70 %."""
    return abs(product - amount) <= _CLOSE or abs(amount) <= abs(product) <= abs(amount) / _LEAST_SHARE


# A line discounted by more than 70 % is rarer than two numbers that stand in each other's way.
_LEAST_SHARE: Final = Decimal("0.3")


def _rate(head: Head | None, row: Row) -> Decimal | None:
    """A percentage on the row, or a bare number in the column of tax rates."""
    for at, word in enumerate(row.words):
        match = _PERCENT.match(word.text)
        if not match:
            continue
        marked = word.text.endswith("%") or (at + 1 < len(row.words) and row.words[at + 1].text.startswith("%"))
        in_column = head is not None and head.column_of(word.x0, word.x1) == "tax_rate"
        if marked and (in_column or head is None or not head.span("discount")):
            return parse_amount(match[1])
    return None


def _describing(head: Head | None, words: list[Word], rest: list[Amount]) -> list[Word]:
    """Words of the row that can describe: not its prices, and with a heading only those before the number columns."""
    # A size with decimals in the middle of a name is no price.
    last = max((word.x0 for word in words if LETTERS.search(word.text) and not is_weak(word.text)), default=0.0)
    numbers = {id(word) for amount in rest if amount.is_money and amount.x0 > last for word in amount.words}
    words = [word for word in words if id(word) not in numbers]
    described = head.span("description") if head else None
    if head is None or described is None:
        return words
    following = [x0 for role, x0, _ in head.columns if role in NUMERIC_COLUMNS and x0 > described[0]]
    end = min(following, default=float("inf"))
    kept: list[Word] = []
    for word in words:
        beside = kept and word.x1 < end and word.x0 - kept[-1].x1 <= word.bottom - word.top
        named = LETTERS.search(word.text) and word.x0 < end
        if beside or named or head.column_of(word.x0, word.x1) in {"description", "code"}:
            kept.append(word)
    return kept


def _text_of(words: Sequence[Word], head: Head | None) -> str:
    return name_of([word.text for word in words], headed=head is not None)
