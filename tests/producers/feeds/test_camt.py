"""camt.052, .053 and .054: entries and their details, signs by the indicator, summaries that must agree."""

from pathlib import Path

import pytest

from producers.card_feed import survey
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import JONES, NO_MAP, camt, camt_entry, faults_of, lines_of, said, written


def _detail(amount: str, name: str = "Rail AG") -> str:
    return (
        f'<TxDtls><Amt Ccy="EUR">{amount}</Amt><RltdPties><Cdtr><Pty><Nm>{name}</Nm></Pty></Cdtr></RltdPties></TxDtls>'
    )


@pytest.mark.parametrize("message", ["052.001.02", "052.001.08", "053.001.02", "053.001.10", "054.001.04"])
def test_every_message_and_version_is_read(tmp_path: Path, message: str) -> None:
    """Money out is positive, money in negative."""
    back = camt_entry("2.00", "CRDT", details="<AddtlNtryInf>REFUND RAIL AG</AddtlNtryInf>")
    assert said(tmp_path, camt(camt_entry(), back, message=message)) == [
        ("2024-01-05", "12.50", "EUR", "Rail AG", None),
        ("2024-01-05", "-2.00", "EUR", "REFUND RAIL AG", None),
    ]


def test_details_that_add_up_are_a_line_each(tmp_path: Path) -> None:
    """Two alike are told apart by their place in the entry; details that do not add up leave the entry whole."""
    split = camt_entry("9.00", details=f"<NtryDtls>{_detail('4.50')}{_detail('4.50')}</NtryDtls>")
    whole = camt_entry("9.01", details=f"<NtryDtls>{_detail('4.50')}{_detail('4.50')}</NtryDtls>")
    lines = lines_of(survey(written(tmp_path, camt(split, whole)), NO_MAP, JONES))
    assert [(str(line.amount), line.reference) for line in lines] == [
        ("4.50", "A1/1"),
        ("4.50", "A1/2"),
        ("9.01", "A1"),
    ]


def test_a_card_entry_tells_card_category_and_original_amount(tmp_path: Path) -> None:
    """Where the bank passes on what the scheme told it."""
    details = (
        "<NtryDtls><TxDtls><AmtDtls><InstdAmt><Amt Ccy='USD'>13.00</Amt></InstdAmt></AmtDtls>"
        "<CardTx><Card><PlainCardData><PAN>4111111111111111</PAN></PlainCardData></Card><Tx><MrchntCtgyCd>4112</MrchntCtgyCd></Tx></CardTx>"
        "<RltdPties><Cdtr><Nm>Rail AG</Nm></Cdtr></RltdPties></TxDtls></NtryDtls>"
    )
    (line,) = lines_of(survey(written(tmp_path, camt(camt_entry(details=details))), NO_MAP, JONES))
    assert (line.account, line.facts.mcc) == ("4111111111111111", "4112")
    assert (str(line.facts.original_amount), line.facts.original_currency) == ("13.00", "USD")


def test_entries_that_cannot_be_read_go_aside(tmp_path: Path) -> None:
    """Pending, without a day, negative beside its indicator, in no currency."""
    entries = (
        camt_entry(),
        camt_entry(status="PDNG"),
        camt_entry(day=""),
        camt_entry("-1.00"),
        camt_entry(currency="XXX"),
    )
    found = survey(written(tmp_path, camt(*entries)), NO_MAP, JONES)
    assert [(line, column) for line, column, _ in faults_of(found)] == [
        (6, "Sts"),
        (7, "BookgDt"),
        (8, "Amt"),
        (9, "Amt/@Ccy"),
    ]


@pytest.mark.parametrize(
    ("summary", "told"),
    [
        ("<TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>", "TtlNtries/NbOfNtries is 3 by .* and 2 were found"),
        ("<TtlNtries><Sum>14.51</Sum></TtlNtries>", "TtlNtries/Sum is 14.51 by .* and 14.50 were found"),
        ("<TtlDbtNtries><Sum>12.49</Sum></TtlDbtNtries>", "TtlDbtNtries/Sum is 12.49 by .* and 12.50 were found"),
        ("<TtlCdtNtries><NbOfNtries>0</NbOfNtries></TtlCdtNtries>", "TtlCdtNtries/NbOfNtries is 0 by .* and 1 were"),
        ("<TtlCdtNtries><NbOfNtries>x</NbOfNtries></TtlCdtNtries>", "NbOfNtries is not digits"),
    ],
)
def test_a_summary_that_contradicts_refuses_the_feed(tmp_path: Path, summary: str, told: str) -> None:
    """Line, what was expected and what was found; one that agrees passes."""
    entries = (camt_entry(), camt_entry("2.00", "CRDT"))
    good = "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><Sum>14.50</Sum></TtlNtries></TxsSummry>"
    assert survey(written(tmp_path, camt(*entries, summary=good)), NO_MAP, JONES).rows == 2
    with pytest.raises(FeedRefused, match=f"line 4: .*{told}"):
        survey(written(tmp_path, camt(*entries, summary=f"<TxsSummry>{summary}</TxsSummry>")), NO_MAP, JONES)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (camt(before='<!DOCTYPE a [<!ENTITY b "c">]>'), "line 1: declares a document type"),
        (camt().replace("Stmt>", "Else>"), "line 1: holds no report, statement or notification"),
        (camt(camt_entry())[:-20], "line \\d+: is no well-formed XML"),
    ],
)
def test_what_is_no_statement_is_refused(tmp_path: Path, feed: str, told: str) -> None:
    """Entities could name other files; half a file is no file."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, feed), NO_MAP, JONES)
