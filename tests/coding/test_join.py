"""Three answers meet once, whatever their order, and a missing one is seen."""

from datetime import timedelta
from itertools import permutations
from typing import cast

import orjson
import pytest

from consumers.coding.join import Joins
from consumers.coding.tracks import Answer, track_of
from consumers.stages import stage_named
from consumers.tracks import answer_failed
from schemas.envelope import Event, doubt
from schemas.events import ExpenseCoded, ExpenseParsed, TrackAnsweredLate, TrackFailed
from schemas.plain import scalar
from schemas.records import Problem
from tests.harness import CODEC, JOIN_LIMIT, StageRun
from tests.tracks.build import NOW, corrected, parsed, tick

TRACKS = ("currency", "vendor", "category")


def answers(event: ExpenseParsed, failed: tuple[str, ...] = ()) -> list[Event]:
    """Return what the three tracks answer, those in `failed` with their failure."""
    return [
        answer_failed(track, event, "HANDLER_FAILED")[0] if track in failed else StageRun(stage_named(track))(event)[0]
        for track in TRACKS
    ]


def run() -> StageRun:
    """Return a coding stage over empty state."""
    return StageRun(stage_named("coding"))


def join(events: list[Event]) -> list[Event]:
    """Return everything coding answers to these events."""
    stage = run()
    return [output for event in events for output in stage(event)]


def codes(event: Event) -> list[str]:
    """Return the codes of the problems on an event."""
    return [problem.code for problem in event.problems]


