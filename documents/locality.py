"""Where a document comes from, by what is printed on it: that decides currency signs, decimal marks and date orders.

Every rule is evidence with a weight. Nothing found means nothing known; there is no default country.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from documents.labels import language_words

if TYPE_CHECKING:
    from documents.dates import Order
    from documents.numerals import Mark

_WORDS: Final[tuple[tuple[str, int, str], ...]] = (
    ("MY", 3, r"sdn\.?\s*bhd|s\.?d\.?n\.?\s?b\.?h\.?d|malaysia|\(\s?\d{5,7}\s?-\s?[a-z]\s?\)"),
    ("MY", 2, r"jalan|jln|taman|kuala lumpur|selangor|johor|penang|kampung|seksyen|rm\s?\d+\.\d\d"),
    ("MY", 2, r"petaling jaya|shah alam|klang|ipoh|perak|pahang|melaka|\(rm\)"),
    ("SG", 3, r"singapore|s\$\s?\d+|pte\.?\s*ltd"),
    ("US", 3, r"united states|u\.?s\.?a|us dollars?"),
    ("CA", 3, r"canada"),
    ("GB", 3, r"united kingdom|england|scotland|companies house"),
    ("IE", 3, r"ireland"),
    ("IN", 3, r"india|gstin|pvt\.?\s*ltd|private limited"),
    ("AU", 3, r"australia|pty\.?\s*ltd"),
    ("NZ", 3, r"new zealand"),
    ("DE", 3, r"deutschland|germany|amtsgericht|handelsregister|registergericht"),
    ("DE", 2, r"gmbh|straße|str\.\s?\d+|mwst|ust-?id\S*"),
    ("AT", 3, r"österreich|austria"),
    ("CH", 3, r"schweiz|suisse|switzerland"),
    ("FR", 3, r"france|siret|siren|tva intracom\w*|sarl|cedex"),
    ("BE", 3, r"belgi(?:ë|que|um|e)"),
    ("NL", 3, r"nederland|netherlands|kvk|btw"),
    ("ES", 3, r"españa|spain|n\.?i\.?f|c\.?i\.?f"),
    ("IT", 3, r"italia|italy|p(?:artita|\.)\s?iva|codice fiscale|s\.?r\.?l"),
    ("PT", 3, r"portugal|contribuinte|nipc"),
    ("BR", 3, r"brasil|brazil|cnpj"),
    ("MX", 3, r"méxico|mexico|cfdi"),
    ("PL", 3, r"polska|poland|zł|spółka"),
    ("SE", 3, r"sverige|sweden"),
    ("DK", 3, r"danmark|denmark|cvr"),
    ("NO", 3, r"norge|norway"),
    ("JP", 3, r"japan|日本"),
    ("MA", 3, r"maroc|morocco|dhs?|rabat|casablanca"),
)
"""Words in any case: names of countries and their towns, legal forms, names of taxes and registers."""

_STATES: Final = (
    r"A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_CODES: Final[tuple[tuple[str, int, str], ...]] = (
    (
        "US",
        3,
        rf"(?:{_STATES})\.?,?\s+\d{{5}}(?:-\d{{4}})?",
    ),
    ("CA", 3, r"[ABCEGHJ-NPRSTVXY]\d[A-Z]\s?\d[A-Z]\d"),
    ("GB", 3, r"[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}|GB\s?\d{9}|GB\s?\d{3}\s\d{4}\s\d{2}"),
    ("IE", 3, r"IE\d{7}[A-Z]{1,2}"),
    ("IN", 3, r"\d{2}[A-Z]{5}\d{4}[A-Z]\dZ[A-Z\d]|IFSC"),
    ("AU", 3, r"(?:NSW|VIC|QLD)\s+\d{4}|ABN"),
    ("DE", 3, r"DE\s?\d{3}\s?\d{3}\s?\d{3}|HRB\s?\d+|D-\d{5}"),
    ("AT", 3, r"ATU\d{8}|A-\d{4}"),
    ("CH", 3, r"CHE-?\d{3}\S*|CH-\d{4}|CHF"),
    ("FR", 3, r"FR\s?\d{2}\s?\d{3}\s?\d{3}\s?\d{3}|RCS|SAS"),
    ("BE", 3, r"BE\s?0\d{3}\.?\d{3}\.?\d{3}"),
    ("NL", 3, r"NL\d{9}B\d{2}"),
    ("NL", 1, r"\d{4}\s?[A-Z]{2}\s+[A-Z][a-z]+"),
    ("ES", 3, r"ES[A-Z]?\d{7,8}[A-Z]?"),
    ("IT", 3, r"IT\d{11}"),
    ("PT", 3, r"PT\d{9}|\d{4}-\d{3}\s+[A-Z][a-z]+"),
    ("MX", 3, r"RFC"),
    ("PL", 3, r"NIP|PLN"),
    ("SE", 3, r"SE\d{12}|SEK"),
    ("DK", 3, r"DKK"),
    ("NO", 3, r"NOK"),
    ("JP", 3, r"JPY"),
)
"""Post codes, tax ids and registers, which mean something in capitals only."""

_COMPILED: Final = tuple(
    (country, weight, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", flags))
    for table, flags in ((_WORDS, re.IGNORECASE), (_CODES, 0))
    for country, weight, pattern in table
)
SURE: Final = 3
"""Evidence from which a country is believed."""

_FEWEST_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Locality:
    """What a document's own words say about where it comes from; every part can be unknown."""

    country: str | None
    language: str | None

    @property
    def currency(self) -> str | None:
        """Legal tender of the country today (CLDR through babel)."""
        tenders = get_global("territory_currencies").get(self.country or "", ())
        current = [code for code, _, until, tender in tenders if until is None and tender]
        return current[0] if current else None

    @property
    def order(self) -> Order | None:
        """Order of day and month in short dates: by country, else by a language that has only one."""
        if self.country == "US":
            return "mdy"
        if self.country in {"CA", "JP"}:
            return None  # both orders are in daily use
        if self.country:
            return "dmy"
        return "dmy" if self.language not in {None, "en"} else None

    @property
    def mark(self) -> Mark | None:
        """Decimal mark of the language in the country (CLDR through babel)."""
        language = self.language or ("en" if self.country in {"US", "GB", "MY", "SG", "IN", "AU", "NZ", "IE"} else None)
        if language is None:
            return None
        tags = [f"{language}_{self.country}", language] if self.country else [language]
        for tag in tags:
            try:
                symbol = Locale.parse(tag).number_symbols["latn"]["decimal"]
            except (UnknownLocaleError, ValueError, LookupError):
                continue
            return "," if symbol == "," else "."
        return None


def locate(text: str) -> Locality:
    """Country and language of a text, each only with enough evidence and a clear lead over the next best."""
    votes: Counter[str] = Counter()
    for country, weight, pattern in _COMPILED:
        found = len(pattern.findall(text))
        votes[country] += weight * min(found, 3)
    ranked = votes.most_common(2)
    leader = None
    if ranked and ranked[0][1] >= SURE and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
        leader = ranked[0][0]
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    spoken = Counter({name: sum(words[word] for word in table) for name, table in language_words().items()})
    best = spoken.most_common(2)
    language = best[0][0] if best[0][1] >= _FEWEST_WORDS and best[0][1] > best[1][1] else None
    return Locality(leader, language)
