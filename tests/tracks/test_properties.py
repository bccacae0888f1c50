"""What holds of every expense on its way through the three tracks and their join."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.stages import stage_named
from schemas.currencies import quantum
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseParsed, VendorRecorded
from schemas.plain import to_plain
from schemas.records import Line
from schemas.topics import VENDORS
from tests.depth import examples
from tests.harness import StageRun
from tests.tracks.build import NOW, parsed

TRACKS = ("currency", "vendor", "category")
MASTER = [
    VendorRecorded(
        **{name: getattr(parsed("master"), name) for name in Event.__dataclass_fields__},
        vendor_id="v-1",
        name="Harbour Lights",
    )
]
_AMOUNTS = st.integers(-9_999_999, 9_999_999).map(lambda cents: Decimal(cents) / 100)
_TEXTS = st.sampled_from(["Parking Lot Reseal & Striping", "Corporate Office Supplies", "lunch", "room", "???", ""])
_LINES = st.lists(st.tuples(_TEXTS, _AMOUNTS), min_size=1, max_size=4)
_MERCHANTS = st.sampled_from(
    ["HARBOUR LIGHTS STORES 0231", "SQ *ACORN COFFEE", "AMZN Mktp DE*2K4", "", "Harbor Lights"]
)
_CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "GBP", "$", "XXX", None])


def _expense(
    lines: list[tuple[str, Decimal]], merchant: str, currency: str | None, day: date, target: str
) -> ExpenseParsed:
    made = tuple(Line(number=n, description=text, amount=amount) for n, (text, amount) in enumerate(lines, 1))
    total = sum((amount for _, amount in lines), Decimal(0))
    facts = {"vendor_name": merchant, "currency": currency, "invoice_date": day, "total": total}
    return parsed("any", facts=facts, lines=made, context={"reporting_currency": target, "property_id": "P-1"})


@pytest.mark.slow
@given(
    _LINES,
    _MERCHANTS,
    _CURRENCIES,
    st.integers(0, 900).map(lambda days: NOW.date() - timedelta(days=days)),
    st.sampled_from(["EUR", "JPY", "USD"]),
)
@settings(max_examples=examples(60))
def test_the_same_expense_is_coded_the_same_whichever_track_is_last(
    lines: list[tuple[str, Decimal]], merchant: str, currency: str | None, day: date, target: str
) -> None:
    """In each of the six orders one and the same event comes out, and no cent was created or lost on the way."""
    event = _expense(lines, merchant, currency, day, target)
    answers = [RUNS[track](event)[0] for track in TRACKS]
    coded: list[ExpenseCoded] = []
    for order in permutations(answers):
        run = StageRun(stage_named("coding"))
        out = [output for answer in order for output in run(answer)]
        assert len(out) == 1
        assert isinstance(out[0], ExpenseCoded)
        coded.append(out[0])
    assert all(to_plain(each) == to_plain(coded[0]) for each in coded[1:])
    assert [line.amount for line in coded[0].lines] == [amount for _, amount in lines]
    conversion = coded[0].conversion
    if conversion is not None:
        unit = quantum(target)
        exact = sum((amount * conversion.rate for _, amount in lines), Decimal(0))
        assert sum(conversion.line_amounts) == conversion.total
        assert abs(conversion.total - exact) <= unit / 2


RUNS = {track: StageRun(stage_named(track), {VENDORS.name: MASTER}) for track in TRACKS}
