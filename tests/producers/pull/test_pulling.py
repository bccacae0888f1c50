"""Pulling into Kafka: killed, interrupted, repeated or raced, every row is in once."""

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bench.pulling import fill, landed, pull_killed
from bench.watching import environment
from config.settings import Settings
from devstack.stack import Endpoints
from producers.atomic import Superseded
from producers.card_line import Holder
from producers.edge import Edge
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.pull.objects import open_prefix
from producers.pull.run import PullReport, pull
from producers.pull.table import open_table
from schemas.envelope import Event
from schemas.events import BatchClosed, ExpenseParsed
from schemas.records import Sealed
from schemas.topics import DEAD_LETTERS
from tests.producers.conftest import Read
from vault.personal import unpack

pytestmark = pytest.mark.kafka
Events = Callable[[str], list[Event]]
HEADER = "Date,Amount,Merchant\n"


class _Killed(Exception):
    """What ends a pull in these tests where a signal would."""


def _after(portions: int) -> Callable[[int], None]:
    """Return what ends a pull after so many portions."""
    left = [portions]

    def counted(rows: int) -> None:
        del rows
        left[0] -= 1
        if not left[0]:
            raise _Killed

    return counted


def _parsed(events: Events) -> list[ExpenseParsed]:
    return [event for event in events("expense.parsed") if isinstance(event, ExpenseParsed)]


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_pull_that_is_killed_twice_brings_every_row_once(
    provisioned: Endpoints, settings: Settings, postgres_url: str, tenant: str, tmp_path: Path
) -> None:
    """SIGKILL inside a portion, twice: every row is one event or one dead letter; the amounts add up to the cent."""
    good, spent = fill(postgres_url, "killed_lines", 45_000)
    given = environment(provisioned, SPENDTRAIL_HOME=str(settings.home), SPENDTRAIL_LAG_BOUND=str(10**9))
    words = [str(Path(sys.executable).with_name("spendtrail")), "pull", postgres_url, "--table", "killed_lines"]
    words += ["--tenant", tenant, "--name", tenant]
    seen = pull_killed(words, given, provisioned, (1, 3), tmp_path / "pull.log")
    assert seen.kills == 2
    found = landed(provisioned, tenant)
    assert (found.events, found.expenses, found.dead_letters) == (good, good, 45)
    assert found.total == spent
    again = pull_killed([*words, "--json"], given, provisioned, (), tmp_path / "again.log")
    assert again.kills == 0
    assert '"before":45000,"rows":0' in (tmp_path / "again.log").read_text()


@pytest.mark.postgres
def test_overlapping_pulls_are_the_same_expenses(edge: Edge, events: Events, postgres_url: str, tenant: str) -> None:
    """A second name, and the same from the beginning, give the ids that the first gave; new rows come behind."""
    fill(postgres_url, "overlap_lines", 30)
    holder = Holder(tenant=tenant)

    def run(name: str, *, again: bool = False) -> PullReport:
        source = open_table(postgres_url, "overlap_lines", ColumnMap(), holder, portion=8)
        return pull(source, edge, holder, name, again=again)

    first = run("one")
    assert (first.rows, first.events, first.batches) == (30, 30, ("one 1-8", "one 25-30"))
    ids = {event.expense_id for event in _parsed(events)}
    assert len(ids) == 30
    assert {member for e in events("batch.progress") if isinstance(e, BatchClosed) for member in e.expense_ids} == ids
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("INSERT INTO overlap_lines VALUES (31, 'card 1', '2026-05-01', 1.25, 'GBP', 'NEW', NULL)")
        )
    more = run("one")
    assert (more.before, more.rows, more.totals) == (30, 1, {"GBP": Decimal("1.25")})
    assert (run("two").rows, run("one", again=True).rows) == (31, 31)
    assert len({event.expense_id for event in _parsed(events)}) == 31


