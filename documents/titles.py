"""What kind of document this is, by its title and by what invoices of a kind always carry."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from documents.facts import DocumentType, Found
from documents.labels import fold, title_labels

if TYPE_CHECKING:
    from documents.labels import Label
    from documents.reading import Word
    from documents.survey import Survey

_TITLE_WORDS: Final = 5
_STRONG: Final = 3
_LARGE: Final = 1.25
"""Share of the usual height of print from which a row stands out as a title does."""

_SPECIAL: Final = ("credit_note", "property_tax_bill", "utility_bill", "statement")
"""What only a plain title makes a document, however often its text speaks of it."""


def find_type(survey: Survey) -> tuple[Found[DocumentType] | None, bool]:
    """The document's type, and whether its title says it is no claim for money at all (an order, a quotation)."""
    votes: Counter[str] = Counter()
    heights = sorted(row.height for row in survey.sheet.rows) or [1.0]
    taxed = any(hit.label.role == "tax" for hit in survey.hits)
    for index, row in enumerate(survey.sheet.rows):
        for hit in survey.sheet.find_in(index, title_labels()):
            # A title stands in a short phrase; in running text the same word says little.
            phrase = next((each for each in row.phrases() if row.words[hit.first] in each), row.words)
            alone = len(phrase) <= _TITLE_WORDS
            large = row.height > _LARGE * heights[len(heights) // 2]
            if hit.label.role == "order" and not large and not _stands_alone(phrase, row.words[hit.last], hit.label):
                continue  # an order is named on its invoice too: "Order no.: 4711", "as ordered on 1 March"
            if hit.label.tokens == ("statement",) and (taxed or phrase[-1] is not row.words[hit.last]):
                continue  # what charges a tax of its own lists no other invoices; "see our statement on" is no title
            votes[hit.label.role] += _STRONG if alone and hit.label.role not in {"invoice", "receipt"} else 1 + alone
    orders = votes.pop("order", 0)
    votes = Counter({kind: count for kind, count in votes.items() if kind not in _SPECIAL or count >= _STRONG})
    if not votes:
        return None, orders >= _STRONG
    best, count = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
    special = [kind for kind in _SPECIAL if votes[kind] >= _STRONG]
    if special and votes[special[0]] * 2 >= count:
        best = special[0]
    return Found(cast("DocumentType", best), 0.9 if votes[best] >= _STRONG else 0.7), orders > sum(votes.values())


def _stands_alone(phrase: tuple[Word, ...], last: Word, title: Label) -> bool:
    """Whether a phrase is a title and no more, a number behind it left aside."""
    after = [word for word in phrase[phrase.index(last) + 1 :] if not any(letter.isdigit() for letter in word.text)]
    whole = fold(last.text)[-1:] == title.tokens[-1:]  # "Lieferschein-Nr" is one word, and no title
    return whole and not after and not last.text.endswith((":", "."))
