"""ALCOHOL: the words of a line speak of alcohol."""

from policy.checks.keywords import KeywordSettings, keyword_check
from policy.checks.prepare import Find

__all__ = ["Settings", "prepare"]


class Settings(KeywordSettings):
    """Words for drinks, in the languages receipts come in.

    A merchant's name says where, not what: a wine bar serves lunch. It counts only where `merchants` says so.
    """

    merchants: bool = False


def prepare(settings: Settings) -> Find:
    """Return the check."""
    return keyword_check("ALCOHOL", settings, "The word {!r} speaks of alcohol.".format)
