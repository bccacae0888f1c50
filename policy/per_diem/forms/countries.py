"""Countries as the Department of State writes them, to their ISO 3166-1 codes."""

from functools import cache
from typing import Final

from policy.per_diem.where import plain

__all__ = ["code_of"]

_LETTERS: Final = 2
# Where its names differ from those of the Unicode CLDR.
_WRITTEN: Final = {
    "antigua and barbuda": "AG", "ascension island": "SH", "burma": "MM", "bahamas the": "BS",
    "bonaire sint eustatius and saba": "BQ", "bosnia and herzegovina": "BA", "cabo verde": "CV",
    "chagos archipelago": "IO", "dem peoples republic of korea": "KP", "democratic republic of the congo": "CD",
    "falkland islands (islas malvinas)": "FK", "gambia the": "GM", "holy see": "VA", "hong kong": "HK",
    "korea south": "KR", "macau": "MO", "micronesia federated states of": "FM", "republic of the congo": "CG",
    "saint helena": "SH", "saint kitts and nevis": "KN", "saint vincent and the grenadines": "VC",
    "sao tome and principe": "ST", "trinidad and tobago": "TT", "turkey": "TR", "turks and caicos islands": "TC",
    "virgin islands british": "VG", "wallis and futuna": "WF",
}  # fmt: skip


def code_of(name: str) -> str | None:
    """Return the code of a country, None where the name is no country's."""
    written = {plain(known): code for known, code in _WRITTEN.items()}
    return written.get(plain(name)) or _of_the_cldr().get(plain(name))


@cache
def _of_the_cldr() -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415 -- only a table being made needs it; loading it takes a while

    territories = Locale("en").territories
    return {plain(name): code for code, name in territories.items() if len(code) == _LETTERS and code.isalpha()}
