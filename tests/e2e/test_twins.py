"""Expenses flagged together, and a person's word about them, on real Kafka."""

import os
import shlex
import signal
from pathlib import Path

import httpx2
import pytest

from tests.e2e.inside import Inside, until
from tests.e2e.test_money import resolve, send

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def copy(inside: Inside, folder: Path, amount: str, reference: str) -> str:
    """Feed a card line that but for its reference is any other of that amount."""
    return send(inside, folder, amount, reference, merchant="CANTEEN")


def holding(inside: Inside, expense_id: str) -> list[str]:
    """Return the codes that hold an expense, none where nothing does."""
    found = inside.expense(expense_id)
    assert found is not None
    return [f.code for f in found.findings if f.blocking] if found.state == "in_review" else []


def test_a_dismissed_pair_stays_dismissed(inside: Inside, tmp_path: Path) -> None:
    """A copy told to be none is posted; after a kill a third is held, corrected too, and posted once when let stand."""
    first, second = (copy(inside, tmp_path, "18.40", name) for name in "AB")
    assert holding(inside, second) == ["DUPLICATE_EXACT"]
    resolve(inside, "dismiss", second)
    found = inside.expense(second)
    assert found is not None
    assert found.state == "posted"
    (told,) = [f for f in found.findings if f.code == "PAIR_DISMISSED"]
    assert told.message.startswith(f"Not held against {first[:8]}: pair dismissed by ")
    assert "Pair dismissed by" in inside.whole.run("show", second)
    before = inside.pid("screen")
    os.kill(before, signal.SIGKILL)
    until(lambda: inside.pid("screen") != before, 60, lambda: "screen was not started again")
    third = copy(inside, tmp_path, "18.40", "C")
    assert holding(inside, third) == ["DUPLICATE_EXACT"]
    resolve(inside, "correct", third, "department=legal")
    assert holding(inside, third) == ["DUPLICATE_EXACT"]
    resolve(inside, "approve", third)
    assert inside.postings() == {first: 1, second: 1, third: 1}
    said = inside.whole.run("review", "dismiss", third, expect=(1, 2))
    assert "nothing waits for a person here" in said
    assert inside.dead_letters() == []


def test_a_late_twin_of_a_posted_expense_carries_a_proposal(inside: Inside, tmp_path: Path) -> None:
    """What came later than its posted twin says what to do about it; carried out, nothing more is posted."""
    posted, late = (copy(inside, tmp_path, "19.60", name) for name in "DE")
    first = inside.expense(posted)
    assert first is not None
    assert first.posting is not None
    (told,) = inside.whole.json("review", "show", late)
    (proposal,) = told["proposals"]
    assert (proposal["other"], proposal["posting_id"]) == (posted, first.posting.posting_id)
    assert "19.60 USD" in proposal["words"]
    shown = " ".join(inside.whole.run("review", "show", late).split())
    assert proposal["words"] in shown
    command = proposal["choices"][0]["command"]
    assert command in shown
    inside.whole.run(*shlex.split(command)[1:])
    inside.rest()
    rejected = inside.expense(late)
    assert rejected is not None
    assert (rejected.state, inside.postings()[posted], inside.postings()[late]) == ("rejected", 1, 0)
    assert inside.whole.json("review", "show", late)[0]["proposals"] == []


def test_the_right_one_takes_the_place_of_the_posted_one(inside: Inside, tmp_path: Path) -> None:
    """Superseded by the command proposed: one reversal, one standing posting, told in both stories; the books agree."""
    posted, late = (copy(inside, tmp_path, "20.70", name) for name in "FG")
    (told,) = inside.whole.json("review", "show", late)
    command = next(choice["command"] for choice in told["proposals"][0]["choices"] if choice["action"] == "supersede")
    inside.faults(drop_response=True, count=1)
    inside.whole.run(*shlex.split(command)[1:])
    until(lambda: inside.settle([late])[late] == "posted", 60, lambda: "the right one is not posted")
    inside.rest()
    inside.faults()
    assert inside.settle([posted, late]) == {posted: "reversed", late: "posted"}
    rows = httpx2.get(f"{inside.whole.addresses['erp']}/api/v1/gl/postings", timeout=10).json()["postings"]
    mine = [row for row in rows if row["journal"]["expense_id"] in {posted, late}]
    assert [row["journal"]["expense_id"] for row in mine] == [posted, posted, late]
    assert [bool(row["reverses"]) for row in mine] == [False, True, False]
    assert f"expense {late} takes its place" in " ".join(inside.whole.run("show", posted).split())
    found = inside.expense(posted)
    assert found is not None
    assert found.breaches == ()
    (complete,) = inside.whole.json("audit", "complete")
    assert complete["complete"]
    assert complete["erp"]["mismatches"] == []
