"""Line items: the rows between the head of a table (or receipt) and its sums, read by column, checked by arithmetic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from documents.bands import Band, find_band
from documents.descriptions import LETTERS, Draft, Loose, drop_shelf_codes, is_weak, name_items
from documents.factors import factors, line_amount, tax_rate
from documents.facts import LineItem
from documents.headings import columns_on, find_headings
from documents.layout import place_of
from documents.nesting import drop_repeats, more_detailed

if TYPE_CHECKING:
    from documents.headings import Head
    from documents.reading import Word
    from documents.survey import Survey

_SUMS: Final = frozenset({"total", "subtotal", "rounding", "cash", "change", "tip", "count", "tax", "allowances"})
_NEVER_ITEMS: Final = frozenset({"tax_id", "rounding", "cash", "change", "count"})
_DATES: Final = frozenset({"due_date", "invoice_date"})
_MOST_CONTINUED: Final = 4
_MANY: Final = 3
_APART: Final = 0.25
_WRAPPED: Final = 0.8
"""Share of a row's height that parts the lines of one description at most."""


def find_lines(survey: Survey) -> tuple[LineItem, ...]:
    """All line items in reading order; rows that carry sums, payments or nothing but text are left out."""
    heads = find_headings(survey)
    drafts: list[Draft] = []
    for number, head in enumerate(heads):
        following = heads[number + 1].row if number + 1 < len(heads) else len(survey.sheet.rows)
        drafts.extend(_region(survey, head, head.last_row + 1, following)[0])
    if not drafts:
        parts: list[list[Draft]] = []
        start = 0
        while start < len(survey.sheet.rows):
            part, start = _region(survey, None, start, len(survey.sheet.rows))
            parts.append(part)
        drafts = more_detailed(parts)
    return tuple(draft.item for draft in drafts if draft.described or draft.item.quantity is not None)


def _ends(survey: Survey, index: int, head: Head | None) -> bool:
    """Whether a row is one of the sums under the items: a label of a sum first or last, money after it."""
    labels = [hit for hit in survey.hits_on(index) if hit.label.role in _SUMS and hit.label.weight > 1]
    money = [amount for amount in survey.amounts[index] if amount.is_money]
    if not labels:
        return False
    words = survey.sheet.rows[index].words
    leading = min(hit.first for hit in labels) <= 2 or len(words) - len(money) <= 5  # noqa: PLR2004 - a short row, or a count first
    told = leading or _announces(survey, index)
    return (bool(money) and told) or (head is None and labels[0].first == 0 and labels[0].label.weight > 2)  # noqa: PLR2004


def _announces(survey: Survey, index: int) -> bool:
    """Whether the only money of a row stands right behind the label of a total, whatever opens the row."""
    money = [amount for amount in survey.amounts[index] if amount.is_money]
    words = survey.sheet.rows[index].words
    if len(money) != 1:
        return False
    at = words.index(money[0].words[0])
    before = [hit for hit in survey.hits_on(index) if hit.last < at and hit.label.role in {"total", "subtotal"}]
    dated = {id(word) for spot in survey.dates_by_row.get(index, []) for word in spot.words}
    between = words[before[-1].last + 1 : at] if before else ()
    # A currency, a colon or the day it is due may stand between.
    loose = [word.text for word in between if id(word) not in dated and LETTERS.search(word.text)]
    return bool(before) and all(map(str.isupper, loose))


def _region(survey: Survey, head: Head | None, start: int, stop: int) -> tuple[list[Draft], int]:
    """Items from `start` on, until the sums begin, and the row behind those it looked at."""
    first_sum = next((index for index in range(start, stop) if _ends(survey, index, head)), stop) if head else stop
    band = find_band(survey, head, range(start, first_sum))
    drafts: list[Draft] = []
    entries: list[Draft | Loose] = []
    index = start
    for index in range(start, stop):
        if head and drafts and _heads_sums(survey, index):
            break
        if _ends(survey, index, head):
            entries.append(_sum_on(survey, index))
            if drafts and any(hit.label.role in {"total", "cash"} for hit in survey.hits_on(index)):
                break
            continue
        draft = _draft(survey, band, index)
        if draft is None:
            _add_text(survey, band, index, drafts, entries)
        elif not _is_sum_of(survey, draft, drafts):
            drafts.append(draft)
            entries.append(draft)
    name_items(entries, headed=head is not None, spaced=not survey.scanned)
    drafts = drop_repeats(entries)
    if survey.scanned:
        drop_shelf_codes(drafts)
    return drafts, index + 1


def _sum_on(survey: Survey, index: int) -> Loose:
    row = survey.sheet.rows[index]
    money = [amount for amount in survey.amounts[index] if amount.is_money]
    return Loose(index, "", row.words[0].x0, row.top, row.bottom, money[-1].value if money else None)


def _add_text(survey: Survey, band: Band, index: int, drafts: list[Draft], entries: list[Draft | Loose]) -> None:
    """More of the description above, or text that may name the next item; an article without a price parts them."""
    row = survey.sheet.rows[index]
    amounts = [amount for amount in survey.amounts[index] if amount.is_money]
    if not survey.scanned and (band.counts_on(row) or line_amount(band.head, amounts)):
        entries.append(Loose(index, "", row.words[0].x0, row.top, row.bottom))
        return
    words = [] if band.is_crossed_by(row) else band.words_alone_on(row)
    text = "" if _is_heading_like(survey, index) else band.text_of(words)
    if not text or _is_number(survey, index, words[0]):
        return
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    loose = Loose(index, text, words[0].x0, top, bottom)
    if drafts and _continues(survey, drafts[-1], loose, headed=band.head is not None):
        drafts[-1].item = replace(drafts[-1].item, description=f"{drafts[-1].item.description}\n{text}")
        drafts[-1].row, drafts[-1].bottom = index, bottom
    else:
        entries.append(loose)


