"""Card feeds: whole or refused, no row lost, the same row the same expense."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from producers.card_feed import Feed, FeedReport, send, survey
from producers.card_line import CardLine, Holder, masked
from producers.edge import Edge
from producers.feed_map import ColumnMap, load_map
from producers.feed_rows import FeedRefused, open_table, read_rows
from producers.feeds.record import BadRow
from schemas.dead_letters import PREFIX
from schemas.envelope import Event
from schemas.events import BatchClosed, ExpenseParsed
from schemas.records import Context, Sealed
from tests.producers.conftest import Read
from vault.personal import unpack

Events = Callable[[str], list[Event]]
HEADER = "Date,Reference,Value,Merchant,Employee,Card number,MCC\n"
JONES = Holder(tenant="acme", employee_id="E-9", currency="GBP")


def _line(feed: Feed, holder: Holder = JONES) -> CardLine:
    ((_, line),) = feed.read(holder)
    assert isinstance(line, CardLine)
    return line


def _feed(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "feed.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    """The same rows come out of every encoding a feed is exported in."""
    path = _feed(tmp_path, "Date,Amount,Merchant\n28/09/2017,\u00a35.00,Caf\u00e9 Zo\u00eb\n".encode(encoding))
    assert [row.cells for row in read_rows(open_table(path))][1] == ("28/09/2017", "\u00a35.00", "Caf\u00e9 Zo\u00eb")


def test_rows_know_their_line_and_text(tmp_path: Path) -> None:
    """Blank lines and line breaks in quotes do not shift what the operator sees in an editor."""
    path = _feed(tmp_path, 'a;b\r\n\r\n"x\r\ny";2\r\n3;4')
    rows = list(read_rows(open_table(path)))
    assert [(r.line, r.cells) for r in rows] == [(1, ("a", "b")), (3, ("x\r\ny", "2")), (5, ("3", "4"))]
    assert rows[1].raw == '"x\r\ny";2'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xd0\xcf\x11\xe0\x00\x00", "holds no text; export the feed as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rubbish", "cannot be read as a workbook"),
        ("<html><body>Please sign in</body></html>", "line 1: is of no known format; there are .*csv"),
        ("Date,Amount\n28/09/2017,1.00\n", "no column .*'merchant'.*\\(merchant\\).*Was one renamed"),
        ("when,how much,where\n1,2,3\n", "no header with columns for date, amount, merchant"),
        ("Date,Amount,Merchant\n", "has a header and no rows"),
        ("Date,Amount,Merchant\n03/04/2017,1.00,A\n", "column 'Date': '03/04/2017' could be .* say date_format"),
        ("Date,Amount,Merchant\n28/09/2017,free,A\n", "column 'Amount': not one cell can be read as amount"),
        ('Date,Amount,Merchant\n28/09/2017,1.00,"A\n29/09/2017,2.00,B\n', "line 2: .*close the quote"),
        ("Date,Amount,Merchant,Amount\n28/09/2017,1.00,A,2\n", "has 'amount' twice"),
    ],
)
def test_a_feed_that_is_not_whole_is_refused(tmp_path: Path, content: str | bytes, told: str) -> None:
    """The message names file, column and remedy, before anything is published."""
    with pytest.raises(FeedRefused, match=f"feed\\.csv.*{told}"):
        survey(_feed(tmp_path, content), ColumnMap(), JONES)


def test_currency_and_person_must_come_from_somewhere(tmp_path: Path) -> None:
    """Without a column or a default for the feed, nothing is assumed."""
    path = _feed(tmp_path, "Date,Amount,Merchant\n28/09/2017,1.00,A\n")
    with pytest.raises(FeedRefused, match="no column for the currency"):
        survey(path, ColumnMap(), Holder(tenant="acme", employee_id="E-9"))
    with pytest.raises(FeedRefused, match="no column for employee or card account"):
        survey(path, ColumnMap(), Holder(tenant="acme", currency="GBP"))


def test_a_renamed_column_stops_the_feed_until_the_map_knows_it(tmp_path: Path) -> None:
    """Next month's header differs: the error names the lost column; an alias in the map reads both months."""
    september = _feed(tmp_path, "Trans Date,Gross,Shop\n28/09/2017,1.00,A\n")
    october = tmp_path / "october.csv"
    october.write_text("Trans Date,Gross Amt (GBP),Shop\n28/10/2017,1.00,A\n")
    plan = tmp_path / "map.yaml"
    plan.write_text("columns: {date: Trans Date, amount: Gross, merchant: Shop}\ncurrency: GBP\n")
    assert survey(september, load_map(plan), JONES).rows == 1
    with pytest.raises(FeedRefused, match=r"october\.csv, line 1: the header has no column 'Gross' \(amount\)"):
        survey(october, load_map(plan), JONES)
    plan.write_text("columns: {date: Trans Date, amount: [Gross, Gross Amt (GBP)], merchant: Shop}\ncurrency: GBP\n")
    assert survey(october, load_map(plan), JONES).rows == 1


