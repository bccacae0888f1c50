"""The three track stages on whole events: what is stated stands, what is doubtful says so, failures answer."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.reference import Fingerprint
from consumers.stages import stage_named
from consumers.vendor.table import VendorTable
from schemas.envelope import Event, caused
from schemas.events import (
    CategoryResolved,
    CurrencyConverted,
    ExpenseCorrected,
    ExpenseParsed,
    TrackFailed,
    VendorRecorded,
    VendorResolved,
)
from schemas.records import Line
from schemas.topics import VENDORS
from tests.harness import StageRun
from tests.tracks.build import corrected, parsed


def currency(event: ExpenseParsed) -> CurrencyConverted:
    """Return the currency track's answer."""
    (answer,) = StageRun(stage_named("currency"))(event)
    assert isinstance(answer, CurrencyConverted)
    return answer


def category(event: ExpenseParsed) -> CategoryResolved:
    """Return the category track's answer."""
    (answer,) = StageRun(stage_named("category"))(event)
    assert isinstance(answer, CategoryResolved)
    return answer


def vendor(event: ExpenseParsed, *master: VendorRecorded) -> VendorResolved:
    """Return the vendor track's answer."""
    (answer,) = StageRun(stage_named("vendor"), {VENDORS.name: master})(event)
    assert isinstance(answer, VendorResolved)
    return answer


def recorded(name: str, tenant: str = "acme", **changes: Any) -> VendorRecorded:
    """Return one vendor of the master."""
    cause = parsed("vendor", tenant_id=tenant)
    values = {"vendor_id": f"v-{name}", "name": name, **changes}
    return caused(cause, VendorRecorded, stage="learn", status="posted", part=name, **values)


def codes(event: Event) -> list[str]:
    """Return the codes of the problems on an event."""
    return [problem.code for problem in event.problems]


def test_converted() -> None:
    """42.00 EUR on 27 March 2024 are 45.43 USD at the day's 1.0816, with the rate's origin on the event."""
    answer = currency(parsed())
    assert answer.conversion is not None
    assert answer.conversion.total == Decimal("45.43")
    assert answer.conversion.rate == Decimal("1.0816")
    assert answer.conversion.rate_date.isoformat() == "2024-03-27"
    assert (answer.conversion.source, answer.status, codes(answer)) == ("ECB", "parsed", [])
    assert "rates" in answer.tables


@pytest.mark.parametrize(
    ("facts", "context", "code"),
    [
        ({"currency": None}, {}, "AMBIGUOUS_CURRENCY"),
        ({"currency": "$"}, {}, "AMBIGUOUS_CURRENCY"),
        ({"currency": "ZZZ"}, {}, "UNKNOWN_CURRENCY"),
        ({"currency": "KWD"}, {}, "NO_RATE"),
        ({"total": None}, {}, "MISSING_AMOUNT"),
        ({"original_amount": Decimal(80), "original_currency": "USD"}, {}, "FX_MISMATCH"),
    ],
)
def test_what_cannot_be_converted_goes_on_with_its_doubt(
    facts: dict[str, Any], context: dict[str, Any], code: str
) -> None:
    """No amount is invented: the answer says what a person has to settle."""
    answer = currency(parsed(facts=facts, context=context))
    assert codes(answer) == [code]
    assert (answer.conversion is None) is (code != "FX_MISMATCH")


def test_a_symbol_is_settled_by_the_country() -> None:
    """A dollar spent in Canada is a Canadian one, and the facts say so from here on."""
    answer = currency(parsed(facts={"currency": "$"}, context={"country": "CA"}))
    assert answer.facts.currency == "CAD"
    assert answer.conversion is not None


def test_a_stated_currency_is_taken_as_people_write_it() -> None:
    """A person may state a code in small letters; the facts carry the code from here on."""
    answer = currency(corrected("a", ("currency", "usd"), facts={"currency": "usd"}))
    assert answer.facts.currency == "USD"
    assert answer.conversion is not None
    assert answer.conversion.total == Decimal(42)