@pytest.mark.parametrize("failed", [(), ("currency",), ("vendor",), ("category",), TRACKS])
def test_the_order_never_matters(failed: tuple[str, ...]) -> None:
    """All six orders give the same coded expense, byte for byte, whichever tracks failed."""
    given = answers(parsed("a", problems=(Problem(code="AMBIGUOUS_DATE", message="?", stage="parse"),)), failed)
    outcomes = [join(list(order)) for order in permutations(given)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert len(outcomes[0]) == 1
    assert codes(outcomes[0][0])[0] == "AMBIGUOUS_DATE"
    assert codes(outcomes[0][0]).count("TRACK_FAILED") == len(failed)


def test_a_complete_join() -> None:
    """Conversion, vendor, categories and codings are all on the event, and nothing stays behind."""
    stage = run()
    outputs = [output for event in answers(parsed("a")) for output in stage(event)]
    (coded,) = outputs
    assert isinstance(coded, ExpenseCoded)
    assert coded.status == "coded"
    assert coded.conversion is not None
    assert coded.vendor is not None
    assert [c.category for c in coded.categories] == ["meals"]
    assert [(c.gl_code, c.rule) for c in coded.codings] == [("6110", "category:meals")]
    assert coded.problems == ()
    assert {"rates", "merchant_rules", "category_rules", "coding_rules"} <= coded.tables.keys()
    assert [key.split("/")[0] for key, _ in stage.store.range("", "~")] == ["joined"]


def test_revisions_and_expenses_do_not_mix() -> None:
    """Answers to another expense or revision never complete a join."""
    first, second = answers(parsed("a")), answers(corrected("a", ("lines.1.category", "meals")))
    other = answers(parsed("b"))
    assert join([first[0], second[1], other[2]]) == []
    assert len(join([*first[:2], *second, *other, first[2]])) == 3


def test_a_repeated_answer_changes_nothing() -> None:
    """The first answer of a track counts; the same one twice is no third."""
    given = answers(parsed("a"))
    assert len(join([given[0], given[0], given[1], given[1], given[2]])) == 1


def test_a_failed_currency_track_still_carries_the_expense() -> None:
    """Facts and lines come with the failure; amounts do not, and a person is told."""
    (coded,) = join(answers(parsed("a"), ("currency",)))
    assert isinstance(coded, ExpenseCoded)
    assert coded.conversion is None
    assert [line.description for line in coded.lines] == ["Catering, lunch buffet"]
    assert "TRACK_FAILED" in codes(coded)


def test_a_replayed_dead_letter_does_not_come_in_twice() -> None:
    """Once joined with a failure, the replayed answer finds the expense with a person, is noted and leaves it there."""
    event = parsed("a")
    stage = run()
    for answer in answers(event, ("vendor",)):
        stage(answer)
    # A replay that fails again is in the trail as a dead letter; there is no late answer yet.
    assert stage(answers(event, ("vendor",))[1]) == []
    assert [type(output) for output in stage(answers(event)[1])] == [TrackAnsweredLate]
    assert stage(answers(event)[1]) == []
    # The mark stays for good: an export of the same card line may come years later.
    assert stage(tick(NOW + timedelta(days=400))) == []
    assert [key.split("/")[0] for key, _ in stage.store.range("", "~")] == ["clock", "joined"]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_track_that_never_answers_is_seen(missing: int) -> None:
    """After the time-out the expense goes on with TRACK_TIMEOUT naming the track; the late answer is noted, once."""
    given = answers(parsed("a"))
    late = given.pop(missing)
    stage = run()
    assert [output for event in given for output in stage(event)] == []
    assert stage(tick(NOW + JOIN_LIMIT - timedelta(seconds=1))) == []
    (coded,) = stage(tick(NOW + JOIN_LIMIT))
    assert isinstance(coded, ExpenseCoded)
    assert [p.field for p in coded.problems if p.code == "TRACK_TIMEOUT"] == [TRACKS[missing]]
    assert stage(tick(NOW + 2 * JOIN_LIMIT)) == []
    (told,) = stage(late)
    assert isinstance(told, TrackAnsweredLate)
    assert (told.track, told.answer, told.status) == (TRACKS[missing], late.event_id, late.status)
    assert stage(late) == []


@pytest.mark.parametrize("came", TRACKS)
def test_two_silent_tracks_are_both_named(came: str) -> None:
    """One answer is enough to carry the expense to a person, with a reason for each track that is silent."""
    given = dict(zip(TRACKS, answers(parsed("a")), strict=True))
    stage = run()
    stage(given.pop(came))
    (coded,) = stage(tick(NOW + JOIN_LIMIT))
    assert [p.field for p in coded.problems if p.code == "TRACK_TIMEOUT"] == [t for t in TRACKS if t != came]
    assert [told.track for late in given.values() for told in stage(late) if isinstance(told, TrackAnsweredLate)] == [
        *given
    ]


def test_the_limit_is_a_setting() -> None:
    """What waits is held to the limit in force at the tick, so that a longer one takes effect at once."""
    patient = StageRun(stage_named("coding"), given={"join_limit": timedelta(hours=3)})
    patient(answers(parsed("a"))[0])
    assert patient(tick(NOW + timedelta(hours=3, seconds=-1))) == []
    assert len(patient(tick(NOW + timedelta(hours=3)))) == 1


def test_the_oldest_pending_join_is_known() -> None:
    """Since when it waits, whatever the order of arrival; nothing once all are joined."""
    stage = run()
    assert Joins(stage.store).oldest() is None
    first, second = answers(parsed("a")), answers(parsed("b"))
    stage(first[0])
    stage(tick(NOW + timedelta(minutes=5)))
    stage(second[0])
    assert Joins(stage.store).oldest() == NOW
    stage(first[1])
    stage(first[2])
    assert Joins(stage.store).oldest() == NOW + timedelta(minutes=5)
    stage(tick(NOW + timedelta(minutes=20)))
    assert Joins(stage.store).oldest() is None


def test_a_stage_that_slept_calls_nothing_overdue() -> None:
    """Waiting is counted from the partition's own clock, not from when the expense was submitted long ago."""
    stage = run()
    stage(tick(NOW + timedelta(days=2)))
    stage(answers(parsed("a"))[0])
    assert stage(tick(NOW + timedelta(days=2, minutes=14))) == []
    assert len(stage(tick(NOW + timedelta(days=2, minutes=16)))) == 1


def test_a_tick_that_is_ended_early_loses_none() -> None:
    """However many are overdue they come one by one; those not taken are due at the next tick still."""
    stage = run()
    for number in range(510):
        stage(answer_failed("vendor", parsed(f"e{number}"), "X")[0])
    later, joins = NOW + JOIN_LIMIT, Joins(stage.store)
    taken = [next(joins.overdue(later, JOIN_LIMIT, CODEC)) for _ in range(3)]
    assert len({answers[0].expense_id for answers in taken}) == 3
    assert [len(stage(tick(later + timedelta(seconds=n)))) for n in range(2)] == [507, 0]


def test_what_the_first_version_left_pending_is_overdue_an_hour_after_its_first_answer() -> None:
    """It kept until when a join waits, and the time-out it knew was an hour."""
    stage = run()
    stage(answers(parsed("a"))[0])
    ((waiting, _),) = stage.store.range("waiting/", "waiting0")
    name = waiting.split("/", 2)[2]
    stage.store.delete(waiting)
    stage.store.delete(f"since/{name}")
    until = f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S.%f}"
    stage.store.put(f"due/{until}/{name}", b"")
    stage.store.put(f"when/{name}", until.encode())
    assert stage(tick(NOW + JOIN_LIMIT - timedelta(seconds=1))) == []
    assert Joins(stage.store).oldest() == NOW
    assert len(stage(tick(NOW + JOIN_LIMIT))) == 1
    assert {key.split("/")[0] for key, _ in stage.store.range("", "~")} == {"clock", "joined"}


