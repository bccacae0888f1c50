"""What everything stands on goes away and comes back: the stages wait, say for what, lose and double nothing."""

import json
import os
import signal
import time

import pytest

from devstack import stack, supervisor
from tests.e2e.inside import Inside, until
from tests.e2e.whole import Whole

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def restarts(whole: Whole) -> dict[str, int]:
    """Return how often each process ended unexpectedly."""
    return {child.name: child.restarts for child in supervisor.children(whole.home)}


def each_posted_once(inside: Inside, ids: list[str]) -> None:
    """See that every expense ends as posted, exactly once, and that nothing is left to do."""
    assert inside.settle(ids, 150) == dict.fromkeys(ids, "posted")
    inside.rest()
    postings = inside.postings()
    assert {each: postings[each] for each in ids} == dict.fromkeys(ids, 1)


def test_an_erp_that_fails_is_waited_for(whole: Whole, inside: Inside) -> None:
    """While the ERP refuses, approved expenses wait and readiness names it; afterwards each is posted exactly once."""
    inside.faults(count=1_000_000, status=503)
    ids = [inside.send_invoice(n) for n in range(300, 304)]
    until(lambda: "erp" in inside.missing("posting"), 60, lambda: f"posting misses {inside.missing('posting')}")
    (posting,) = [row for row in whole.status()["stages"] if row["stage"] == "posting"]
    assert "erp" in posting["state"]
    until(
        lambda: {found.state for each in ids if (found := inside.expense(each))} == {"approved"},
        60,
        lambda: f"not approved: {[inside.expense(each) for each in ids]}",
    )
    assert not inside.postings().keys() & set(ids)
    inside.faults()
    each_posted_once(inside, ids)
    until(lambda: not inside.missing("posting"), 30, lambda: "posting still says it waits")


def test_an_erp_whose_answers_are_lost_posts_once(inside: Inside) -> None:
    """What the ERP posted without being able to say so is asked for again and is the same posting."""
    inside.faults(count=3, drop_response=True)
    each_posted_once(inside, [inside.send_invoice(n) for n in range(310, 314)])


def test_an_erp_that_is_killed_comes_back_with_its_postings(whole: Whole, inside: Inside) -> None:
    """The ERP dies while expenses arrive; started anew it has what it had, and the rest follows."""
    before = inside.postings()
    (pid,) = [child.pid for child in supervisor.children(whole.home) if child.name == "erp"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ids = [inside.send_invoice(n) for n in range(320, 324)]
    each_posted_once(inside, ids)
    assert before <= inside.postings()


def test_an_object_store_that_is_gone_is_waited_for(whole: Whole, inside: Inside) -> None:
    """Without the folder of documents ocr waits and says so, rather than calling documents lost; then they end."""
    documents, elsewhere = whole.home / "documents", whole.home / "unmounted"
    events = [inside.admit_invoice(n) for n in range(330, 334)]
    documents.rename(elsewhere)
    ids = inside.publish(*events)
    until(lambda: "object store" in inside.missing("ocr"), 30, lambda: f"ocr misses {inside.missing('ocr')}")
    assert inside.lag()["ocr"] >= len(ids)
    if documents.exists():
        documents.rmdir()
    elsewhere.rename(documents)
    each_posted_once(inside, ids)
    assert not inside.letters()


@pytest.mark.parametrize("service", [stack.REGISTRY, "kafka-1"])
def test_a_killed_service_is_waited_for(whole: Whole, inside: Inside, service: str) -> None:
    """Registry or broker is killed while documents go through; once it is back all end once, with nobody's help."""
    before = restarts(whole)
    first = 340 if service == stack.REGISTRY else 380
    ids = inside.publish(*[inside.admit_invoice(n) for n in range(first, first + 24)])
    until(lambda: any(inside.expense(each) for each in ids), 60, lambda: "nothing is on its way")
    stack.kill(whole.home, service)
    if service != stack.REGISTRY:
        until(lambda: "kafka" in inside.missing("coding"), 60, lambda: f"coding misses {inside.missing('coding')}")
    time.sleep(2)
    stack.start_one(whole.home, service)
    each_posted_once(inside, ids)
    until(lambda: not inside.missing("coding"), 30, lambda: "coding still says it waits")
    assert restarts(whole) == before
    assert not inside.letters()


def test_nothing_was_lost_in_any_of_it(whole: Whole) -> None:
    """The audit log accounts for every expense, and no entry was altered."""
    told = json.loads(whole.run("audit", "complete", "--json"))
    assert told["complete"] is True
    assert json.loads(whole.run("audit", "verify", "--json"))["alterations"] == []
