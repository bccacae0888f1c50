"""Amounts with the labels that announce them: beside, below, or lost and only to be found by adding up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.headings import find_headings
from documents.labels import word_lists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.layout import Hit
    from documents.numerals import Amount
    from documents.survey import Survey

_ROLES: Final = frozenset(
    {
        "total",
        "subtotal",
        "tax",
        "tip",
        "charge",
        "allowances",
        "discount",
        "rounding",
        "prepaid",
        "unpaid",
        "cash",
        "change",
        "count",
        "other_number",
        "tax_id",
    }
)
_NET: Final = {"subtotal": 3, "total": 2}
"""Weight up to which a label of the role can stand at a sum before tax."""

NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Labelled:
    """An amount with the role its label gives it; weight 0 to 3 says how plainly."""

    role: str
    weight: float
    amount: Amount
    row: int

    @property
    def value(self) -> Decimal:
        """The amount's value."""
        return self.amount.value


def labelled_amounts(survey: Survey) -> list[Labelled]:
    """Every amount that a label announces, in reading order, then those that only a sum does."""
    heads = {row for head in find_headings(survey) for row in range(head.row, head.last_row + 1)}
    found = [each for row in range(len(survey.sheet.rows)) for each in _labelled(survey, row, heads_items=row in heads)]
    return found + _added_up(survey, found)


def _labelled(survey: Survey, index: int, *, heads_items: bool) -> list[Labelled]:
    """Amounts of a row with the label on their left, or of a label that has its amounts below.

    What stands under a heading of a table of items is the amount of one item.
    """
    row, amounts = survey.sheet.rows[index], survey.amounts[index]
    own_hits = [hit for hit in survey.hits_on(index) if hit.label.role in _ROLES and not _straddles(survey, hit)]
    hits = _joined(survey, index, own_hits)
    found = _triple(amounts, index)
    for position, hit in enumerate(hits):
        following = [other.first for other in hits[position + 1 :] if other.first > hit.last]
        end = row.words[min(following)].x0 if following else float("inf")
        own = [each for each in amounts if row.words[hit.last].x0 <= each.x0 < end]
        money = [each for each in own if each.is_money]
        if hit.label.role == "total" and len(money) > 1 and NONE < money[-1].value * 3 < money[0].value:
            # A total under a table of rates: net and tax, not what is to be paid.
            found.append(Labelled("subtotal", 2, money[0], index))
            found.append(Labelled("tax", 2, money[-1], index))
        elif own:
            # Several numbers after one label: the last is the sum, the others rates, bases and counts.
            found.append(Labelled(hit.label.role, hit.label.weight, (money or own)[-1], index))
        elif not (following or heads_items) and hit.label.role in {"total", "subtotal", "tax"} and hit.label.weight > 1:
            found.extend(_below(survey, hit))
    return found


def _added_up(survey: Survey, labelled: list[Labelled]) -> list[Labelled]:
    """A total whose label is lost or torn from it: the sum of a labelled net and tax, printed below both.

    A bare "total" above the tax is such a net, where its sum with the tax is there too.
    """
    found: list[Labelled] = []
    taxes = [each for each in labelled if each.role == "tax" and each.weight > 1 and each.amount.is_money]
    known = {(each.value, each.row) for each in labelled}
    nets = [each for each in labelled if each.amount.is_money and each.weight <= _NET.get(each.role, -1)]
    for net in nets:
        for tax in taxes:
            below = max(net.row, tax.row)
            if not NONE < tax.value * 2 < net.value or tax.row < net.row:
                continue
            found.extend(
                each
                for row in range(below + 1, len(survey.amounts))
                for amount in survey.amounts[row]
                if amount.is_money
                and amount.value == net.value + tax.value
                and (net.role == "total" or (amount.value, row) not in known)
                for each in (Labelled("total", 2, amount, row), replace(net, role="subtotal"))
            )
    return found


def _straddles(survey: Survey, hit: Hit) -> bool:
    """Whether a label is made of the end of one column and the start of the next ("Montant | Total HT")."""
    words = survey.sheet.rows[hit.row].words
    return not survey.scanned and not any(
        words[hit.first] in phrase and words[hit.last] in phrase for phrase in survey.sheet.rows[hit.row].phrases()
    )


def _joined(survey: Survey, index: int, hits: list[Hit]) -> list[Hit]:
    """Labels of a row, where "total including 6 % tax" announces one sum and not a sum and a tax."""
    if not hits or hits[0].label.role not in {"total", "subtotal"}:
        return hits
    said = survey.sheet.folded(index)
    role = next((role for role in ("subtotal", "total") if said & word_lists()[f"{role}_words"]), None)
    taxes = [hit for hit in hits[1:] if hit.label.role in {"tax", "tax_id"}]
    first_amount = min((amount.x0 for amount in survey.amounts[index]), default=0.0)
    words = survey.sheet.rows[index].words
    if role is None or not taxes or any(words[hit.first].x0 > first_amount for hit in taxes):
        return hits
    label = replace(hits[0].label, role=role, weight=3)
    whole = replace(hits[0], label=label, last=max(hit.last for hit in taxes))
    return [whole, *(hit for hit in hits[1:] if hit not in taxes)]


def _triple(amounts: Sequence[Amount], row: int) -> list[Labelled]:
    """Net, tax and gross side by side prove each other without any label."""
    money = [each for each in amounts if each.decimals == 2]  # noqa: PLR2004 - cents
    for net, tax, gross in zip(money, money[1:], money[2:], strict=False):
        if tax.value > 0 and net.value + tax.value == gross.value and tax.value < net.value:
            return [Labelled("net", 2, net, row), Labelled("vat", 2, tax, row), Labelled("gross", 2, gross, row)]
    return []


def _below(survey: Survey, hit: Hit) -> list[Labelled]:
    """Amounts on the first row under a label that has none beside it."""
    nearest = survey.sheet.below(hit, reach=1.0)
    if not nearest:
        return []
    index = nearest[0][0]
    words = {id(word) for row, phrase in nearest if row == index for word in phrase}
    under = [each for each in survey.amounts[index] if each.is_money and any(id(word) in words for word in each.words)]
    return [Labelled(hit.label.role, hit.label.weight - 0.9, each, index) for each in under[:1]]
