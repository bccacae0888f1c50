"""Every rule that is judged, in one list, and every family that is not, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from documents.en16931 import cii, ubl
from documents.en16931.categories import BY_CATEGORY
from documents.en16931.decimals import DECIMALS
from documents.en16931.groups import GROUPS
from documents.en16931.hierarchy import HIERARCHY
from documents.en16931.presence import PRESENCE
from documents.en16931.rules import NORM, Rule, judge
from documents.en16931.sums import SUMS
from documents.problems import Problem
from documents.xmltree import syntax_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from documents.en16931.rules import Find
    from documents.en16931.terms import Invoice


def _twice(rule: str, path: str) -> Find:
    def find(invoice: Invoice) -> Iterator[str]:
        if rule in invoice.repeated:
            yield f"{path} is given more than once"

    return find


ONCE: Final = tuple(
    Rule(rule, f"UBL: {path} is given once at most", _twice(rule, path), NORM | {"core"})
    for rule, path in ubl.REPEATABLE.items()
)
"""Cardinalities of the UBL binding: of two sellers' names nobody can say which is the seller."""

REGISTRY: Final[tuple[Rule, ...]] = (*PRESENCE, *GROUPS, *SUMS, *BY_CATEGORY, *DECIMALS, *ONCE, *HIERARCHY)
"""Every rule that is judged."""

NOT_JUDGED: Final[tuple[tuple[str, str], ...]] = (
    ("BR-CL-*", "code lists change twice a year; an unknown code says nothing about what is owed"),
    ("BR-CO-05 to BR-CO-08", "whether a reason and its code mean the same is a matter of judgement, not of presence"),
    ("BR-DE-*, BR-DEX-*", "Germany's own rules (XRechnung), not of the norm"),
    ("BR-FR-*", "France's own rules (CTC), not of the norm"),
    ("BR-NL-*", "the Netherlands' own rules (SI-UBL, NLCIUS), not of the norm"),
    ("PEPPOL-EN16931-*", "the network's own rules, not of the norm"),
    ("UBL-CR-*, CII-SR-*", "elements that the norm does not use but the syntax allows: a warning to senders"),
    ("UBL-DT-*, CII-DT-*", "attributes that the norm does not use: a warning to senders"),
    ("BR-FXEXT-01 to 05, 12", "free text, code lists and hierarchies deeper than two levels of the extended profile"),
    ("other UBL-SR-*", "cardinalities of terms that nothing here is decided on"),
)
"""Rules that are left to the sender's own validator, with the reason."""


def check(root: Element) -> tuple[Problem, ...]:
    """Each rule an invoice breaks as a problem that begins with the rule's id; empty for other documents."""
    syntax = syntax_of(root)
    if syntax == "other":
        return ()
    invoice = ubl.gather(root) if syntax == "ubl" else cii.gather(root)
    return tuple(
        Problem(
            "ARITHMETIC" if breach.rule.arithmetic else "EINVOICE_RULE",
            f"[{breach.rule.id}] {breach.found}" + (f" ({breach.times} times)" if breach.times > 1 else ""),
            breach.rule.field,
        )
        for breach in judge(invoice, REGISTRY)
    )
