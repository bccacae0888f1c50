"""Whole words in what was bought, in any of the languages a policy lists."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from policy.checks.prepare import Find, found
from policy.facts import Expense
from policy.models import CheckSettings
from schemas.records import Finding

__all__ = ["KeywordSettings", "keyword_check"]


class KeywordSettings(CheckSettings):
    """`words` are looked for whole, whatever their capitals; `merchants` says whether the seller's name counts too."""

    words: tuple[Annotated[str, Field(min_length=2, max_length=60)], ...] = Field(min_length=1)
    merchants: bool = True


def keyword_check(code: str, settings: KeywordSettings, say: Callable[[str], str]) -> Find:
    """Return a check that finds each line, or the merchant, that has one of the words; `say` makes the message.

    The message names the word of the policy, never the line's text, which can be personal.
    """
    words = sorted({word.casefold() for word in settings.words}, key=lambda word: (-len(word), word))
    search = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)").search

    def find(expense: Expense) -> Sequence[Finding]:
        findings = []
        for line in expense.lines:
            hit = search(line.description.casefold()) if line.description else None
            if hit is not None:
                findings.append(found(code, settings, say(hit[0]), line.number))
        if settings.merchants and expense.merchant:
            hit = search(expense.merchant.casefold())
            if hit is not None:
                findings.append(found(code, settings, say(hit[0])))
        return findings

    return find
