"""A tax told in several rows, by rate, by levy or by part of the document: their sum, and how it was rounded."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from documents.announced import NONE, Labelled
from documents.en16931.terms import to_cents
from documents.factors import tax_rate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from documents.survey import Survey

_PLAIN: Final = 1.5
"""Weight from which a label stands at its own amount: what only stands under a column's heading weighs less."""

_SEVERAL: Final = 2


@dataclass(frozen=True, slots=True)
class Shares:
    """What makes a total: nets and taxes as printed, each with its row, and what they add up to.

    `net` is None where no row tells it and the lines make it.
    """

    net: Labelled | None
    tax: Labelled
    taxes: tuple[Labelled, ...]


def find_shares(
    survey: Survey,
    total: Labelled,
    by_role: Mapping[str, Sequence[Labelled]],
    lines: Decimal,
    gaps: Collection[Decimal],
) -> Shares | None:
    """The rows above a total that make it to the cent, where net, tax or both are told in more than one.

    Every tax above the total counts: a choice among them would sooner or later add up by chance. `lines` is the sum of
    the line items, `gaps` what may be left between net with tax and total.
    """
    taxes, nets = (_told(by_role.get(role, ()), total.row) for role in ("tax", "subtotal"))
    if not taxes or max(len(taxes), len(nets)) < _SEVERAL:
        return None
    tax = _summed(survey, taxes)
    sums: list[Labelled | None] = [*nets, *([_summed(survey, nets)] if len(nets) >= _SEVERAL else [])]
    if len(taxes) >= _SEVERAL and lines:
        sums.append(None)
    for allowed in ({NONE}, gaps):
        for net in sums:
            base = lines if net is None else net.value
            if NONE < abs(tax.value) < abs(base) and total.value - base - tax.value in allowed:
                return Shares(net, tax, taxes)
    return None


def find_rates(survey: Survey, total: Decimal, by_role: Mapping[str, Sequence[Labelled]]) -> Shares | None:
    """The rows of net, tax and gross, one a rate, whose gross amounts make a total."""
    triples = zip(*(by_role.get(role, ()) for role in ("net", "vat", "gross")), strict=True)
    rows = [(net, tax, gross) for net, tax, gross in triples if gross.value != total]
    if len(rows) < _SEVERAL or sum(gross.value for *_, gross in rows) != total:
        return None
    nets, taxes, _ = zip(*rows, strict=True)
    return Shares(_summed(survey, nets), _summed(survey, taxes), taxes)


def of_each_rate(survey: Survey, labelled: Iterable[Labelled], total: Decimal) -> Labelled | None:
    """The sum of tax rows that each print a rate of their own, where nothing proves it: no one of them is the tax.

    None where a rate is printed twice or not at all, so that a row may repeat or sum up others.
    """
    taxes = _told([each for each in labelled if each.role == "tax"], len(survey.sheet.rows))
    rates = {tax_rate(None, survey.sheet.rows[each.row]) for each in taxes} - {None}
    if len(taxes) < _SEVERAL or len(rates) < len(taxes):
        return None
    tax = _summed(survey, taxes)
    return tax if abs(tax.value) < abs(total) / 2 else None


def rounded_apart(survey: Survey, shares: Shares) -> str | None:
    """Say where rows of one rate, each rounded by itself, make another tax than the rate of their sum does.

    Both ways of rounding are in use, and the law of most countries allows either (Court of Justice of the European
    Union, C-484/06); what is owed then differs by a cent between a page and the data sent with it. None where they
    agree, or where rows do not print rate and taxable amount.
    """
    bases: defaultdict[Decimal, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for each in shares.taxes:
        rate = tax_rate(None, survey.sheet.rows[each.row])
        base = None if rate is None else _base(survey, each, rate)
        if rate is None or base is None:
            return None
        bases[rate].append((base, each.value))
    if shares.net is None or sum(base for rows in bases.values() for base, _ in rows) != shares.net.value:
        return None  # two levies on the same amount are two taxes, not one that is rounded in parts
    for rate, rows in bases.items():
        base, tax = (sum(column, NONE) for column in zip(*rows, strict=True))
        whole = to_cents(base * rate / 100)
        if whole != tax:
            return f"{rate} % of {base} is {whole}, the rows of that rate make {tax}"
    return None


def _base(survey: Survey, tax: Labelled, rate: Decimal) -> Decimal | None:
    """The amount on a tax's own row that it is the rate of, to the cent."""
    beside = (each.value for each in survey.amounts[tax.row] if each != tax.amount)
    return next((each for each in beside if to_cents(each * rate / 100) == tax.value), None)


def _told(labelled: Sequence[Labelled], below: int) -> tuple[Labelled, ...]:
    """What rows above one tell plainly, the last of each row, in reading order; nothing owed is nothing told."""
    plain = (each for each in labelled if each.amount.is_money and each.weight > _PLAIN)
    by_row = {each.row: each for each in plain if each.row < below and each.value}
    return tuple(by_row[row] for row in sorted(by_row))


def _summed(survey: Survey, parts: Sequence[Labelled]) -> Labelled:
    """Their sum, standing where they stand on the page of the last."""
    last = parts[-1]
    page = survey.sheet.rows[last.row].page
    words = tuple(word for each in parts if survey.sheet.rows[each.row].page == page for word in each.amount.words)
    whole = replace(last.amount, value=sum((each.value for each in parts), NONE), words=words)
    return replace(last, amount=whole)
