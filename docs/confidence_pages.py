"""The page and the diagram of confidence: what was said about fields, and how much of it came true."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from docs.markdown import code, page, table
from documents.calibration import shipped
from documents.understanding import KEY_FIELDS

__all__ = ["confidence", "diagram"]

_PANEL: Final = 150
_GAP: Final = 46
_ACROSS: Final = 4
_SMALLEST: Final = 2.5
_SOURCES: Final = {
    "sroie": "photographed receipts: SROIE (ICDAR 2019, task 3), CC BY 4.0",
    "invoice2data": "invoices and pictures of some: invoice2data's tests, MIT; names of templates are no labels",
    "einvoice": "Factur-X and ZUGFeRD pages read without their XML, the truth: Mustang, factur-x; Apache-2.0, BSD",
}
_INTRODUCTION: Final = """
Every field that is read carries a confidence from 0 to 1. It is a probability: of fields said to be 0.9 sure, nine of
ten are right. The rules that find a field only rank what they find; what a rank is worth was learned from documents
whose content is known, and is shipped as the few figures below. Nothing of those documents is part of the product.

Data embedded in an e-invoice is not read but stated, and has confidence 1. Fields that nobody labelled (tip,
service period, property, IBAN, document type) carry the bare score of the rule that found them.

`spendtrail bench calibration` measures this again on the documents under `SPENDTRAIL_DATA`; `--write` also writes the
figures that are shipped, and `python -m docs.generate` this page.
"""
_METHOD: Final = """
Scores are cut into a few steps per field. A step says the share of its values that were right, drawn towards the score
itself as if {prior} more values had been seen, so that a handful of right ones does not make a field certain; a step
that would fall below the one before it is pooled with it. The error is the expected calibration error over ten equal
widths: the mean distance between what was said and what came true. Each value is judged by steps fitted without its
fold. {folds} folds are drawn by the hash of the document; copies of one document share a fold.
"""
_ACCEPTED: Final = """
A document needs no person when {keys} are each at least {threshold} sure and nothing else is in doubt. Each
document is judged by steps fitted without its fold. A field counts as right when it equals the label; names when they
are alike to 90 of 100.
"""


def confidence() -> str:
    """Return the page."""
    told = shipped()
    return page(
        "Confidence",
        _INTRODUCTION,
        "## Learned from",
        table(("Documents", "Of which kind"), ((count, _SOURCES[name]) for name, count in told["documents"].items())),
        "## Fields",
        _METHOD.format(prior=told["prior"], folds=told["folds"]),
        "![Reliability diagram, a panel per field](confidence.svg)",
        table(
            ("Field", "Labelled", "Read", "Right", "Expected calibration error"),
            (
                (code(name), each["labelled"], each["read"], each["right"], each["error"])
                for name, each in _fields(told)
            ),
        ),
        "## Steps",
        table(
            ("Field", "From score: probability (right of seen)"), ((code(n), _steps(each)) for n, each in _fields(told))
        ),
        "## Without a person",
        _ACCEPTED.format(keys=", ".join(code(name) for name in KEY_FIELDS), threshold=told["threshold"]),
        table(
            ("Kind", "Documents", "Accepted", "Need a person", "Fields in accepted ones", "Of these right"),
            ((kind, *_shares(each)) for kind, each in told["accepted"].items()),
        ),
    )


def diagram() -> str:
    """Return the reliability diagram as SVG: per field what was said (across) against what came true (up)."""
    fields = _fields(shipped())
    rows = -(-len(fields) // _ACROSS)
    width, height = _ACROSS * (_PANEL + _GAP) + _GAP, rows * (_PANEL + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        '<g font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for at, (name, each) in enumerate(fields):
        left, top = _GAP + at % _ACROSS * (_PANEL + _GAP), _GAP + at // _ACROSS * (_PANEL + _GAP)
        parts += [f'<g transform="translate({left} {top})">', *_panel(name, each), "</g>"]
    return "\n".join((*parts, "</g>", "</svg>")) + "\n"


def _panel(name: str, each: Mapping[str, Any]) -> Sequence[str]:
    most = max(seen for _, _, seen in each["bins"])
    dots = [
        f'<circle cx="{said * _PANEL:.1f}" cy="{(1 - right / seen) * _PANEL:.1f}" '
        f'r="{_SMALLEST + 5 * (seen / most) ** 0.5:.1f}" fill="#1f6feb" fill-opacity="0.7">'
        f"<title>said {said:.2f}, right {right} of {seen}</title></circle>"
        for said, right, seen in each["bins"]
    ]
    return (
        f'<text y="-20" font-weight="bold">{name}</text>',
        f'<text y="-7">{each["read"]} read, error {each["error"]:.3f}</text>',
        f'<rect width="{_PANEL}" height="{_PANEL}" fill="none" stroke="#bbb"/>',
        f'<line x1="0" y1="{_PANEL}" x2="{_PANEL}" y2="0" stroke="#bbb" stroke-dasharray="3 3"/>',
        f'<text x="{_PANEL}" y="{_PANEL + 14}" text-anchor="end" fill="#666">said 0 to 1</text>',
        f'<text x="-6" y="{_PANEL}" transform="rotate(-90 -6 {_PANEL})" fill="#666">came true 0 to 1</text>',
        *dots,
    )


def _fields(told: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return sorted(told["fields"].items(), key=lambda item: (item[0] not in KEY_FIELDS, item[0]))


def _steps(each: Mapping[str, Any]) -> str:
    return ", ".join(f"{score}: {probability} ({right} of {seen})" for score, probability, right, seen in each["steps"])


def _shares(each: Mapping[str, Any]) -> tuple[object, ...]:
    documents, accepted = each["documents"], each["accepted"]
    share = 100 * accepted / documents
    return (
        documents,
        f"{accepted} ({share:.1f} %)",
        f"{documents - accepted} ({100 - share:.1f} %)",
        each["fields"],
        f"{each['fields_right']} ({100 * each['fields_right'] / each['fields']:.1f} %)",
    )
