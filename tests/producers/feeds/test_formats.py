"""Formats are told by their content; tables go by one column map, whatever holds them."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.account_text import without_accounts
from producers.card_feed import survey
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds.formats import FORMATS
from tests.depth import examples
from tests.producers.feeds.reading import (
    JONES,
    NO_MAP,
    OFX_1,
    STRIPE,
    camt,
    camt_entry,
    cdf,
    cdf_transaction,
    faults_of,
    gl1025,
    gl1025_row,
    lines_of,
    vcf,
    workbook,
    written,
)

HAPPAY = (
    "account_number,transaction_date,amount,transaction_type,currency,description,vendor,external_id,nickname,"
    "foreign_amount,foreign_currency\n"
)
CSV = "Date,Amount,Merchant\n2024-01-25,1.00,A\n"
SAMPLES = {
    "vcf4": vcf(("10", "1250", "00978", "01052024")),
    "cdf3": cdf(cdf_transaction()),
    "s3df": cdf(cdf_transaction(), root="DinersS3DFTransmissionFile"),
    "gl1025": gl1025(gl1025_row()),
    "camt": camt(camt_entry()),
    "ofx": OFX_1,
    "stripe": STRIPE,
    "happay": HAPPAY + "001,2024-01-25,1.00,Debit,INR,,Shop,R1,Jo,1.00,INR\n",
    "csv": CSV,
}
HALF = "Date,Amount,Merchant\n2024-01-25,1.00,Caf\u00e9".encode()[:-1]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_content_tells_the_format(tmp_path: Path, name: str) -> None:
    """A file without an ending is known, and the event names the format; saying it gives the same lines."""
    path = written(tmp_path, SAMPLES[name])
    found, named = survey(path, NO_MAP, JONES), survey(path, ColumnMap(format=name), JONES)
    assert found.format == name
    assert lines_of(found) == lines_of(named)
    assert lines_of(found)[0].facts.engine.startswith(f"card_feed {name}")


@settings(max_examples=examples(60))
@given(st.data())
def test_no_damage_raises_anything_but_the_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes changed, cut out or put in: the feed is refused, or every row is a line or a fault."""
    name = data.draw(st.sampled_from(sorted(SAMPLES)))
    content = SAMPLES[name].encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    damaged = content[:start] + data.draw(st.binary(max_size=12)) + content[end:]
    path = written(tmp_path_factory.getbasetemp(), damaged)
    try:
        feed = survey(path, ColumnMap(format=data.draw(st.sampled_from([None, name]))), JONES)
    except FeedRefused as refused:
        told = str(refused)
    else:
        told = f"{path}: {feed.rows - len(list(feed.read(JONES)))} rows lost"
    assert str(path) in told
    assert "rows lost" not in told or " 0 rows lost" in told


@pytest.mark.parametrize("content", [HALF, b"\xff\xfeD\x00a"])
def test_half_a_character_is_no_crash(tmp_path: Path, content: bytes) -> None:
    """A file cut inside its last character is read in another encoding, or refused."""
    try:
        rows = survey(written(tmp_path, content), NO_MAP, JONES).rows
    except FeedRefused as refused:
        rows = str(refused).count("UTF-16")
    assert rows == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHOP 4111 1111 1111 1111 LEEDS", "SHOP ***************1111 LEEDS"),
        ("01 4111111111111111 05", "01 ************1111 05"),
        ("TO BE68 5390 0754 7034 RENT", "TO ***************7034 RENT"),
        ("TO DE89370400440532013000 RENT", "TO ******************3000 RENT"),
        ("SHOP 4111111111111112", "SHOP 4111111111111112"),
        ("TO DE89 3704 0044 0532 0130 00", "TO ***********************0 00"),
        ("TO DE88370400440532013000", "TO DE88370400440532013000"),
        ("ORDER 0000000000000000", "ORDER 0000000000000000"),
        ("CARD AC-7712-99 FEE", "CARD ******2-99 FEE"),
    ],
)
def test_no_account_number_stands_in_a_text(text: str, expected: str) -> None:
    """The line's own account, card numbers and IBANs by their check digits; other long numbers stay."""
    assert without_accounts(text, "AC-7712-99") == expected


