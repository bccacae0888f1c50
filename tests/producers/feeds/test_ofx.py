"""OFX: SGML and XML, several accounts, money out positive."""

from pathlib import Path

import pytest

from producers.card_feed import survey
from producers.card_line import CardLine, Holder
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import JONES, NO_MAP, OFX_1, faults_of, lines_of, said, written

OFX_2 = """<?xml version="1.0"?>
<?OFX OFXHEADER="200" VERSION="211"?>
<OFX><BANKMSGSRSV1>
<STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><ACCTID>111</ACCTID></BANKACCTFROM><BANKTRANLIST>
<STMTTRN><DTPOSTED>20240105</DTPOSTED><TRNAMT>-1.00</TRNAMT><FITID>1</FITID><NAME><![CDATA[A <B> & C]]></NAME></STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS>
<STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><ACCTID>222</ACCTID></BANKACCTFROM><BANKTRANLIST>
<STMTTRN><DTPOSTED>20240106</DTPOSTED><TRNAMT>-2</TRNAMT><FITID>1</FITID><PAYEE><NAME>PAYEE</NAME></PAYEE>
<CURRENCY><CURRATE>1.1</CURRATE><CURSYM>USD</CURSYM></CURRENCY><BANKACCTTO><ACCTID>999</ACCTID></BANKACCTTO></STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""


def test_sgml_without_end_tags_is_read(tmp_path: Path) -> None:
    """The day the card was used, entities, a decimal comma; a credit is negative."""
    assert said(tmp_path, OFX_1) == [
        ("2024-01-05", "12.50", "USD", "AT&T", None),
        ("2024-01-07", "-3.25", "USD", "DINER", "5812"),
    ]


def test_xml_of_several_accounts_is_read(tmp_path: Path) -> None:
    """Each transaction is of the statement around it; a transfer's other account is not its own."""
    lines = lines_of(survey(written(tmp_path, OFX_2), NO_MAP, JONES))
    assert [(line.account, line.merchant, str(line.amount), line.currency) for line in lines] == [
        ("111", "A <B> & C", "1.00", "EUR"),
        ("222", "PAYEE", "2.00", "USD"),
    ]


def test_a_file_longer_than_one_piece_is_read_whole(tmp_path: Path) -> None:
    """A tag may be cut anywhere between two pieces; every transaction comes once, with its line."""
    one = "<STMTTRN><DTPOSTED>20240105<TRNAMT>-1.00<FITID>{}<NAME>SHOP {}</STMTTRN>\n"
    many = "".join(one.format(n, n) for n in range(1_000))
    feed = survey(written(tmp_path, OFX_1.replace("</BANKTRANLIST>", f"{many}</BANKTRANLIST>")), NO_MAP, JONES)
    records = list(feed.read(JONES))
    assert [line.reference for _, line in records if isinstance(line, CardLine)] == [
        "F1",
        "F2",
        *map(str, range(1_000)),
    ]
    assert records[-1][0].line == 12 + 999
    assert records[-1][0].raw.startswith("<STMTTRN><DTPOSTED>20240105<TRNAMT>-1.00<FITID>999")


def test_what_the_statement_lacks_comes_from_the_settings(tmp_path: Path) -> None:
    """No currency and nobody's account: the settings give both, and the event says so."""
    bare = OFX_1.replace("<CURDEF>USD", "").replace("<CCACCTFROM><ACCTID>4111111111111111</CCACCTFROM>", "")
    first, _ = lines_of(survey(written(tmp_path, bare), NO_MAP, JONES))
    assert (first.currency, first.person) == ("GBP", "E-9")
    assert first.facts.engine == "card_feed ofx; currency and employee by the feed's settings"
    with pytest.raises(FeedRefused, match="CURDEF is empty; name a currency"):
        survey(written(tmp_path, bare), NO_MAP, Holder(tenant="acme", employee_id="E-9"))


def test_a_transaction_that_cannot_be_read_goes_aside(tmp_path: Path) -> None:
    """No amount, and a day that does not exist."""
    feed = OFX_1.replace("-12.50", "$12").replace(
        "<MEMO>PHONE</STMTTRN>", "</STMTTRN><STMTTRN><DTPOSTED>20240230<TRNAMT>1</STMTTRN>"
    )
    found = survey(written(tmp_path, feed), NO_MAP, JONES)
    assert [(line, column) for line, column, _ in faults_of(found)] == [(9, "TRNAMT"), (10, "DTPOSTED")]


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (OFX_1.replace("</OFX>", ""), "line 12: ends before its end"),
        (OFX_1.replace("</STMTTRN>\n</BANKTRANLIST>", ""), "line 11: a transaction \\(STMTTRN\\) has no end"),
        (OFX_1.replace("</STMTTRN>", ""), "line 9: a transaction \\(STMTTRN\\) has no end"),
        ("OFXHEADER:100\n<OFX></OFX>", "ends without a statement of a card or bank"),
    ],
)
def test_half_a_file_is_refused(tmp_path: Path, feed: str, told: str) -> None:
    """Its end, the end of each transaction, and a statement must be there."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, feed), NO_MAP, JONES)
