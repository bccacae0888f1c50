"""From a posted expense to what is known afterwards.

Only postings teach, and a person's word teaches more than a machine's: a bank account or tax number, once known, is
replaced only by a posting that a person approved, and an account that coding took from history teaches nothing back.
"""

from dataclasses import dataclass, replace
from typing import Final

from consumers.coding.patterns import description_key
from consumers.folding import fold
from consumers.vendor.merchant import Normalise
from schemas.events import ExpensePosted
from schemas.records import Coding

__all__ = ["Habit", "Profile", "learn_habit", "learn_profile", "lines_taught", "worth_telling"]

# A vendor printed in more ways than this is several vendors; more names would only match more strangers.
_MOST_ALIASES: Final = 16
# Answers that name the vendor beyond doubt without a person: an identifier, or exactly its name.
_SURE: Final = frozenset({"tax_id", "name", "asserted", "new"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a vendor."""

    name: str
    tax_id: str | None = None
    iban: str | None = None
    aliases: tuple[str, ...] = ()
    postings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How lines of one description are coded, and how many more postings said so than otherwise."""

    gl_code: str
    recovery_status: str
    category: str | None
    postings: int = 1


def learn_profile(posted: ExpensePosted, prior: Profile | None, normalise: Normalise) -> Profile | None:
    """Return what is known of the vendor after this posting; None where it has none."""
    match, facts = posted.vendor, posted.facts
    if match is None:
        return None
    known = prior or Profile(name=match.name)
    confirmed = posted.approved_by is not None
    learned = replace(known, postings=known.postings + 1)
    if not confirmed and match.method not in _SURE:
        return learned
    return replace(
        learned,
        tax_id=_kept(known.tax_id, facts.vendor_tax_id, confirmed=confirmed),
        iban=_kept(known.iban, facts.vendor_iban, confirmed=confirmed),
        aliases=_aliases(known, normalise(facts.vendor_name or "").key),
    )


def _kept(known: str | None, read: str | None, *, confirmed: bool) -> str | None:
    return read if read and (known is None or confirmed) else known


def _aliases(known: Profile, key: str) -> tuple[str, ...]:
    if not key or key == fold(known.name) or key in known.aliases or len(known.aliases) >= _MOST_ALIASES:
        return known.aliases
    return tuple(sorted((*known.aliases, key)))


def lines_taught(posted: ExpensePosted) -> list[tuple[str, Coding, str | None, bool]]:
    """Return (description key, coding, category, stated by a person) of each line that teaches something."""
    stated = {assertion.field for assertion in posted.asserted}
    categories = {match.line: match.category for match in posted.categories}
    codings = {coding.line: coding for coding in posted.codings}
    taught = []
    for line in posted.lines:
        coding, key = codings.get(line.number), description_key(line.description)
        by_person = f"lines.{line.number}.gl_code" in stated
        if coding and coding.gl_code and key and (by_person or not coding.rule.startswith("history:")):
            taught.append((key, coding, categories.get(line.number), by_person))
    return taught


def learn_habit(coding: Coding, category: str | None, prior: Habit | None, *, by_person: bool) -> Habit:
    """Return the habit after one more line. A person's account stands at once, a machine's when it outnumbers."""
    said = Habit(gl_code=coding.gl_code or "", recovery_status=coding.recovery_status, category=category)
    if prior is None:
        return said
    if prior.gl_code == said.gl_code:
        return replace(said, postings=prior.postings + 1)
    return said if by_person or prior.postings <= 1 else replace(prior, postings=prior.postings - 1)


def worth_telling(before: Profile | Habit | None, after: Profile | Habit) -> bool:
    """Say whether the table must hear of it: something changed, or the count has doubled since it was last told."""
    if before is None:
        return True
    doubled = after.postings > before.postings and after.postings & (after.postings - 1) == 0
    return doubled or replace(before, postings=0) != replace(after, postings=0)