def test_a_wrong_map_is_refused_with_its_field(tmp_path: Path) -> None:
    """Unknown fields and settings are named."""
    plan = tmp_path / "map.yaml"
    plan.write_text("columns: {price: Gross}\ndecimal: ';'\ncurrency: XYZ\n")
    with pytest.raises(FeedRefused, match=r"map\.yaml: columns\.price.*decimal.*currency.*no ISO 4217"):
        load_map(plan)


def test_a_row_becomes_a_line_with_nothing_personal_in_the_open(tmp_path: Path) -> None:
    """Amount, day, merchant, category code and reference are facts; employee and card are told apart."""
    path = _feed(tmp_path, HEADER + "28/09/2017,R1,-1.50, SHELL   KINGS ,E-1,************5770,742\n")
    feed = survey(path, ColumnMap(), JONES)
    line = _line(feed)
    assert (line.amount, line.currency, line.merchant) == (Decimal("-1.50"), "GBP", "SHELL KINGS")
    assert (line.facts.mcc, line.facts.invoice_number, line.facts.account) == ("0742", "R1", None)
    assert line.told == {"employee_id": "E-1", "cardholder_name": None, "card_number": "************5770"}
    assert "E-1" not in repr((line.facts, line.line, line.context))
    assert "5770" not in repr((line.facts, line.line, line.context))


def test_a_place_is_read_where_the_map_names_it(tmp_path: Path) -> None:
    """Country and locality come from the columns the map names, never by a header's name alone."""
    content = "Date,Amount,Merchant,Country,City\n28/09/2017,1.00,INN,us,Boston MA\n29/09/2017,1.00,INN,USA,Boston\n"
    path = _feed(tmp_path, content)
    ((_, first), _) = survey(path, ColumnMap(), JONES).read(JONES)
    assert isinstance(first, CardLine)
    assert (first.context.country, first.context.locality) == (None, None)
    given = ColumnMap(columns={"country": ("Country",), "locality": ("City",)})
    (_, first), (_, second) = survey(path, given, JONES).read(JONES)
    assert isinstance(first, CardLine)
    assert (first.context.country, first.context.locality) == ("US", "Boston MA")
    assert isinstance(second, BadRow)
    assert "'USA' is no ISO 3166-1 alpha-2 country" in str(second)


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ("4929 1234 1234 5678", "************5678"),
        ("************5770", "************5770"),
        ("5770", "5770"),
        ("ACC-12", None),
        ("", None),
    ],
)
def test_a_card_number_is_masked(account: str, expected: str | None) -> None:
    """At most four digits of a card number are kept; what is no card number is not shown at all."""
    assert masked(account) == expected


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("tomorrow,R1,1.00,A,E-1,,", "Date"),
        ("28/09/2017,R1,1.0.0,A,E-1,,", "Value"),
        ("28/09/2017,R1,1.00,A,E-1,,5411,surplus", ""),
    ],
)
def test_a_bad_row_names_its_column(tmp_path: Path, row: str, column: str) -> None:
    """The fault names the header concerned and quotes no cell."""
    feed = survey(_feed(tmp_path, HEADER + "28/09/2017,R0,2.00,B,E-1,,\n" + row), ColumnMap(), JONES)
    *_, (_, bad) = feed.read(JONES)
    assert isinstance(bad, BadRow)
    assert bad.column == column
    assert "E-1" not in str(bad)


def test_a_line_without_merchant_goes_on_with_a_doubt(tmp_path: Path) -> None:
    """The amount is known and was spent: a person says who was paid."""
    feed = survey(_feed(tmp_path, "Date,Amount,Merchant\n28/09/2017,530.54,\n"), ColumnMap(), JONES)
    line = _line(feed)
    assert [(p.code, p.field) for p in line.problems] == [("MISSING_MERCHANT", "vendor_name")]


def test_charges_can_be_negative_in_the_feed(tmp_path: Path) -> None:
    """A bank's view shows money spent as negative; the map turns it round."""
    feed = survey(_feed(tmp_path, "Date,Amount,Merchant\n28/09/2017,-5.00,A\n"), ColumnMap(charges="negative"), JONES)
    assert _line(feed).amount == 5


def _send(edge: Edge, path: Path, holder: Holder, batch: str) -> FeedReport:
    return send(survey(path, ColumnMap(), holder), edge, holder, batch)


