"""Visa VCF 4: signs by transaction type, amounts in minor units, blocks held against their trailers."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.card_feed import survey
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds.vcf import _CREDITS, _DEBITS
from tests.producers.feeds.reading import JONES, NO_MAP, faults_of, lines_of, said, vcf, written

BUY = ("10", "1250", "00978", "01052024")


def test_transactions_are_read(tmp_path: Path) -> None:
    """A purchase is positive, a credit voucher negative, yen have no decimals."""
    feed = vcf(BUY, ("11", "300", "00978", "01062024", "SHELL 12"), ("10", "500", "00392", "01072024", "TOKYO TAXI"))
    assert said(tmp_path, feed) == [
        ("2024-01-05", "12.50", "EUR", "SHELL 12", "5541"),
        ("2024-01-06", "-3.00", "EUR", "SHELL 12", "5541"),
        ("2024-01-07", "500", "JPY", "TOKYO TAXI", "5541"),
    ]


def test_the_merchants_own_currency_is_kept(tmp_path: Path) -> None:
    """A source amount in another currency is the original one; its account is personal and masked."""
    row = (*BUY, "SHELL 12", "1000", "00826")
    (line,) = lines_of(survey(written(tmp_path, vcf(row)), NO_MAP, JONES))
    assert (str(line.facts.original_amount), line.facts.original_currency) == ("10.00", "GBP")
    assert line.told["card_number"] == "************1234"
    assert "4929123412341234" not in repr((line.facts, line.line, line.context))


@given(
    st.integers(0, 10**12),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.sampled_from(sorted(_CREDITS | _DEBITS)),
)
def test_a_generated_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, minor: int, day: date, kind: str
) -> None:
    """Amount, day and sign of any record are what was written."""
    feed = vcf((kind, str(minor), "00978", f"{day:%m%d%Y}"))
    (line,) = lines_of(survey(written(tmp_path_factory.getbasetemp(), feed), NO_MAP, JONES))
    assert line.day == day
    assert line.amount * 100 == (-minor if kind in _CREDITS else minor)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (vcf(BUY, count=2), "line 4: the number of transactions is 2 by the feed's own total, and 1 were found"),
        (vcf(BUY, total=1251), "line 4: the sum of the transactions in minor units is 1251 .* and 1250 were found"),
        (vcf(BUY, file_total=9999), "line 5: the sum of all transactions in minor units is 9999 .* 1250 were found"),
        (vcf(BUY).rpartition("7\t")[0], "line 4: ends without its trailer"),
        (vcf(BUY).rpartition("9\t")[0], "line 3: a block ends without its trailer"),
        (
            vcf(BUY).replace("8\t0000000001\t00001\t01312024\t05", "8\t0000000001\t00001\t01312024\t01"),
            "line 4: ends a",
        ),
        (vcf(BUY).replace("9\t0000000001", "6\t0000000001"), "line 4: a block ends without its trailer"),
        (vcf(BUY).replace("4\t4929", "x\t4929"), "line 3: a block ends without its trailer"),
        (vcf(BUY) + "x\tx\n", "line 6: is no record of VCF 4"),
        (vcf(BUY).replace("9\t0000000001\t00001\t01312024\t05\t0000000001", "9\ta\tb\tc\t05\tone"), "line 4: field 6"),
        (vcf(("10", "12a", "00978", "01052024"), count=1, total=0), "line 3: Billing Amount is not digits"),
    ],
)
def test_a_feed_that_its_trailers_contradict_is_refused(tmp_path: Path, feed: str, told: str) -> None:
    """Line, what was expected and what was found; nothing of it is read."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, feed), NO_MAP, JONES)


def test_a_bad_record_goes_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Each names its line and field; the total that cannot be checked any more is told."""
    feed = vcf(
        BUY, ("10", "x", "00978", "01052024"), ("99", "5", "00978", "01052024"), ("10", "5", "00978", "13052024")
    )
    found = survey(written(tmp_path, feed), NO_MAP, JONES)
    assert [(line, column) for line, column, _ in faults_of(found)] == [
        (4, "Billing Amount"),
        (5, "Transaction Type Code"),
        (6, "Transaction Date"),
    ]
    assert found.rows == 4
    assert any("cannot be checked, 1 of its amounts" in remark for remark in found.remarks)


def test_a_total_that_is_not_stated_is_told(tmp_path: Path) -> None:
    """Issuers leave totals at zero; the count still holds."""
    found = survey(written(tmp_path, vcf(BUY, total=0, file_total=0)), NO_MAP, JONES)
    assert any("no total is stated" in remark for remark in found.remarks)


def test_the_merchants_place_reaches_the_context(tmp_path: Path) -> None:
    """Limits and per diems by place see where the merchant is."""
    (line,) = lines_of(survey(written(tmp_path, vcf(BUY)), NO_MAP, JONES))
    assert (line.context.locality, line.context.country) == ("LEEDS", "GB")


def test_strictly_what_a_trailer_only_tells_refuses(tmp_path: Path) -> None:
    """A feed to be taken strictly is refused over its first remark; one without any is taken."""
    strictly = ColumnMap(strict=True)
    assert survey(written(tmp_path, vcf(BUY)), strictly, JONES).rows == 1
    with pytest.raises(FeedRefused, match=r"no total is stated.*refused because the feed is to be taken strictly"):
        survey(written(tmp_path, vcf(BUY, total=0, file_total=0)), strictly, JONES)