def test_category_of_a_stated_line() -> None:
    """A person's category stands and settles the doubt; words that name none leave it."""
    unclear = (Line(number=7, description="n/a", amount=Decimal(42)),)
    nameless: dict[str, Any] = {"lines": unclear, "facts": {"vendor_name": "Acorn"}}
    doubted = category(parsed("a", **nameless))
    assert [(p.code, p.line, p.field) for p in doubted.problems] == [("FALLBACK_UNMAPPED", 7, "lines.7.category")]
    answer = category(corrected("a", ("lines.7.category", "Fuel"), **nameless))
    assert [(c.line, c.category, c.score) for c in answer.categories] == [(7, "fuel", 100)]
    assert answer.categories[0].evidence[0].source == "asserted"
    assert codes(answer) == []
    assert codes(category(corrected("a", ("lines.7.category", "qwerty"), **nameless))) == ["FALLBACK_UNMAPPED"]


def test_vendor_of_the_tenant() -> None:
    """The master of the expense's own tenant is asked, and its version is on the answer's tables by the runner."""
    known = recorded("HARBOUR LIGHTS CATERING")
    answer = vendor(parsed(), known)
    assert answer.vendor is not None
    assert (answer.vendor.vendor_id, answer.vendor.method) == (known.vendor_id, "name")
    stranger = vendor(parsed(), recorded("HARBOUR LIGHTS CATERING", tenant="other"))
    assert stranger.vendor is not None
    assert stranger.vendor.candidate


def test_a_confirmed_alias_is_the_vendor() -> None:
    """A name that a person once confirmed finds the vendor exactly."""
    answer = vendor(parsed(), recorded("HLC Events", aliases=("harbour lights catering",)))
    assert answer.vendor is not None
    assert (answer.vendor.name, answer.vendor.score) == ("HLC Events", 100)


def test_a_stated_vendor_is_not_overruled_by_a_near_miss() -> None:
    """What a person stated is exactly that vendor or a new one; its bank account is still checked."""

    def named(name: str, **facts: str) -> ExpenseCorrected:
        return corrected("a", ("vendor_name", name), facts={"vendor_name": name, **facts})

    near = recorded("Harbor Light Catering", iban="DE89370400440532013000")
    answer = vendor(named("Harbour Light Catering"), near)
    assert answer.vendor is not None
    assert (answer.vendor.method, answer.vendor.candidate) == ("asserted", True)
    other = vendor(named("Harbor Light Catering", vendor_iban="GB33BUKB20201555555555"), near)
    assert codes(other) == ["VENDOR_BANK_CHANGED"]


@pytest.mark.parametrize("track", ["currency", "vendor", "category"])
def test_a_dead_letter_answers_too(track: str) -> None:
    """A track that fails says so and carries the expense along."""
    handler = stage_named(track).load()
    assert handler.on_dead_letter is not None
    (answer,) = handler.on_dead_letter(parsed(), "HANDLER_FAILED")
    assert isinstance(answer, TrackFailed)
    assert (answer.track, answer.reason, answer.facts, answer.lines) == (
        track,
        "HANDLER_FAILED",
        parsed().facts,
        parsed().lines,
    )


@given(st.permutations([recorded(name) for name in ("Acorn", "Beech", "Cedar")]))
def test_the_vendor_table_is_the_same_in_any_order(records: list[VendorRecorded]) -> None:
    """Version and answers do not depend on the order of reading, and a tombstone takes a vendor out."""
    table = VendorTable()
    for record in records:
        table.apply(VENDORS.key(record), record)
    version = Fingerprint()
    for record in sorted(records, key=lambda r: r.name):
        version.apply(VENDORS.key(record), record)
    assert table.version == version.version
    for record in records:
        table.apply(VENDORS.key(record), None)
    assert table.version == Fingerprint().version
    assert len(table.of("acme").master) == 0


def test_a_foreign_record_is_refused() -> None:
    """A record that is no vendor stops the stage rather than being skipped."""
    with pytest.raises(TypeError, match="no vendor"):
        VendorTable().apply("k", parsed())


def test_a_correction_is_read_like_an_expense() -> None:
    """Each track answers a corrected revision under that revision."""
    event = corrected("a")
    assert isinstance(event, ExpenseCorrected)
    for name in ("currency", "vendor", "category"):
        (answer,) = StageRun(stage_named(name))(event)
        assert answer.revision == 2
