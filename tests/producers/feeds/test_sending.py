"""What a feed becomes: every row an expense or a dead letter, nothing twice, nothing personal in the open."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from producers.card_feed import FeedReport, send, survey
from producers.edge import Edge
from schemas.dead_letters import PREFIX
from schemas.events import ExpenseParsed
from schemas.records import Sealed
from tests.producers.feeds.offline import Held, offline
from tests.producers.feeds.reading import DATA, JONES, NO_MAP, OFX_1, written
from vault.personal import unpack


@dataclass
class _Sent:
    """An edge without brokers, and what went through it."""

    edge: Edge
    held: Held

    @property
    def parsed(self) -> list[ExpenseParsed]:
        """Return the expenses, in the order of the feed."""
        return [event for event in self.held.events if isinstance(event, ExpenseParsed)]

    def take(self, path: Path) -> FeedReport:
        """Send a feed."""
        self.held.events.clear()
        self.held.letters.clear()
        return send(survey(path, NO_MAP, JONES), self.edge, JONES, "b")


@pytest.fixture
def sent(tmp_path: Path) -> _Sent:
    """Return an edge of the real vault and pseudonyms whose publisher keeps everything."""
    return _Sent(*offline(tmp_path))


def test_rows_in_are_expenses_and_dead_letters_out(sent: _Sent, tmp_path: Path) -> None:
    """A bad transaction is sealed with its line and field; the other goes on, its account a pseudonym."""
    report = sent.take(written(tmp_path, OFX_1.replace("3,25", "three")))
    assert (report.format, report.rows, report.events, report.dead_letters) == ("ofx", 2, 1, 1)
    assert report.totals == {"USD": Decimal("12.50")}
    ((value, headers),) = sent.held.letters
    assert headers[f"{PREFIX}offset"] == b"11"
    assert [topic for topic, _, _ in sent.held.places] == ["expense.dlq"]
    assert b"TRNAMT is no amount" in headers[f"{PREFIX}message"]
    assert b"DINER" not in (value or b"") + repr(headers).encode()
    (event,) = sent.parsed
    assert event.facts.account == sent.edge.pseudonyms.of("acme", "4111111111111111")
    assert "4111111111111111" not in repr(event)


def test_equal_lines_in_a_row_are_parts_and_doubted(sent: _Sent, tmp_path: Path) -> None:
    """Three parts of one purchase are three expenses, two of them with a doubt; a second sending gives the same ids."""
    row = "2024-01-25,R1,{},SHOP\n"
    feed = written(tmp_path, "Date,Reference,Amount,Merchant\n" + row.format("3.2") + row.format("3.20") * 2)
    report = sent.take(feed)
    first = [(event.expense_id, [p.code for p in event.problems]) for event in sent.parsed]
    assert (report.expenses, report.repeated) == (3, 0)
    assert [codes for _, codes in first] == [[], ["REPEATED_ROW"], ["REPEATED_ROW"]]
    sent.take(feed)
    assert [event.expense_id for event in sent.parsed] == [expense_id for expense_id, _ in first]


def test_a_line_that_comes_again_further_on_is_the_same(sent: _Sent, tmp_path: Path) -> None:
    """An export that repeats a line makes no second expense of it; the row is counted."""
    row, other = "2024-01-25,R1,3.20,SHOP\n", "2024-01-25,R2,4.00,SHOP\n"
    report = sent.take(written(tmp_path, "Date,Reference,Amount,Merchant\n" + row + other + row))
    assert (report.rows, report.events, report.expenses, report.repeated) == (3, 3, 2, 1)
    assert sent.parsed[0].expense_id == sent.parsed[2].expense_id
    assert [event.problems for event in sent.parsed] == [(), (), ()]


@pytest.mark.data
def test_no_row_of_a_public_feed_is_lost(sent: _Sent) -> None:
    """Rows in are expenses and dead letters out, each expense its own, and the totals are those of the expenses."""
    folders = (DATA / "reference" / "pcard_oxford", DATA / "reference" / "pcard_birmingham", DATA / "card_feeds")
    if not all(folder.is_dir() for folder in folders):
        pytest.skip(f"{DATA} lacks a feed: set SPENDTRAIL_DATA")
    tables = [path for folder in folders[:2] for path in folder.rglob("*") if path.suffix in {".csv", ".xls"}]
    cases = [path.with_name("data") for path in folders[2].rglob("expected.json")]
    assert (len(tables), len(cases)) == (13, 14)
    for path in (*tables, *cases):
        report = sent.take(path)
        assert report.rows == len(sent.parsed) + len(sent.held.letters) == report.events + report.dead_letters
        assert len({event.expense_id for event in sent.parsed}) == report.expenses == report.events
        amounts: dict[str, Decimal] = {}
        for event in sent.parsed:
            assert event.facts.currency
            assert event.facts.total is not None
            amounts[event.facts.currency] = amounts.get(event.facts.currency, Decimal(0)) + event.facts.total
        assert report.totals == amounts


def test_what_is_sealed_can_be_opened(sent: _Sent, tmp_path: Path) -> None:
    """The person's key opens the masked card number and nothing more."""
    sent.take(written(tmp_path, OFX_1))
    event = sent.parsed[0]
    assert isinstance(event.personal, Sealed)
    told = unpack(sent.edge.keys.vault.open("acme", event.subject, event.expense_id, event.personal))
    assert told == {"employee_id": "E-9", "card_number": "************1111"}