def test_a_prefix_goes_on_inside_an_object(edge: Edge, events: Events, read: Read, tenant: str, tmp_path: Path) -> None:
    """Ended between portions, it goes on behind the last row, and still knows the second of two equal coffees."""
    (tmp_path / "erp" / "2026").mkdir(parents=True)
    rows = "".join(f"2026-03-{n:02},{n}.10,SHOP\n" for n in range(1, 6))
    (tmp_path / "erp" / "a.csv").write_text(HEADER + "2026-03-01,3.20,COSTA\n" * 3 + rows)
    (tmp_path / "erp" / "2026" / "b.csv").write_text(HEADER + "2026-03-01,4.00,TAXI\n2026-03-02,x,SECRET TAXI\n")
    (tmp_path / "erp" / "notes.txt").write_text("not a feed at all")
    holder = Holder(tenant=tenant, employee_id="E-9", currency="EUR")
    url = (tmp_path / "erp").as_uri()

    def run(stop: Callable[[int], None] | None = None) -> PullReport:
        return pull(open_prefix(url, ColumnMap(), portion=2), edge, holder, "erp", on_rows=stop)

    for _ in range(2):
        with pytest.raises(_Killed):
            run(_after(2))
    last = run()
    assert (last.before, last.rows, last.dead_letters) == (6, 4, 0)
    assert [refusal.partition(": ")[0] for refusal in last.refused] == [f"{url}/notes.txt"]
    parsed = _parsed(events)
    assert len(parsed) == len({event.expense_id for event in parsed}) == 9
    assert sum(event.facts.total or 0 for event in parsed) == Decimal("29.10")
    ((sealed_by, letter),) = [
        (r, r.value) for r in read(DEAD_LETTERS.name) if r.header("__dlq.sealed.tenant") == tenant.encode()
    ]
    opens = {name: (sealed_by.header(f"__dlq.sealed.{name}") or b"").decode() for name in ("subject", "expense", "key")}
    sealed = Sealed(key_id=opens["key"], ciphertext=letter or b"")
    assert unpack(edge.keys.vault.open(tenant, opens["subject"], opens["expense"], sealed)) == {
        "text": "2026-03-02,x,SECRET TAXI"
    }
    assert run().rows == 0
    (tmp_path / "erp" / "a.csv").write_text(HEADER + "2026-03-01,3.20,COSTA\n" * 4)
    assert run().rows == 4
    assert len({event.expense_id for event in _parsed(events)}) == 10


def test_two_pulls_of_one_name_do_not_both_go_on(edge: Edge, events: Events, tenant: str, tmp_path: Path) -> None:
    """The later one takes over; the earlier ends at its next portion, and no row is in twice."""
    (tmp_path / "a.csv").write_text(HEADER + "".join(f"2026-03-{n:02},{n}.10,SHOP\n" for n in range(1, 10)))
    holder = Holder(tenant=tenant, employee_id="E-9", currency="EUR")
    later: list[PullReport] = []

    def run(on_rows: Callable[[int], None] | None = None) -> PullReport:
        return pull(open_prefix(tmp_path.as_uri(), ColumnMap(), portion=2), edge, holder, "erp", on_rows=on_rows)

    def overtaken(rows: int) -> None:
        del rows
        later.append(run())

    with pytest.raises(Superseded):
        run(overtaken)
    assert [report.rows for report in later] == [7]
    assert len(_parsed(events)) == 9


def test_a_map_under_which_nothing_makes_sense_is_refused(
    edge: Edge, events: Events, tenant: str, tmp_path: Path
) -> None:
    """Where not one of the first rows can be an expense, nothing is sent."""
    (tmp_path / "a.csv").write_text(HEADER + "2026-03-01,1.00,A\n")
    holder = Holder(tenant=tenant, employee_id="E-9", currency="YEN")
    report = pull(open_prefix(tmp_path.as_uri(), ColumnMap()), edge, holder, "erp")
    assert (report.rows, _parsed(events)) == (0, [])
    assert "not one of its 1 rows can be an expense" in report.refused[0]
    with pytest.raises(FeedRefused, match=r"nowhere: .* use s3"):
        open_prefix((tmp_path / "nowhere").as_uri(), ColumnMap())
