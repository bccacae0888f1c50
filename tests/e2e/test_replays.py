"""What becomes of replayed dead letters on real Kafka: settled where they lay first, a failed track made good."""

import json
import os
import signal

import pytest

from audit.reconstruct import Expense
from consumers.tracks import answer_failed
from schemas.codec import registry_at
from schemas.contracts import NAMESPACE, avsc
from schemas.events import ExpenseParsed
from schemas.identity import derive
from schemas.topics import PARSED
from tests.dag.system import card_line
from tests.e2e.inside import Inside, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def test_what_could_not_be_read_is_settled_once_it_could(inside: Inside) -> None:
    """A record of a schema that the registry lacks dies in three stages; replayed once it is there, it is settled."""
    registry = registry_at(inside.whole.addresses["registry"])
    contract = json.loads(avsc(ExpenseParsed))
    newer = {
        **contract,
        "fields": [*contract["fields"], {"name": "added", "type": ["null", "string"], "default": None}],
    }
    ahead = {**newer, "doc": "Takes the id before, so that the next one is known."}
    number = registry.register(f"{NAMESPACE}.ahead.ExpenseParsed", json.dumps(ahead)) + 1
    line = card_line("84.10", reference="unread")
    value = b"\0" + number.to_bytes(4) + inside.edge.codec.encode(line)[5:] + b"\0"
    place = f"{PARSED.name}/2/{inside.produce(PARSED.name, PARSED.key(line).encode(), value, partition=2)}"
    groups = {f"{place}/{name}" for name in ("category", "currency", "vendor")}
    until(lambda: {one.id for one in inside.letters()} == groups, 60, lambda: f"{inside.letters()}")
    unread = derive("undecodable", place)
    inside.whole.run("dlq", "replay", *sorted(groups))
    inside.rest()
    again = [one for one in inside.letters() if one.id not in groups]
    assert {(one.origin, one.replays) for one in again} == {(place, 1)}
    assert [one.settled for one in known(inside, unread).dead_letters] == [False] * 6
    assert registry.register(f"{NAMESPACE}.newer.ExpenseParsed", json.dumps(newer)) == number
    inside.whole.run("dlq", "replay", *(one.id for one in again))
    assert inside.settle([line.expense_id]) == {line.expense_id: "posted"}
    inside.rest()
    until(lambda: known(inside, unread).state == "merged", 30, lambda: f"{known(inside, unread)}")
    assert [one.settled for one in known(inside, unread).dead_letters] == [True] * 6
    assert known(inside, unread).breaches == ()
    shown = inside.whole.run("show", unread)
    assert "replayed since" in shown
    assert "(open)" not in shown
    assert inside.postings()[line.expense_id] == 1
    assert {one.standing for one in inside.letters()} == {"replayed"}


def known(inside: Inside, expense_id: str) -> Expense:
    """Return what the read model knows of an expense."""
    found = inside.expense(expense_id)
    assert found is not None
    return found


def test_a_track_that_failed_and_answers_after_all_is_made_good(inside: Inside) -> None:
    """Held without the track's answer, it goes through as a new revision when the answer comes, and is posted once."""
    line = card_line("84.10", reference="failed", merchant="HILTON GARDEN INN 0417")
    track = inside.pid("category")
    os.kill(track, signal.SIGSTOP)
    try:
        inside.publish(line, *answer_failed("category", line, "HANDLER_FAILED"))
        assert inside.settle([line.expense_id]) == {line.expense_id: "in_review"}
        assert "TRACK_FAILED" in {p.code for p in known(inside, line.expense_id).problems}
    finally:
        os.kill(track, signal.SIGCONT)
    until(lambda: known(inside, line.expense_id).state == "posted", 120, lambda: f"{known(inside, line.expense_id)}")
    found = known(inside, line.expense_id)
    assert (found.revision, found.breaches) == (2, ())
    assert "TRACK_FAILED" not in {p.code for p in found.problems}
    inside.rest()
    assert inside.postings()[line.expense_id] == 1
