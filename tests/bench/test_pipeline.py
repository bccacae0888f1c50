"""What the pipeline bench makes of the logs and of what it saw."""

from dataclasses import replace

from bench.again import AGAIN
from bench.pipeline import Look, course_of, peaks
from bench.sealed import differing, tally
from bench.steady import Moment, Steady
from consumers.runtime.transport import Fetched
from consumers.stages import stage_named
from schemas.codec import Codec, registry_at
from schemas.envelope import Event, caused
from schemas.events import AuditSealed, ExpenseDecided, ExpensePosted
from tests.evaluate.build import coded
from tests.screen.desk import Desk

CODEC = Codec(registry_at("mock://pipeline"))


def _sealed(expense: str, status: str) -> Event:
    cause = coded(expense, "10.00")
    return caused(
        cause,
        AuditSealed,
        stage="seal",
        status=status,
        sequence=1,
        previous="",
        hash="",
        metadata="{}",
        output=None,
        recorded_at=cause.occurred_at,
    )


def _decided(name: str) -> ExpenseDecided:
    (decision,) = Desk(budgets=[]).submit(coded(name, "10.00"))
    return decision


def _records(*events: Event) -> list[Fetched]:
    return [Fetched("t", 0, n, b"", CODEC.encode(event)) for n, event in enumerate(events)]


def test_a_line_counts_once_it_is_decided_and_ended() -> None:
    """One that is only decided, or only ended, is lost; the last entries are the moments of the run."""
    entries = [(1, _sealed("a", "decided")), (5, _sealed("b", "decided")), (7, _sealed("a", "posted"))]
    found = tally([*entries, (9, _sealed("c", "in_review"))], [])
    assert (len(found.decided), len(found.ended), found.lost(3)) == (2, 2, 2)
    assert (found.decided_at_ms, found.ended_at_ms, found.duplicates, found.entries) == (5, 9, 0, 4)


def test_a_decision_or_a_posting_that_came_twice_is_counted() -> None:
    """The same decision again, and a second posting of one expense, are duplicates; a fresh decision is none."""
    decision = _decided("a")
    fresh = replace(decision, event_id="another")
    assert tally([], [decision, fresh, _decided("b")]).duplicates == 0
    assert tally([], [decision, decision]).duplicates == 1
    posted = [caused(decision, ExpensePosted, stage="posting", status="posted", part=part) for part in ("", "again")]
    assert tally([], [decision, *posted]).duplicates == 1


def test_decisions_are_compared_to_the_last_byte() -> None:
    """What differs, is missing or is new is counted; what `approval` wrote beside them is not compared."""
    one, two = _decided("a"), _decided("b")
    refused = replace(one, event_id="refused", stage="approval")
    before = _records(one, two, refused)
    assert differing(before, _records(two, one), CODEC) == 0
    assert differing(before, _records(one, replace(two, outcome="FAIL")), CODEC) == 1
    assert differing(before, _records(one), CODEC) == 1
    assert differing(_records(one), _records(one, two), CODEC) == 1


def test_screen_runs_again_as_it_is() -> None:
    """The row that decides again is the stage's own but for its name and where it writes, so what it says holds."""
    row = stage_named("screen")
    assert replace(AGAIN, name=row.name, writes=row.writes, audited=row.audited) == row
    assert [kind for topic in AGAIN.writes for kind in topic.events] == [k for t in row.writes for k in t.events]


def test_memory_and_work_are_told_by_stage() -> None:
    """Peaks in megabytes, their growth since the first look, and the work of a killed process with its successor's."""
    look = Look({"screen": 110_000_000, "seal": 50_000_000}, {"screen": 100_000_000}, {("screen", 1): 1.0})
    look.spent |= {("screen", 2): 1.0, ("kafka-1", 3): 3.0, ("seal", 4): 0.5}
    assert peaks(look) == ({"screen": 110.0, "seal": 50.0}, {"screen": 1.1})
    assert look.cpu_us(1_000) == {"kafka-1": 3_000.0, "screen": 2_000.0, "seal": 500.0}
    assert (look.seal_us(10_000), look.seal_us(0)) == (50.0, None)
    assert (course_of(None).early, course_of(2_000).early) == (50_000, 200)


def test_what_a_line_costs_leaves_the_start_and_the_end_out() -> None:
    """Of a process's own work the middle counts; what is shared counts the records of those that have their own."""
    steady = Steady()
    looks = [(5.0, 0, 0), (6.0, 100, 1), (10.0, 900, 9), (20.0, 1_000, 60)]
    for spent, done, transactions in looks:
        steady.note("screen", 1, Moment(spent, done, transactions))
        steady.note_shared("kafka-1", 2, 3 * spent)
    steady.note_shared("registry", 3, 1.0)
    assert steady.cpu_us(1_000) == {"kafka-1": 15_000.0, "screen": 5_000.0}
    assert steady.records_per_transaction() == {"screen": 100.0}


def test_a_killed_stage_costs_what_both_its_processes_did() -> None:
    """Each process's own start is left out, and the records of both are the stage's."""
    steady = Steady()
    for pid in (1, 2):
        for spent, done in ((4.0, 0), (4.5, 50), (8.5, 450), (9.0, 500)):
            steady.note("coding", pid, Moment(spent, done))
    assert steady.cpu_us(500) == {"coding": 20_000.0}