@pytest.mark.kafka
def test_rows_in_are_events_and_dead_letters_out(
    edge: Edge, events: Events, read: Read, tenant: str, tmp_path: Path
) -> None:
    """Every row is an expense or a dead letter whose sealed text gives the row back; totals agree; the batch closes."""
    path = _feed(
        tmp_path,
        HEADER
        + "28/09/2017,R1,10.00,SHELL,E-1,4929123412345678,5541\n"
        + "29/09/2017,R2,x,SECRET SHOP,E-1,,\n"
        + "30/09/2017,R3,-2.50,SHELL,,,\n",
    )
    holder = Holder(tenant=tenant, employee_id="E-9", currency="GBP", context=Context(department="ops"))
    report = _send(edge, path, holder, "sept")
    assert (report.rows, report.events, report.dead_letters, report.expenses) == (3, 2, 1, 2)
    assert report.totals == {"GBP": Decimal("7.50")}
    assert report.faults == [f"{path}, line 3: Value is no amount with '.' before decimals; correct it"]
    parsed = [e for e in events("expense.parsed") if isinstance(e, ExpenseParsed)]
    assert {e.subject for e in parsed} == {edge.pseudonyms.of(tenant, "E-1"), edge.pseudonyms.of(tenant, "E-9")}
    first = next(e for e in parsed if e.facts.invoice_number == "R1")
    assert (first.facts.account, first.stage) == (edge.pseudonyms.of(tenant, "4929123412345678"), "card_feed")
    assert (first.status, first.lines[0].amount, first.context.department) == ("parsed", Decimal("10.00"), "ops")
    assert first.personal
    told = unpack(edge.keys.vault.open(tenant, first.subject, first.expense_id, first.personal))
    assert told == {"employee_id": "E-1", "card_number": "************5678"}
    (closed,) = [e for e in events("batch.progress") if isinstance(e, BatchClosed)]
    assert closed.expense_ids == tuple(sorted(e.expense_id for e in parsed))
    (letter,) = [r for r in read("expense.dlq") if r.header("__dlq.sealed.tenant") == tenant.encode()]
    assert (letter.header(f"{PREFIX}class"), letter.header(f"{PREFIX}offset")) == (b"BAD_ROW", b"3")
    assert b"SECRET" not in (letter.value or b"") + repr(letter.headers).encode()
    subject, place, key_id = (
        (letter.header(f"__dlq.sealed.{name}") or b"").decode() for name in ("subject", "expense", "key")
    )
    sealed = Sealed(key_id=key_id, ciphertext=letter.value or b"")
    assert unpack(edge.keys.vault.open(tenant, subject, place, sealed)) == {"text": "29/09/2017,R2,x,SECRET SHOP,E-1,,"}


@pytest.mark.kafka
def test_overlapping_exports_are_the_same_expenses(edge: Edge, events: Events, tenant: str, tmp_path: Path) -> None:
    """Two coffees of a day are two expenses; the next export with both gives the same two ids and one new."""
    holder = Holder(tenant=tenant, employee_id="E-9", currency="GBP")
    head, coffee = "Date,Amount,Merchant\n", "28/09/2017,3.20,COSTA\n"
    first = _send(edge, _feed(tmp_path, head + coffee * 2), holder, "one")
    second = _send(edge, _feed(tmp_path, head + coffee * 3), holder, "two")
    assert (first.expenses, second.expenses, second.repeated) == (2, 3, 0)
    ids = {batch: {e.expense_id for e in events("expense.parsed") if e.batch_id == batch} for batch in ("one", "two")}
    assert ids["one"] < ids["two"]


@pytest.mark.kafka
def test_a_repeated_reference_is_the_same_expense(edge: Edge, tenant: str, tmp_path: Path) -> None:
    """A line that an export repeats further on under its reference is counted and is no second expense."""
    holder = Holder(tenant=tenant, employee_id="E-9", currency="GBP")
    line = "28/09/2017,R1,10.00,SHELL,E-1,,5541\n"
    other = "28/09/2017,R2,4.00,SHELL,E-1,,5541\n"
    report = _send(edge, _feed(tmp_path, HEADER + line + other + line), holder, "b")
    assert (report.rows, report.events, report.expenses, report.repeated) == (3, 3, 2, 1)


@pytest.mark.kafka
def test_the_feed_waits_while_the_stages_are_behind(edge: Edge, tenant: str, tmp_path: Path) -> None:
    """Over the bound it pauses and asks again; below it goes on."""
    behind = iter([edge.settings.lag_bound + 1, edge.settings.lag_bound + 1, edge.settings.lag_bound])
    pauses: list[float] = []
    holder = Holder(tenant=tenant, employee_id="E-9", currency="GBP")
    feed = survey(_feed(tmp_path, "Date,Amount,Merchant\n28/09/2017,3.20,COSTA\n"), ColumnMap(), holder)
    report = send(feed, edge, holder, "b", lag=lambda: next(behind), pause=pauses.append)
    assert (report.events, len(pauses)) == (1, 2)
