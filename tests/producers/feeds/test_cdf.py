"""Mastercard CDF 3 and Diners S3DF: amounts by their own exponent, counts and totals by the trailer."""

from pathlib import Path

import pytest

from producers.card_feed import survey
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import (
    JONES,
    NO_MAP,
    cdf,
    cdf_transaction,
    faults_of,
    lines_of,
    said,
    written,
)


def _trailer(**values: str) -> str:
    told = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f"<TransmissionTrailer_9999>{told}</TransmissionTrailer_9999>"


def test_transactions_are_read(tmp_path: Path) -> None:
    """A debit is positive, a credit negative; the exponent is the record's, the fraction the currency's."""
    feed = cdf(
        cdf_transaction(),
        cdf_transaction("5000", side="C", exponent="3"),
        cdf_transaction("7", currency="392", exponent="0"),
    )
    assert said(tmp_path, feed) == [
        ("2024-01-05", "5.00", "EUR", "Hotel & Bar", "7011"),
        ("2024-01-05", "-5.00", "EUR", "Hotel & Bar", "7011"),
        ("2024-01-05", "7", "JPY", "Hotel & Bar", "7011"),
    ]


def test_holder_account_and_original_amount_are_kept(tmp_path: Path) -> None:
    """The account is the entity's around the transaction; it and its holder are personal."""
    original = (
        '<AmountInOriginalCurrency CurrencyCode="840" CurrencyExponent="2" CurrencySign="D">543'
        "</AmountInOriginalCurrency><OriginalCurrencyCode>840</OriginalCurrencyCode>"
    )
    (line,) = lines_of(survey(written(tmp_path, cdf(cdf_transaction(original=original))), NO_MAP, JONES))
    assert (str(line.facts.original_amount), line.facts.original_currency) == ("5.43", "USD")
    assert line.account == "5412123412341234"
    assert (line.told["cardholder_name"], line.told["card_number"]) == ("JANE DOE", "************1234")


def test_diners_merchants_go_by_name_and_region(tmp_path: Path) -> None:
    """S3DF is the same layout under a root of its own."""
    ((_, _, _, merchant, _),) = said(tmp_path, cdf(cdf_transaction(), root="DinersS3DFTransmissionFile"))
    assert merchant == "Hotel & Bar, NY"


def test_a_transmission_of_no_transactions_is_whole(tmp_path: Path) -> None:
    """A day without purchases is delivered too."""
    feed = survey(written(tmp_path, cdf(trailer=_trailer(NumOfDebits="0"))), NO_MAP, JONES)
    assert (feed.format, feed.rows) == ("cdf3", 0)


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        (cdf(cdf_transaction(), trailer=_trailer(RecordCount="6")), "RecordCount is 6 by .* and 5 were found"),
        (cdf(cdf_transaction(), trailer=_trailer(NumOfDebits="2")), "NumOfDebits is 2 by .* and 1 were found"),
        (cdf(cdf_transaction(), trailer=_trailer(NumOfCredits="1")), "NumOfCredits is 1 by .* and 0 were found"),
        (cdf(cdf_transaction(), trailer=_trailer(TotalAmountOfDebits="50001")), "is 50001 by .* and 50000 were found"),
        (cdf(cdf_transaction(), trailer=_trailer(TotalAmountOfCredits="1")), "Credits is 1 by .* and 0 were found"),
        (cdf(cdf_transaction(), trailer=_trailer(NumOfDebits="two")), "NumOfDebits is not digits alone"),
        (cdf(cdf_transaction(), trailer=""), "ends without its trailer"),
        (cdf(cdf_transaction())[:-30], "line \\d+: is no well-formed XML"),
        (cdf(cdf_transaction(), before='<!DOCTYPE a [<!ENTITY b "c">]>'), "line 1: declares a document type"),
    ],
)
def test_a_feed_that_its_trailer_contradicts_is_refused(tmp_path: Path, feed: str, told: str) -> None:
    """Line, what was expected and what was found; nothing of it is read."""
    with pytest.raises(FeedRefused, match=told):
        survey(written(tmp_path, feed), NO_MAP, JONES)


def test_a_bad_transaction_goes_aside(tmp_path: Path) -> None:
    """A sign against the indicator, a fraction the currency lacks, no day: each names its field."""
    feed = cdf(
        cdf_transaction(),
        cdf_transaction(sign="C"),
        cdf_transaction("000050001"),
        cdf_transaction(day=""),
        cdf_transaction(side="X"),
    )
    found = survey(written(tmp_path, feed), NO_MAP, JONES)
    assert [column for _, column, _ in faults_of(found)] == [
        "AmountInPostedCurrency",
        "AmountInPostedCurrency",
        "TransactionDate",
        "DebitOrCreditIndicator",
    ]
    assert [line for line, _, _ in faults_of(found)] == [16, 25, 34, 43]
