"""PERSONAL_SPEND: the words of a line or of the merchant speak of something bought for oneself."""

from policy.checks.keywords import KeywordSettings, keyword_check
from policy.checks.prepare import Find

__all__ = ["Settings", "prepare"]


class Settings(KeywordSettings):
    """Words for what a company does not buy, in the languages receipts come in."""


def prepare(settings: Settings) -> Find:
    """Return the check."""
    return keyword_check("PERSONAL_SPEND", settings, "The word {!r} speaks of personal spending.".format)
