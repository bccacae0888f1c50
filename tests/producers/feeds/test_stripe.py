"""Stripe Issuing: minor units, negative for money spent, one document or one object a line."""

import json
from pathlib import Path

import pytest

from producers.card_feed import survey
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import JONES, NO_MAP, STRIPE, faults_of, lines_of, said, written

SPENT = json.loads(STRIPE)["data"][0]


def test_a_list_is_read(tmp_path: Path) -> None:
    """Amount, category and the merchant's own currency; the card is an account."""
    assert said(tmp_path, STRIPE) == [("2024-01-05", "12.50", "USD", "Rail AG", "4112")]
    (line,) = lines_of(survey(written(tmp_path, STRIPE), NO_MAP, JONES))
    assert (str(line.facts.original_amount), line.facts.original_currency) == ("10.00", "EUR")
    assert (line.account, line.told["card_number"]) == ("ic_9", None)


def test_objects_a_line_are_read(tmp_path: Path) -> None:
    """Refunds are negative; currencies without a minor unit are counted as Stripe counts them."""
    back = {**SPENT, "amount": 500, "currency": "jpy", "merchant_currency": "jpy"}
    krona = {**SPENT, "amount": -500, "currency": "isk", "merchant_currency": "isk", "card": {"id": "ic_8"}}
    feed = survey(written(tmp_path, "".join(f"{json.dumps(found)}\n" for found in (SPENT, back, krona))), NO_MAP, JONES)
    assert [(str(line.amount), line.currency, line.account) for line in lines_of(feed)] == [
        ("12.50", "USD", "ic_9"),
        ("-500", "JPY", "ic_9"),
        ("5", "ISK", "ic_8"),
    ]
    assert [record.line for record, _ in feed.read(JONES)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 12.5),
        ("amount", True),
        ("amount", None),
        ("currency", ["usd"]),
        ("currency", "xxx"),
        ("created", "today"),
        ("created", 10**20),
        ("merchant_amount", "ten"),
    ],
)
def test_a_transaction_that_cannot_be_read_goes_aside(tmp_path: Path, field: str, value: object) -> None:
    """Whatever stands in a field, the fault names it."""
    text = json.dumps([SPENT, {**SPENT, "id": "ipi_2", field: value}])
    assert [column for _, column, _ in faults_of(survey(written(tmp_path, text), NO_MAP, JONES))] == [field]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1,\n b}', "line 2: is no JSON"),
        ('{"object": "issuing.authorization"}', "line 1: holds no object of kind issuing.transaction"),
        ("[" * 100_000, "line 1: is no JSON"),
    ],
)
def test_what_holds_no_transaction_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """Not JSON, or JSON of something else."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, text), NO_MAP, JONES)


def test_an_empty_list_is_whole_and_a_page_is_told(tmp_path: Path) -> None:
    """A month without purchases is no fault; one page of several is said to be one."""
    assert survey(written(tmp_path, '{"object": "list", "data": []}'), NO_MAP, JONES).rows == 0
    page = STRIPE.replace('"has_more": false', '"has_more": true')
    assert "one page of a longer list" in survey(written(tmp_path, page), NO_MAP, JONES).remarks[0]


def test_the_merchants_place_reaches_the_context(tmp_path: Path) -> None:
    """City, state and country of the merchant are where the money was spent."""
    there = {**SPENT["merchant_data"], "city": "Austin", "state": "TX", "country": "US"}
    (line,) = lines_of(survey(written(tmp_path, json.dumps({**SPENT, "merchant_data": there})), NO_MAP, JONES))
    assert (line.context.locality, line.context.country) == ("Austin, TX", "US")
