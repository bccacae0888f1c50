"""Postings teach who vendors are and how their lines are coded, and persons teach more than machines."""

from collections.abc import Sequence
from typing import Any

import pytest

from consumers.learn.lessons import Habit, learn_habit
from consumers.stages import stage_named
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseParsed, PatternRecorded, VendorRecorded
from schemas.records import Coding
from schemas.topics import PATTERNS, VENDORS
from tests.harness import StageRun
from tests.tracks.build import corrected, parsed, posted

IBAN, OTHER_IBAN = "DE89370400440532013000", "GB33BUKB20201555555555"


def through(event: ExpenseParsed, *known: Event) -> ExpenseCoded:
    """Return the expense after tracks and coding, with what is already known."""
    tables: dict[str, Sequence[Event]] = {
        VENDORS.name: [e for e in known if isinstance(e, VendorRecorded)],
        PATTERNS.name: [e for e in known if isinstance(e, PatternRecorded)],
    }
    coding = StageRun(stage_named("coding"), tables)
    answers = [StageRun(stage_named(track), tables)(event)[0] for track in ("currency", "vendor", "category")]
    (coded,) = [output for answer in answers for output in coding(answer)]
    assert isinstance(coded, ExpenseCoded)
    return coded


def learn(run: StageRun, event: ExpenseParsed, approved_by: str | None = None) -> list[Event]:
    """Return what one posting teaches."""
    return run(posted(through(event), approved_by))


def run() -> StageRun:
    """Return a learn stage over empty state."""
    return StageRun(stage_named("learn"))


def vendors(events: list[Event]) -> list[VendorRecorded]:
    """Return the vendor records among events."""
    return [event for event in events if isinstance(event, VendorRecorded)]


def test_a_first_posting_makes_the_vendor_known() -> None:
    """The new vendor is recorded under the id the vendor track gave it, and found from then on."""
    facts = {"vendor_iban": IBAN, "vendor_tax_id": "GB123456789"}
    event = parsed("a", facts=facts)
    known = learn(run(), event)
    (vendor,) = vendors(known)
    assert (vendor.name, vendor.tax_id, vendor.iban) == ("Harbour Lights Catering", "GB123456789", IBAN)
    assert vendor.personal is None
    again = through(parsed("b", facts=facts), *known)
    assert again.vendor is not None
    assert (again.vendor.vendor_id, again.vendor.method) == (vendor.vendor_id, "tax_id")


def test_a_first_posting_makes_a_pattern() -> None:
    """The line's coding answers for the same description where rules know nothing."""
    odd: dict[str, Any] = {"facts": {"vendor_name": "Acorn"}}
    line = parsed("a").lines[0].__class__(number=1, description="Widget calibration 03/24", amount=parsed().facts.total)
    stated = corrected("a", ("lines.1.gl_code", "6400"), lines=(line,), **odd)
    known = learn(run(), stated, approved_by="p-1")
    (pattern,) = [event for event in known if isinstance(event, PatternRecorded)]
    assert (pattern.description, pattern.gl_code, pattern.postings) == ("widget calibration", "6400", 1)
    later = through(parsed("b", lines=(line,), **odd), *known)
    assert (later.codings[0].gl_code, later.codings[0].rule) == ("6400", "history:widget calibration")
    assert [e for e in run()(posted(later)) if isinstance(e, PatternRecorded)] == []


def test_a_bank_account_is_replaced_by_a_person_only() -> None:
    """A machine's posting never changes a known account; one that a person approved does."""
    stage = run()
    learn(stage, parsed("a", facts={"vendor_iban": IBAN}))
    changed = parsed("b", facts={"vendor_iban": OTHER_IBAN})
    assert [v.iban for v in vendors(learn(stage, changed))] == [IBAN]
    assert [v.iban for v in vendors(learn(stage, changed, approved_by="p-1"))] == [OTHER_IBAN]


def test_a_confirmed_spelling_becomes_an_alias() -> None:
    """A near miss that a person approved is found exactly the next time; an unapproved one is not learned."""
    stage = run()
    known = learn(stage, parsed("a"))
    misread = parsed("b", facts={"vendor_name": "HARBOUR LIGHTS CATERlNGS"})
    near = through(misread, *known)
    assert near.vendor is not None
    assert near.vendor.method == "fuzzy"
    assert [v.aliases for v in vendors(stage(posted(near)))] == [()]
    (confirmed,) = vendors(stage(posted(near, "p-1")))
    assert confirmed.aliases == ("harbour lights caterlngs",)
    found = through(misread, confirmed).vendor
    assert found is not None
    assert found.method == "name"


def test_the_table_hears_of_changes_and_doublings() -> None:
    """Of eight equal postings it hears the first, second, fourth and eighth."""
    stage = run()
    heard = [v.postings for n in range(8) for v in vendors(learn(stage, parsed(f"e{n}")))]
    assert heard == [1, 2, 4, 8]


def test_no_vendor_teaches_nothing() -> None:
    """Without a vendor there is nothing to keep it under."""
    assert learn(run(), parsed("a", facts={"vendor_name": None})) == []


@pytest.mark.parametrize(
    ("postings", "by_person", "expected"),
    [(3, False, ("6110", 2)), (1, False, ("6400", 1)), (3, True, ("6400", 1))],
)
def test_a_habit_changes_by_majority_or_by_a_person(postings: int, by_person: bool, expected: tuple[str, int]) -> None:
    """One odd posting does not overturn many, unless a person stated it."""
    prior = Habit(gl_code="6110", recovery_status="not_applicable", category="meals", postings=postings)
    coding = Coding(line=1, gl_code="6400", recovery_status="not_applicable", rule="x")
    after = learn_habit(coding, None, prior, by_person=by_person)
    assert (after.gl_code, after.postings) == expected
