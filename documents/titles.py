"""What kind of document this is, by its title and by what invoices of a kind always carry."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from documents.facts import DocumentType, Found
from documents.labels import title_labels

if TYPE_CHECKING:
    from documents.survey import Survey

_TITLE_WORDS: Final = 5
_STRONG: Final = 3


def find_type(survey: Survey) -> tuple[Found[DocumentType] | None, bool]:
    """The document's type, and whether its title says it is no claim for money at all (an order, a quotation)."""
    votes: Counter[str] = Counter()
    for index, row in enumerate(survey.sheet.rows):
        for hit in survey.sheet.find_in(index, title_labels()):
            # A title stands in a short phrase; in running text the same word says little.
            phrase = next((each for each in row.phrases() if row.words[hit.first] in each), row.words)
            alone = len(phrase) <= _TITLE_WORDS
            votes[hit.label.role] += _STRONG if alone and hit.label.role not in {"invoice", "receipt"} else 1 + alone
    orders = votes.pop("order", 0)
    if not votes:
        return None, orders >= _STRONG
    best, count = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
    special = [
        kind for kind in ("credit_note", "property_tax_bill", "utility_bill", "statement") if votes[kind] >= _STRONG
    ]
    if special and votes[special[0]] * 2 >= count:
        best = special[0]
    return Found(cast("DocumentType", best), 0.9 if votes[best] >= _STRONG else 0.7), orders > sum(votes.values())
