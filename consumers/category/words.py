"""The words of a category: what they are in a line, in a seller's name, and the chains known by name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from consumers.category.taxonomy import related
from consumers.folding import fold
from consumers.lexicon import Hit, Lexicon, Term
from consumers.rulefile import RuleFileError, read_rules

__all__ = ["CLEAR", "SHIPPED", "SHIPPED_CHAINS", "WEAK", "Words", "load_words"]

SHIPPED: Final = Path(__file__).with_name("keywords.yaml")
SHIPPED_CHAINS: Final = Path(__file__).with_name("chains.yaml")
CLEAR: Final = 85
WEAK: Final = 45
# What stands before a seller's name on a card statement or in a web address.
_BEFORE: Final = frozenset(
    (
        "www",
        "http",
        "https",
        "the",
        "paypal",
        "pp",
        "sq",
        "sqc",
        "tst",
        "sp",
        "iz",
        "zettle",
        "sumup",
        "wp",
        "py",
        "eb",
        "m",
    )
)
# What stands behind a chain's name without making it another: legal forms, branches, its trade on the web.
_BEHIND: Final = frozenset(
    ("limited", "gmbh", "group", "store", "stores", "shop", "online", "website", "retail", "direct", "internet", "html")
)
# How one orders: nothing about what.
_CHANNEL: Final = frozenset(("app", "apps", "online", "web", "website", "websales", "internet", "order", "orders"))
# A store's name, a dash, and whoever sells on its marketplace.
_MARKETPLACE: Final = re.compile(r"\w\s+-\s+[^\W\d]{2}")
# Shorter names are words as well, which end many a name.
_SHORTEST_LAST: Final = 6
# The shortest name field of the card networks (Visa and Mastercard clear 22 to 25 characters).
_FIELD_WIDTH: Final = 18
# Last labels of web addresses that are words of their own: "travel.cloud" sells no cloud.
_ADDRESS: Final = frozenset(
    (
        "cloud",
        "app",
        "shop",
        "store",
        "online",
        "site",
        "tech",
        "digital",
        "media",
        "agency",
        "services",
        "travel",
        "email",
    )
)


class _Kinds(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    clear: list[list[str]]
    bought: list[list[str]] = []
    weak: list[list[str]] = []
    parts: list[list[str]] = []
    bought_parts: list[list[str]] = []


class _Chains(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    names: list[list[str]]
    alone: list[list[str]] = []
    stores: list[list[str]] = []


@dataclass(frozen=True, slots=True)
class Words:
    """Two lexicons, since a name says less than a line, and the chains: folded name to category.

    `alone` are the chains whose name is theirs only where no other name follows, `stores` those with departments.
    """

    line: Lexicon
    seller: Lexicon
    chains: dict[str, str]
    alone: frozenset[str]
    stores: frozenset[str] = frozenset()

    def in_line(self, text: str) -> tuple[Hit, ...]:
        """Return what a line or an employee's own words say."""
        return self.line.find(text)

    def in_seller(self, name: str) -> tuple[Hit, ...]:
        """Return what a seller's name says: the chain it begins with, its words, or the chain it ends with.

        A name that fills the field of a card network may be cut: then its last words are completed where every phrase
        that begins so means the same.
        """
        words = fold(name).split()
        while len(words) > 1 and words[0] in _BEFORE:
            words = words[1:]
        initials = next((n for n, word in enumerate(words) if len(word) > 1), 0)
        chain = self._begins(words) or self._begins(words[initials:])
        if chain and chain[0].phrase in self.stores and _MARKETPLACE.search(name):
            return ()
        if chain is not None:
            return chain
        said = self.seller.find(" ".join(_without_address(token) for token in name.split()))
        if any(hit.weight >= CLEAR for hit in said):
            return said
        full = len(name.rstrip()) >= _FIELD_WIDTH
        return self._ends(words) or (self.seller.completed(words) if full else ()) or said

    def _begins(self, words: list[str]) -> tuple[Hit, ...] | None:
        for count in range(min(len(words), 4), 0, -1):
            chain, rest = " ".join(words[:count]), words[count:]
            if chain not in self.chains or (chain in self.alone and any(map(_names, rest))):
                continue
            # A grocer's petrol station is no grocer: what stands after the name counts for more, unless it says how
            # one orders there.
            after = self.seller.find(" ".join(rest[_channel(rest) :]))
            clear = tuple(hit for hit in after if hit.weight >= CLEAR)
            category = self.chains[chain]
            # A store sells more than its category: a department behind the name says what, if not clearly.
            if not clear and chain in self.stores and any(not related(hit.meaning, category) for hit in after):
                return after
            return clear or (Hit(chain, category, CLEAR, 1),)
        return None

    def _ends(self, words: list[str]) -> tuple[Hit, ...]:
        """Return the chain a name ends with: at stations and airports the operator or the place stands first."""
        for count in (3, 2, 1):
            chain = " ".join(words[-count:])
            if len(words) > count and len(chain) >= _SHORTEST_LAST and chain in self.chains and chain not in self.alone:
                return (Hit(chain, self.chains[chain], CLEAR, 1),)
        return ()