def left_by_the_second_version(stage: StageRun, event: ExpenseParsed, *given: Event) -> None:
    """Write what the second version of the state kept of a pending join: a key for each answer, as JSON."""
    name, since = f"{event.expense_id}/{event.revision}", f"{NOW:%Y-%m-%dT%H:%M:%S.%f}"
    stage.store.put(f"waiting/{since}/{name}", b"")
    stage.store.put(f"since/{name}", since.encode())
    for answer in given:
        plain = {"kind": type(answer).__name__, "answer": answer}
        stored = orjson.dumps(plain, default=scalar)
        stage.store.put(f"answer/{name}/{track_of(cast('Answer', answer))}", stored)


@pytest.mark.parametrize("last", range(3))
def test_what_the_second_version_left_pending_is_joined_as_ever(last: int) -> None:
    """Two answers were kept before the upgrade, the third comes after it; nothing of the older keys stays behind."""
    given, stage = answers(parsed("a")), run()
    left_by_the_second_version(stage, parsed("a"), *(a for number, a in enumerate(given) if number != last))
    assert stage(given[last]) == join(given)
    assert [key.split("/")[0] for key, _ in stage.store.range("", "~")] == ["joined"]


def test_what_the_second_version_left_takes_a_further_answer_and_is_overdue_from_its_first() -> None:
    """One answer was kept before the upgrade and one comes after it; both go on when the third is overdue."""
    (first, second, _), stage = answers(parsed("a")), run()
    left_by_the_second_version(stage, parsed("a"), first)
    left_by_the_second_version(stage, parsed("b"), answers(parsed("b"))[1])
    assert stage(first) == stage(second) == []
    found = stage(tick(NOW + JOIN_LIMIT))
    assert sorted(e.expense_id for e in found) == sorted(parsed(n).expense_id for n in "ab")
    (coded,) = (e for e in found if e.expense_id == first.expense_id)
    assert [p.field for p in coded.problems if p.code == "TRACK_TIMEOUT"] == ["category"]
    assert {key.split("/")[0] for key, _ in stage.store.range("", "~")} == {"clock", "joined"}


def test_a_settled_doubt_does_not_come_back() -> None:
    """What a person stated settles the doubt about that field, and only that one."""
    given = corrected(
        "a", ("lines.1.gl_code", "6900"), ("vendor_name", "Acorn Tools"), facts={"vendor_name": "Acorn Tools"}
    )
    (coded,) = join(answers(given))
    assert isinstance(coded, ExpenseCoded)
    assert coded.codings[0].gl_code == "6900"
    assert coded.vendor is not None
    assert (coded.vendor.name, coded.vendor.method, coded.vendor.score) == ("Acorn Tools", "asserted", 100)
    assert coded.problems == ()


def test_an_old_doubt_about_a_stated_field_is_dropped_by_every_track() -> None:
    """A problem of the reading about a stated field is on no answer, whichever track carried it."""
    event = doubt(
        corrected("a", ("invoice_date", "2024-03-26")),
        Problem(code="AMBIGUOUS_DATE", message="?", field="invoice_date"),
        Problem(code="LOW_CONFIDENCE", message="?", field="tax"),
    )
    for failed in ((), TRACKS):
        given = answers(event, failed)
        assert all([p.code for p in a.problems] == ["LOW_CONFIDENCE"] for a in given)
        assert all(isinstance(a, TrackFailed) for a in given) is bool(failed)