def test_a_field_in_another_place_is_not_quoted(tmp_path: Path) -> None:
    """A card number where the currency belongs stands in no message: messages travel in the open."""
    feed = written(
        tmp_path,
        CSV.replace("Merchant", "Merchant,Currency").replace("A\n", "A,GBP\n") + "2024-01-26,1.00,B,4111111111111111\n",
    )
    assert faults_of(survey(feed, NO_MAP, JONES)) == [
        (3, "Currency", "what stands there is no ISO 4217 currency; correct it")
    ]


def test_an_unknown_name_lists_those_there_are(tmp_path: Path) -> None:
    """The operator sees what can be said."""
    with pytest.raises(FeedRefused, match="'vcf3' is no format; there are " + ", ".join(f.name for f in FORMATS)):
        survey(written(tmp_path, CSV), ColumnMap(format="vcf3"), JONES)


def test_a_column_map_is_not_left_unused(tmp_path: Path) -> None:
    """A format that names its own fields refuses columns instead of not reading them."""
    given = ColumnMap(columns={"amount": ("TRNAMT",)})
    with pytest.raises(FeedRefused, match="is ofx, which names its own fields"):
        survey(written(tmp_path, OFX_1), given, JONES)


def test_happay_tells_the_side_in_a_column(tmp_path: Path) -> None:
    """Debit is spent, credit came back; anything else goes aside. The same currency twice is no foreign amount."""
    rows = (
        "001,2024-01-25,10.00,Debit,INR,,Shop,R1,Jo,2.50,USD\n"
        "001,2024-01-25,4.00,Credit,INR,,Shop,R2,Jo,4.00,INR\n"
        "001,2024-01-25,4.00,Blocked,INR,,Shop,R3,Jo,,\n"
    )
    feed = survey(written(tmp_path, HAPPAY + rows), NO_MAP, JONES)
    first, second = (line for _, line in feed.read(JONES) if not isinstance(line, ValueError))
    assert (first.amount, first.facts.original_amount, first.facts.original_currency) == (
        Decimal(10),
        Decimal("2.50"),
        "USD",
    )
    assert (second.amount, second.facts.original_amount, second.told["cardholder_name"]) == (Decimal(-4), None, "Jo")
    assert faults_of(feed) == [(4, "transaction_type", "is neither debit nor credit; correct it")]


def test_a_workbook_is_read_as_its_export_would_be(tmp_path: Path) -> None:
    """Titles above the header, empty rows and sheets, and the digits that the sheet shows of a binary number."""
    path = workbook(
        tmp_path / "feed",
        Spend={
            1: ("Card spending",),
            3: ("Date", "Amount", "Merchant", "Team"),
            4: ("2024-01-25", Decimal("12.5"), "A"),
            6: ("2024-01-26", Decimal("0.30000000000000004"), "B", "Ops"),
            7: ("2024-01-27", "free", "C"),
        },
        Notes={},
    )
    feed = survey(path, NO_MAP, JONES)
    assert feed.format == "xlsx"
    assert [(r.line, str(line.amount)) for r, line in feed.read(JONES) if not isinstance(line, ValueError)] == [
        (4, "12.5"),
        (6, "0.3"),
    ]
    assert [(line, column) for line, column, _ in faults_of(feed)] == [(7, "Amount")]
    assert feed.remarks == (f"{path}, line 3: nothing is read from 'Team'",)


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    """Rows on two sheets are never half of a feed."""
    rows: dict[int, tuple[str | Decimal | None, ...]] = {
        1: ("Date", "Amount", "Merchant"),
        2: ("2024-01-25", Decimal("1.00"), "A"),
    }
    path = workbook(tmp_path / "feed", May=rows, June=rows)
    with pytest.raises(FeedRefused, match="one sheet must hold the rows, and 'May', 'June' do"):
        survey(path, NO_MAP, JONES)
    assert survey(path, ColumnMap(sheet="June"), JONES).rows == 1
    with pytest.raises(FeedRefused, match="has no sheet 'July'; it has 'May', 'June'"):
        survey(path, ColumnMap(sheet="July"), JONES)


def test_a_column_found_under_a_later_name_is_told(tmp_path: Path) -> None:
    """Next month's header differs: the map knows the new name, and the operator hears that it was used."""
    given = ColumnMap(columns={"amount": ("Gross", "Gross Amt")})
    path = written(tmp_path, "Date,Gross Amt,Merchant\n2024-01-25,1.00,A\n")
    assert survey(path, given, JONES).remarks == (f"{path}, line 1: amount is read from 'Gross Amt', not from 'Gross'",)
