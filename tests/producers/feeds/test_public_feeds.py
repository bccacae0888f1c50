"""Feeds made by others: read as their makers read them, or refused with line and field; no row is lost."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from producers.card_feed import survey
from producers.card_line import CardLine
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from tests.producers.feeds.reading import DATA, JONES, NO_MAP, lines_of, written

FEEDS = DATA / "card_feeds"
SUFFIXES = {".ofx", ".xml"}
# What a refusal must name: the file and the line; behind it stands the field.
PLACED = re.compile(r"line \d+: \S")

pytestmark = pytest.mark.data


def _present(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set SPENDTRAIL_DATA")
    return folder


def test_every_case_reads_as_its_maker_reads_it() -> None:
    """Amount, sign, currency, day, merchant, category code and foreign amount of all transactions, in order."""
    cases = sorted(_present(FEEDS / "fyle_bank_feeds").glob("*/*/expected.json"))
    assert len(cases) == 14
    for case in cases:
        expected = json.loads(case.read_text(), parse_float=Decimal)
        found = lines_of(survey(case.with_name("data"), NO_MAP, JONES))
        assert [
            (
                Decimal(e["amount"]) * (1 if e["transaction_type"] == "debit" else -1),
                e["currency"],
                e["transaction_dt"][:10],
                " ".join(e["vendor"].split()),
                e.get("merchant_category_code") or None,
                Decimal(e["foreign_amount"]) if e.get("foreign_amount") else None,
                e.get("foreign_currency"),
            )
            for e in expected
        ] == [
            (
                line.amount,
                line.currency,
                line.day.isoformat(),
                line.merchant,
                line.facts.mcc,
                line.facts.original_amount,
                line.facts.original_currency,
            )
            for line in found
        ], case


def test_every_other_feed_loads_or_says_where_it_does_not() -> None:
    """Rows in are lines and faults out; a refusal names file, line and field."""
    _present(FEEDS)
    others = [p for p in FEEDS.rglob("*") if p.suffix in SUFFIXES or p.name in {"data", "fixtures3.json"}]
    assert len(others) > 80
    refused: dict[Path, str] = {}
    for path in sorted(others):
        try:
            feed = survey(path, NO_MAP, JONES)
        except FeedRefused as refusal:
            refused[path] = str(refusal)
        else:
            assert len(list(feed.read(JONES))) == feed.rows
    assert [p for p, told in refused.items() if str(p) not in told or not PLACED.search(told)] == []
    assert len(others) - len(refused) >= 60


def test_no_damaged_trailer_passes(tmp_path: Path) -> None:
    """One more in a count, or another total, and the feed is refused."""
    for case, old, new in (
        ("cdf/p2", b"<RecordCount >00000013", b"<RecordCount >00000014"),
        ("cdf/p2", b"00000000000003116200", b"00000000000003116201"),
        ("vcf/p1", b"05\t0000000001\t0000000000008998", b"05\t0000000002\t0000000000008998"),
        ("vcf/p1", b"05\t0000000001\t0000000000008998", b"05\t0000000001\t0000000000008999"),
    ):
        content = (_present(FEEDS / "fyle_bank_feeds" / case) / "data").read_bytes()
        assert old in content
        with pytest.raises(FeedRefused, match="by the feed's own total"):
            survey(written(tmp_path, content.replace(old, new)), NO_MAP, JONES)


def test_every_month_of_a_public_csv_feed_loads() -> None:
    """Headers, notations and empty merchants of real exports: no row is lost, and the totals are those of the file."""
    months = sorted(_present(DATA / "reference" / "pcard_oxford" / "data").glob("*.csv"))
    assert len(months) == 9
    for month in months:
        feed = survey(month, NO_MAP, JONES)
        cells = [record.raw.rsplit(",", 1)[-1] for record, _ in feed.read(JONES)]
        assert feed.rows == len(cells) == sum(1 for line in month.open(encoding="cp1252") if line.strip(", \n")) - 1
        _whole(feed.rows, [line for _, line in feed.read(JONES)])


def _whole(rows: int, settled: list[CardLine | Exception]) -> Decimal:
    good = [line for line in settled if isinstance(line, CardLine)]
    assert len(good) + sum(isinstance(line, ValueError) for line in settled) == rows
    return sum((line.amount for line in good), Decimal(0))


def test_every_month_of_a_public_workbook_feed_loads() -> None:
    """Four months with three sets of columns: rows in are rows out and aside, totals are those of the sheet."""
    months = sorted(_present(DATA / "reference" / "pcard_birmingham").glob("*.xls"))
    assert len(months) == 4
    for month in months:
        feed = survey(month, ColumnMap(currency="GBP"), JONES)
        with CalamineWorkbook.from_path(month) as book:
            header, *rows = book.get_sheet_by_name(book.sheet_names[0]).to_python()
        billed = "BILLING GROSS AMT" if "BILLING GROSS AMT" in header else "ORIGINAL GROSS AMT"
        at = header.index(billed)
        assert feed.rows == len(rows)
        total = sum((Decimal(format(row[at], ".15g")) for row in rows), Decimal(0))
        assert _whole(feed.rows, [line for _, line in feed.read(JONES)]) == total
