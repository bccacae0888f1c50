"""Account numbers inside free text: merchants and descriptions travel in the open, so none may stand in them."""

import re
from typing import Final

from stdnum import iban, luhn

__all__ = ["without_accounts"]

# As they are written and embossed: in one piece, or in the groups of the card or of four.
_CARD: Final = re.compile(r"(?<!\d)(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3}|\d{4}[ -]\d{6}[ -]\d{4,5})(?!\d)", re.ASCII)
_IBAN: Final = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Z0-9])", re.ASCII
)
_SHOWN: Final = 4
# A shorter account, a branch number for example, may stand in a text by chance.
_LEAST: Final = 6


def without_accounts(text: str, account: str) -> str:
    """Return a text with the line's own account, valid card numbers and valid IBANs masked but for four characters.

    A number counts as a card's by its length and check digit (ISO/IEC 7812-1), as an IBAN by ISO 13616.
    """
    if len(account) >= _LEAST and account in text:
        text = text.replace(account, _masked(account))
    text = _CARD.sub(lambda found: _masked(found[0]) if _is_card(found[0]) else found[0], text)
    return _IBAN.sub(lambda found: _without_iban(found[0]), text)


def _without_iban(text: str) -> str:
    # The word behind a grouped number may look like one group more.
    groups = text.split(" ")
    for end in range(len(groups), 0, -1):
        if iban.is_valid("".join(groups[:end]), check_country=False):
            return " ".join((_masked(" ".join(groups[:end])), *groups[end:]))
    return text


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return bool(digits.strip("0")) and luhn.is_valid(digits)


def _masked(text: str) -> str:
    return "*" * (len(text) - _SHOWN) + text[-_SHOWN:]
