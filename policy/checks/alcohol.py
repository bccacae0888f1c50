"""ALCOHOL: the words of a line or of the merchant speak of alcohol."""

from policy.checks.keywords import KeywordSettings, keyword_check
from policy.checks.prepare import Find

__all__ = ["Settings", "prepare"]


class Settings(KeywordSettings):
    """Words for drinks and places that sell them, in the languages receipts come in."""


def prepare(settings: Settings) -> Find:
    """Return the check."""
    return keyword_check("ALCOHOL", settings, "The word {!r} speaks of alcohol.".format)
