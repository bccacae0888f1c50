"""The vendor stage: which vendor of the master the seller is."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from consumers.assertions import settled, stated
from consumers.runtime.stage import Handler, Table
from consumers.tracks import answer_failed
from consumers.vendor.merchant import shipped_normaliser
from consumers.vendor.table import VendorTable
from schemas.envelope import Event, caused, doubt
from schemas.events import ExpenseParsed, VendorResolved
from schemas.lifecycle import State
from schemas.topics import VENDORS

__all__ = ["HANDLER"]

STAGE: Final = "vendor"


def resolve_vendor(event: ExpenseParsed, *, vendors: VendorTable) -> Sequence[Event]:
    """Return who the seller is, with what is doubtful about it.

    A name that a person stated finds its vendor exactly or is a new one: a near miss would overrule the person. What
    they stated of tax number or bank account raises no doubt again.
    """
    normalise, version = shipped_normaliser()
    facts = event.facts
    asserted = stated(event)
    match, problems = vendors.of(event.tenant_id).match(
        normalise(facts.vendor_name or ""),
        tax_id=facts.vendor_tax_id,
        iban=facts.vendor_iban,
        asserted="vendor_name" in asserted,
    )
    resolved = caused(
        event,
        VendorResolved,
        stage=STAGE,
        status=State.PARSED,
        vendor=match,
        problems=settled(event),
        tables={**event.tables, "merchant_rules": version},
    )
    doubts = [problem for problem in problems if match is None or problem.field not in asserted]
    return (doubt(resolved, *doubts),)


HANDLER = Handler(
    handle=resolve_vendor,
    on_dead_letter=partial(answer_failed, STAGE),
    tables=(Table("vendors", VENDORS, VendorTable),),
)
