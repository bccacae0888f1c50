"""The page of e-invoice rules: what is judged, in which profiles, and what is left to the sender's own validator."""

from docs.markdown import code, page, table
from documents.en16931.registry import NOT_JUDGED, REGISTRY
from documents.en16931.rules import EVERY, NORM, WITH_LINES, WITHOUT_LINES, Rule

__all__ = ["rules"]

_PROFILES = {
    EVERY: "every invoice",
    NORM: "every profile",
    WITHOUT_LINES: "from BASIC WL on",
    WITH_LINES: "BASIC, EN 16931, XRechnung, Peppol, EXTENDED",
    frozenset({"extended"}): "EXTENDED",
    NORM | {"core"}: "every invoice",
    WITH_LINES | {"core"}: "with lines, and ZUGFeRD 1",
    WITHOUT_LINES | {"core"}: "from BASIC WL on, and ZUGFeRD 1",
}
_INTRODUCTION = f"""
An e-invoice (CII with Factur-X, ZUGFeRD and XRechnung; UBL 2.1 with Peppol BIS) is held against its XML Schema and the
{len(REGISTRY)} rules below. A broken rule is a problem whose message begins with its id: `ARITHMETIC` where amounts
contradict each other, `EINVOICE_RULE` else. It sends the invoice to review.

A rule is asked of the profiles that promise it. ZUGFeRD 1 and foreign customizations are older or other than the norm:
they are asked for their sums and key fields only. EXTENDED may be off by a cent an amount, as its own rules say.
"""
_NOT = "Not judged: these are for the validator of whoever sends the invoice. Nothing here depends on them."


def rules() -> str:
    """Return the page of e-invoice rules."""
    judged = table(("Rule", "Asks that", "Judged of", "Code"), (_row(rule) for rule in REGISTRY))
    left = table(("Rules", "Why not"), NOT_JUDGED)
    return page("E-invoice rules", _INTRODUCTION, "## Judged", judged, "## Not judged", _NOT, left)


def _row(rule: Rule) -> tuple[str, str, str, str]:
    problem = "ARITHMETIC" if rule.arithmetic else "EINVOICE_RULE"
    return code(rule.id), rule.says, _PROFILES[rule.scopes], code(problem)