def _channel(rest: list[str]) -> int:
    """Return how many words behind a chain's name only say how one orders there."""
    return next(
        (n for n, word in enumerate(rest) if word not in _CHANNEL and rest[n : n + 2] != ["mobile", "app"]), len(rest)
    )


def _names(word: str) -> bool:
    """Tell whether a word behind a chain's name could be part of another seller's name."""
    return len(word) > len("com") and word not in _BEHIND and not any(c.isdigit() for c in word)


def _without_address(token: str) -> str:
    """Return a word of a name without the last label of a web or mail address, where that is a word of its own."""
    rest, dot, last = token.rstrip("./").rpartition(".")
    return rest if dot and rest and ("@" in rest or last.casefold() in _ADDRESS) else token


def load_words(path: Path = SHIPPED, chains: Path = SHIPPED_CHAINS) -> Words:
    """Return the words of a keyword file and the names of a chain file.

    Raises:
        RuleFileError: a file cannot be used, or a word or name stands under two categories.

    """
    line: list[Term] = []
    seller: list[Term] = []
    for category, kinds in read_rules(path, dict[str, _Kinds]).items():
        clear = _terms(kinds.clear, category, CLEAR) + _terms(kinds.parts, category, CLEAR, part=True)
        weak = _terms(kinds.weak, category, WEAK)
        line += clear + weak + _terms(kinds.bought, category, CLEAR)
        line += _terms(kinds.bought_parts, category, CLEAR, part=True)
        seller += clear + weak + _terms(kinds.bought, category, WEAK)
    try:
        return Words(Lexicon(line), Lexicon(seller), *_chains(chains))
    except ValueError as error:
        msg = f"{path}: {error}"
        raise RuleFileError(msg) from error


def _terms(groups: list[list[str]], category: str, weight: int, *, part: bool = False) -> list[Term]:
    return [Term(word, category, weight, part=part) for group in groups for word in group]


def _chains(path: Path) -> tuple[dict[str, str], frozenset[str], frozenset[str]]:
    named: dict[str, str] = {}
    alone: set[str] = set()
    stores: set[str] = set()
    for category, chains in read_rules(path, dict[str, _Chains]).items():
        single = [fold(name) for group in chains.alone for name in group]
        departed = [fold(name) for group in chains.stores for name in group]
        for name in [fold(name) for group in chains.names for name in group] + single + departed:
            if named.setdefault(name, category) != category:
                msg = f"{path}: {name!r} cannot be of both {named[name]} and {category}; keep one"
                raise RuleFileError(msg)
        alone.update(single)
        stores.update(departed)
    return named, frozenset(alone), frozenset(stores)