def _is_sum_of(survey: Survey, draft: Draft, drafts: list[Draft]) -> bool:
    """Whether a row is a sum by another name: what stands above adds up to it, and it counts nothing."""
    so_far = [each.item.amount for each in drafts if each.item.amount is not None]
    if not so_far or draft.item.amount != sum(so_far) or draft.item.quantity is not None:
        return False
    counted = not survey.scanned and any(each.item.quantity is not None for each in drafts)
    return len(so_far) > 1 or counted or _is_told_a_sum(survey, draft)


def _is_told_a_sum(survey: Survey, draft: Draft) -> bool:
    """Whether the amount of a row stands right behind any label of a sum."""
    words = survey.sheet.rows[draft.row].words
    own = [each.words[0] for each in survey.amounts[draft.row] if each.value == draft.item.amount]
    behind = [
        words[hit.last + 1] for hit in survey.hits_on(draft.row) if hit.label.role in _SUMS and words[hit.last + 1 :]
    ]
    return any(first is word for first in own for word in behind)


def _is_heading_like(survey: Survey, index: int) -> bool:
    """Whether a row of text names columns, sums or fields rather than an article."""
    hits = survey.hits_on(index)
    fields = sum(hit.label.weight > 2 for hit in hits)  # noqa: PLR2004 - says one field only
    return (
        fields >= _MANY
        or len(columns_on(survey, index)) > 1
        or any(hit.label.role in _SUMS and hit.first == 0 for hit in hits)
    )


def _heads_sums(survey: Survey, index: int) -> bool:
    """Whether a row is the heading of a table of sums: labels of three and more side by side, and no number."""
    row = survey.sheet.rows[index]
    if survey.scanned or survey.amounts[index]:
        return False
    firsts = {hit.first for hit in survey.hits_on(index) if hit.label.role in _SUMS}
    return sum(any(row.words.index(phrase[0]) == first for first in firsts) for phrase in row.phrases()) >= _MANY


def _is_number(survey: Survey, index: int, first: Word) -> bool:
    """Whether a text is a number with its label ("Serial no.: 4711"): known of an article, and not its name."""
    words = survey.sheet.rows[index].words
    return any(
        hit.label.role == "other_number" and words[hit.first] is first and words[hit.last].text.endswith(":")
        for hit in survey.hits_on(index)
    )


def _continues(survey: Survey, draft: Draft, loose: Loose, *, headed: bool) -> bool:
    """Whether a row of text belongs to the item above: more of a wrapped description."""
    row, above = survey.sheet.rows[loose.row], survey.sheet.rows[draft.row]
    if row.page != above.page or loose.row - draft.row > _MOST_CONTINUED or not draft.described:
        return False
    near = loose.top - draft.bottom < _WRAPPED * row.height
    if survey.scanned and not (headed and near and _is_apart(survey, loose.row)):
        return False  # a till may print the next article's name there
    return near and abs(loose.left - draft.left) < 2 * row.height


def _is_apart(survey: Survey, index: int) -> bool:
    """Whether the row below stands twice as far from a row as that from the one above."""
    rows = survey.sheet.rows
    if index + 1 == len(rows):
        return True
    above, row, below = rows[index - 1 : index + 2]
    return below.top - row.bottom > max(_APART * row.height, 2 * (row.top - above.bottom))


def _draft(survey: Survey, band: Band, index: int) -> Draft | None:
    """The item whose numbers stand on a row, None when it has no line amount."""
    row, amounts, hits = survey.sheet.rows[index], survey.amounts[index], survey.hits_on(index)
    amount = line_amount(band.head, [each for each in amounts if each.decimals or not survey.cents])
    if amount is None or any(hit.label.role in _NEVER_ITEMS and hit.first == 0 for hit in hits):
        return None
    dated = any(hit.label.role in _DATES and hit.label.weight > 2 and hit.first == 0 for hit in hits)  # noqa: PLR2004 - says a date only
    if dated and survey.dates_by_row.get(index):
        return None  # "payable by 5 July: 29.99"
    rest = [each for each in amounts if each is not amount and each.x0 < amount.x0]
    quantity, price = factors(band.head, row, rest, amount)
    if amount.value == 0 and _is_nothing(survey, band, index, counted=quantity is not None):
        return None
    words = band.words_on(row, amount.x0, rest)
    text = band.text_of(words)
    item = LineItem(
        description=text or None,
        quantity=quantity,
        unit_price=price,
        tax_rate=tax_rate(band.head, row),
        amount=amount.value,
        place=place_of(row.page, row.words),
    )
    left = words[0].x0 if text else float("inf")
    return Draft(item, index, bool(text) and not is_weak(text), left, row.top, row.bottom)


def _is_nothing(survey: Survey, band: Band, index: int, *, counted: bool) -> bool:
    """Whether a row with 0.00 is no item: no count of it is told, or it is a discount that was not given."""
    discount = any(hit.label.role == "discount" for hit in survey.hits_on(index))
    return not counted or (discount and (survey.scanned or band.head is None))
