"""What is stated about the place of a spend, taken apart: country, US state, county, ZIP, name. Nothing is guessed."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from policy.per_diem.states import STATES, TERRITORIES, state_of_zip

__all__ = ["Where", "plain", "where_of"]

_UNITED_STATES: Final = "US"
# The one district that is a city.
_CAPITAL: Final = ("DC", "washington")
_ZIP: Final = re.compile(r"(?<![\w-])(\d{5})(?:-\d{4})?(?![\w-])")
_COUNTRY_WORDS: Final = frozenset({"usa", "us", "united states", "united states of america"})
_COUNTY: Final = re.compile(r"^(?:county of )?(.+?) (?:county|counties|parish|borough)$|^county of (.+)$")
_CODES: Final = {code.lower(): code for code in STATES.values()}
# Names are written both ways; the first word only, since an avenue is abbreviated like a saint's name elsewhere.
_SHORT: Final = {"saint": "st", "fort": "ft", "mount": "mt"}


@dataclass(frozen=True, slots=True)
class Where:
    """What is known of a place. `names` are all that is said of its name, then each part; `conflict` says what clashes.

    `foreign` is set where no country is stated and the state's letters are also a country's: CA may be Canada.
    """

    country: str | None
    state: str | None
    zip: str | None
    county: str | None
    names: tuple[str, ...]
    conflict: str = ""
    foreign: str | None = None

    @property
    def stated(self) -> bool:
        """Tell whether anything is stated at all."""
        return bool(self.country or self.state or self.zip or self.county or self.names)


def plain(name: str) -> str:
    """Return a name as places are compared: no capitals, accents, points, hyphens or surplus spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    words = re.sub(r"[-\u2010-\u2015/,]", " ", re.sub(r"[.'\u2018\u2019`]", "", bare.casefold())).split()
    if words:
        words[0] = _SHORT.get(words[0], words[0])
    return " ".join(words)


@lru_cache(maxsize=65_536)
def where_of(country: str | None, locality: str | None) -> Where:
    """Return what a country (ISO 3166-1 alpha-2) and a locality say.

    A US locality is a city or county with its state or ZIP, in any of the usual orders and spellings. A ZIP is only
    taken for one where the country or the state is stated: other countries write five digits too.
    """
    code = country.strip().upper() if country and country.strip() else None
    state = code if code in TERRITORIES else None
    if state:
        code = _UNITED_STATES
    text = locality or ""
    if code not in {None, _UNITED_STATES}:
        return _abroad(code, _parts(text))
    zips = set(_ZIP.findall(text))
    parts = _parts(_ZIP.sub(" ", text))
    if parts and parts[-1] in _COUNTRY_WORDS:
        code = _UNITED_STATES
        parts.pop()
    said, left = _state(parts)
    if code is None and said is None:
        # Neither country nor state: the digits may be any country's.
        return Where(None, None, None, *_county_and_names(_parts(text)))
    conflict = _conflict(zips, {found for found in (state, said) if found})
    if conflict:
        return Where(_UNITED_STATES, None, None, None, (), conflict)
    digits = next(iter(zips), None)
    known = state or said or (state_of_zip(digits) if digits else None)
    if known == _CAPITAL[0] and not left:
        left = [_CAPITAL[1]]
    return Where(_UNITED_STATES, known, digits, *_county_and_names(left), foreign=said if code is None else None)


def _parts(text: str) -> list[str]:
    return [part for part in (plain(piece) for piece in text.split(",")) if part]


def _abroad(code: str | None, parts: list[str]) -> Where:
    return Where(code, None, None, None, _names(parts))


def _conflict(zips: set[str], states: set[str]) -> str:
    if len(zips) > 1:
        return f"{len(zips)} ZIP codes are stated"
    lies_in = {found for found in (state_of_zip(code) for code in zips) if found}
    if len(states | lies_in) > 1:
        return f"what is stated lies in several states: {', '.join(sorted(states | lies_in))}"
    return ""


def _state(parts: list[str]) -> tuple[str | None, list[str]]:
    """Return the state that a locality ends with, and what stands before it. A name alone is a city, not a state."""
    if not parts:
        return None, parts
    *before, last = parts
    if last in _CODES:
        return _CODES[last], before
    words = last.split()
    # The longest ending first: "west virginia" is not a place called West in Virginia.
    for count in (3, 2, 1):
        ending = " ".join(words[-count:])
        known = STATES.get(ending) or _CODES.get(ending)
        if known and (before or len(words) > count):
            return known, [*before, " ".join(words[:-count])] if len(words) > count else before
        if known:
            break
    return None, parts


def _county_and_names(parts: list[str]) -> tuple[str | None, tuple[str, ...]]:
    county, names = None, []
    for part in parts:
        hit = _COUNTY.match(part)
        if hit:
            county = plain(hit[1] or hit[2])
        else:
            names.append(part.removeprefix("city of ").removeprefix("town of "))
    return county, _names(names)


def _names(parts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((" ".join(parts), *parts))) if parts else ()
