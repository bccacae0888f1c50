"""From the seller as printed to a name that two documents of one seller share.

Card networks squeeze a merchant into 22 to 40 characters: processor, name, store number, order reference, phone,
city, state. What is cut away here is only what identifies a transaction or a branch; the rest is the key that the
vendor master is asked with. Cutting too much merges two vendors into one, which is worse than leaving a city on.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from cleanco import basename, prepare_default_terms  # type: ignore[import-untyped] # it ships no types
from pydantic import BaseModel, ConfigDict

from consumers.folding import fold
from consumers.rulefile import read_rules, rules_version

__all__ = ["SHIPPED", "Merchant", "MerchantRules", "Normalise", "load_normaliser", "shipped_normaliser"]

SHIPPED: Final = Path(__file__).with_name("merchants.yaml")
# Repeated merchants dominate card feeds; 64k of them are about 20 MB.
_CACHE: Final = 65_536
# The shortest name field of the card networks (Visa and Mastercard clear 22 to 25 characters).
_FIELD_WIDTH: Final = 18
# Fewer letters or digits than this cannot tell one seller from another.
_LEGIBLE: Final = 2
_PHONE: Final = re.compile(r"\+?\(?\d{2,4}\)?[-. ]\d{3}[-. ]?\d{3,4}\b|\b\d{3}-\d{4}\b|\+?\b\d{10,13}\b")
_NUMBER: Final = re.compile(r"[#(]*\d{3,}\)?|#\d+|[A-Z]{1,3}[-/]?\d{3,}", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"(?=(?:\D*\d){2})(?=.*[A-Z])[A-Z0-9-]{6,}", re.IGNORECASE)
_WWW: Final = re.compile(r"\b(?:https?://)?www[. ]([\w-]+(?:\.[\w-]*)*)\.?(?:/\S*)?", re.IGNORECASE)
# A feed's own number before the name; and one that a fixed field has pushed into the word before it.
_LEADING: Final = re.compile(r"^\s*\d{5,}\s+(?=\S*[^\W\d_]{3})")
_GLUED: Final = re.compile(r"(?<=[^\W\d_]{3})(?=\d{6,}\b)")
# A random token: letters that no word has so few vowels among.
_TOKEN: Final = re.compile(r"(?=\D*\d)[A-Z0-9]{8,}", re.IGNORECASE)
_VOWELS: Final = frozenset("aeiouyAEIOUY")
_VOWELS_ONE_IN: Final = 5
# Names shorter than this are another's as soon as anything is taken from them.
_SHORTEST_CORE: Final = 4
_SHORTEST_JOINED: Final = 6
_LEGAL_LAST: Final = frozenset(parts[-1] for _, parts in prepare_default_terms())


class _Processor(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    mark: str
    name: str
    loose: bool = False


class MerchantRules(BaseModel):
    """How raw merchant text is written, as data (`merchants.yaml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    processors: list[_Processor]
    spellings: dict[str, str]
    cut_forms: list[str]
    generic: list[list[str]]
    neutral: list[str]
    bodies: list[str]
    branch_words: list[str]
    domains: list[list[str]]
    places: list[list[str]]


@dataclass(frozen=True, slots=True)
class Merchant:
    """A seller's name without what identifies only the transaction or the branch.

    `name` is for people, `key` (folded words) for matching, `identity` (the key without spaces) for ids. `key` is
    empty where nothing legible is left. `distinct` is False for a name of generic words alone. `bare` is the key as
    it is when a feed has lost its `&`, `core` the same without the neutral words behind it.
    """

    name: str
    key: str
    identity: str
    processor: str | None
    distinct: bool
    bare: str = ""
    core: str = ""


Normalise = Callable[[str], Merchant]


def load_normaliser(path: Path = SHIPPED) -> Normalise:
    """Return the function from raw merchant text to `Merchant`, compiled once from a rule file and cached.

    Raises:
        RuleFileError: the rule file cannot be used.

    """
    return _compile(read_rules(path, MerchantRules))


@cache
def shipped_normaliser() -> tuple[Normalise, str]:
    """Return the shipped normaliser, shared by a process so that its cache is, and the version of its rules."""
    return load_normaliser(), rules_version(SHIPPED)


def _compile(rules: MerchantRules) -> Normalise:
    tight = "|".join(re.escape(p.mark) for p in sorted(rules.processors, key=lambda p: -len(p.mark)))
    loose = "|".join(re.escape(p.mark) for p in sorted(rules.processors, key=lambda p: -len(p.mark)) if p.loose)
    processor = re.compile(rf"\s*(?:({tight})(?:\s*\*\s*|\s\s+)|({loose})\s)(?=\S*[^\W\d_]{{2}})", re.IGNORECASE)
    names = {p.mark.upper(): p.name for p in rules.processors}
    endings = "|".join(re.escape(d) for group in rules.domains for d in group)
    domain = re.compile(rf"(?:https?://)?(?:www\.)?([\w-]{{2,}})\.(?:{endings})?\.?(?:/\S*)?(?=\s|$)", re.IGNORECASE)
    address = _addresses(rules)
    branch = re.compile(rf"(?:{'|'.join(rules.branch_words)})\.?", re.IGNORECASE)
    places = frozenset(code for group in rules.places for code in group)
    generic = frozenset(word for group in rules.generic for word in group)
    cut_forms, neutral = frozenset(rules.cut_forms), frozenset(rules.neutral)
    spell = _speller(rules.spellings)

    @lru_cache(maxsize=_CACHE)
    def normalise(raw: str) -> Merchant:
        text = unicodedata.normalize("NFKC", raw)
        passed_by = None
        while hit := processor.match(text):
            passed_by = passed_by or names[(hit[1] or hit[2]).upper()]
            text = text[hit.end() :]
        text = _GLUED.sub(" ", _LEADING.sub("", domain.sub(r"\1 ", address(_before_star(text)))))
        words = _drop_location(_PHONE.sub(" 000 ", text), branch, places, generic)
        name = _drop_legal_form(words, cut_forms if len(raw.rstrip()) >= _FIELD_WIDTH else frozenset())
        key = spell(fold(name).removeprefix("the "))
        if sum(c.isalnum() for c in key) < _LEGIBLE or not any(c.isalpha() for c in key):
            return Merchant(name, "", "", passed_by, distinct=False)
        distinct = not generic.issuperset(key.split())
        return Merchant(name, key, key.replace(" ", ""), passed_by, distinct, _bare(key), _bare(_core(key, neutral)))

    return normalise


def _addresses(rules: MerchantRules) -> Callable[[str], str]:
    """Return what replaces a web address by the name in it: what stands before its ending, not what stands first.

    A fixed field may have cut the ending off anywhere. A body that an ending names stays in the name.
    """
    endings = frozenset(label for group in rules.domains for ending in group for label in ending.split("."))
    bodies = frozenset(rules.bodies)

    def cut(label: str) -> bool:
        return label in endings or any(e.startswith(label) for e in endings if len(e) > len(label))

    def named(hit: re.Match[str]) -> str:
        labels = [label for label in hit[1].casefold().split(".") if label and label != "www"]
        told = next((label for label in labels[1:] if label in bodies), "")
        while len(labels) > 1 and cut(labels[-1]):
            labels.pop()
        return f"{' '.join((*labels[-1:], told))} "

    return lambda text: _WWW.sub(named, text)


def _core(key: str, neutral: frozenset[str]) -> str:
    """Return a key without the neutral words behind it, as long as enough is left to name somebody."""
    words = key.split()
    while len(words) > 1 and words[-1] in neutral:
        words.pop()
    core = " ".join(words)
    return core if len(core) >= _SHORTEST_CORE else key


def _bare(key: str) -> str:
    """Return a key without "and", which feeds lose with its sign, and without spaces where it is long enough."""
    words = [word for word in key.split() if word != "and"] or [key]
    joined = "".join(words)
    return joined if len(joined) >= _SHORTEST_JOINED else " ".join(words)


def _before_star(text: str) -> str:
    """Return what stands before a star: after it comes an order or a product, unless too little stands before."""
    before, star, after = text.partition("*")
    if not star:
        return text
    short = sum(c.isalpha() for c in before) <= _LEGIBLE and sum(c.isalpha() for c in after) > _LEGIBLE
    return after.replace("*", " ") if short else before


def _drop_location(text: str, branch: re.Pattern[str], places: frozenset[str], generic: frozenset[str]) -> list[str]:
    """Return the words before the store number, order reference or place, as long as they name somebody."""
    words = text.split()
    for place, word in enumerate(words):
        if place and (_NUMBER.fullmatch(word) or _REFERENCE.fullmatch(word) or _random(word)):
            end = place - 1 if place > 1 and branch.fullmatch(words[place - 1]) else place
            before = [w for w in fold(" ".join(words[:end])).split() if w not in generic]
            if sum(len(w) for w in before) > _LEGIBLE:
                return words[:end]
            return [w for w in words if not _NUMBER.fullmatch(w)]
    # A code last, after at least a name and a city; as a second word it may be the name itself.
    return words[:-1] if len(words) > len(("name", "city")) and words[-1] in places else words


def _random(word: str) -> bool:
    """Tell whether a word was drawn rather than written: a digit, and hardly a vowel among many letters."""
    if not _TOKEN.fullmatch(word):
        return False
    letters = [c for c in word if c.isalpha()]
    return sum(c in _VOWELS for c in letters) * _VOWELS_ONE_IN < len(letters)


def _drop_legal_form(words: list[str], cut_forms: frozenset[str]) -> str:
    name = " ".join(words).strip(" -*#/.,:;")
    for _ in range(2):
        last = fold(name.rpartition(" ")[2])
        if " " not in name:
            break
        if last in cut_forms:
            shorter = name.rpartition(" ")[0]
        elif last.replace(" ", "") in _LEGAL_LAST:
            shorter = str(basename(name))
        else:
            break
        if sum(c.isalnum() for c in shorter) < _LEGIBLE:
            break
        name = shorter.strip(" -*#/.,:;&")
    return name


def _speller(spellings: dict[str, str]) -> Callable[[str], str]:
    known = "|".join(re.escape(short) for short in sorted(spellings, key=len, reverse=True))
    pattern = re.compile(rf"^(?:{known})(?= |$)")
    return lambda key: pattern.sub(lambda hit: spellings[hit[0]], key)
