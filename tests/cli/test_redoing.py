"""Decisions made again from the audit log are the same to the last byte, whatever was published since."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from random import Random

import pytest

from audit.chain import Head, seal, start
from audit.verify import Located
from cli.redoing import redone
from policy.snapshot import Snapshot
from schemas.codec import Codec, registry_at
from schemas.envelope import Event, caused
from schemas.events import AuditRecorded, AuditSealed, ExpenseCoded, PolicyPublished
from tests.evaluate.build import SUBMITTED, coded, published
from tests.screen.desk import BUDGET, ROOMY, Desk

CODEC = Codec(registry_at("mock://redo"))
CATEGORIES = ("office_supplies", "meals", "travel.lodging", None)


def snapshots(*policies: PolicyPublished) -> dict[str, Snapshot]:
    """Return the snapshots of policies by version."""
    return {policy.version: Snapshot.read(policy.snapshot.encode()) for policy in policies}


def random_expense(number: int, random: Random) -> ExpenseCoded:
    """Return one of expenses of many people, amounts, days and categories; some are card lines, some repeat another."""
    twin = random.random() < 0.1
    return coded(
        f"e{number}",
        "42.00" if twin else f"{random.randint(1, 90_000) / 100:.2f}",
        category=random.choice(CATEGORIES),
        card=random.random() < 0.2,
        vendor="the same shop" if twin else f"shop {random.randint(1, 40)}",
        subject=f"subject-{random.randint(1, 30)}",
        day=(SUBMITTED - timedelta(days=random.randint(1, 60))).date(),
        department=random.choice(("Sales", "Research")),
        number="N-1" if twin else None,
    )


class Recorder:
    """The audit log of a desk: what each stage wrote, sealed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.heads: dict[str, Head] = {}
        self.entries: list[AuditSealed] = []

    def record(self, event: Event, cause: Event) -> None:
        """Seal what a stage wrote about an event."""
        output = CODEC.encode(event)
        record = caused(
            event, AuditRecorded, stage=event.stage, status=event.status, part=type(event).__name__,
            action=type(event).__name__, cause_id=cause.event_id, source="t/0/0", topic="t", output=output,
            output_sha256=sha256(output).hexdigest(), recorded_at=SUBMITTED, personal=None,
        )  # fmt: skip
        entry = seal(self.heads.get(event.expense_id) or start(event.expense_id), record)
        self.heads[event.expense_id] = Head(entry.sequence, entry.hash)
        self.entries.append(entry)

    def submit(self, event: ExpenseCoded) -> None:
        """Have an expense judged, and seal every step."""
        self.record(event, event)
        (evaluated,) = self.desk.evaluate(event)
        self.record(evaluated, event)
        for decided in self.desk.screen(evaluated):
            self.record(decided, evaluated)

    def located(self) -> Iterator[Located]:
        """Yield the entries as a reader of the log gets them."""
        for offset, entry in enumerate(self.entries):
            yield Located(f"audit.log/0/{offset}", entry)


def recorder(number: int) -> Recorder:
    """Return the log of so many random expenses, under a policy with a budget."""
    recorder, random = Recorder(Desk(budgets=BUDGET)), Random(4)  # noqa: S311 - expenses, no secret
    for each in range(number):
        recorder.submit(random_expense(each, random))
    return recorder


LATER = [published(SUBMITTED - timedelta(days=days), limits=[ROOMY[0] | {"limit": f"{days}.00"}]) for days in (1, 2, 3)]
IN_FORCE = published(limits=ROOMY, budgets=BUDGET)


@pytest.mark.slow
def test_ten_thousand_decisions_are_the_same_again() -> None:
    """5,000 expenses' 10,000 decisions come out identical, with three policies more than were there at the time."""
    found = list(redone(recorder(5_000).located(), CODEC, snapshots(IN_FORCE, *LATER)))
    assert len(found) >= 10_000
    assert [each for each in found if not each.same] == []


def test_what_was_altered_or_is_missing_is_named() -> None:
    """A decision with another outcome, one without its input, and one without its policy are each told."""
    log = recorder(3)
    known = snapshots(IN_FORCE)
    assert {each.same for each in redone(log.located(), CODEC, known)} == {True}
    first = log.entries[1]
    event = CODEC.decode(first.output or b"")
    forged = replace(first, output=CODEC.encode(replace(event, outcome="WARN")))  # type: ignore[call-arg] # an ExpenseEvaluated
    log.entries[1] = forged
    whys = {(each.sequence, each.why) for each in redone(log.located(), CODEC, known) if not each.same}
    assert (2, "differs in outcome") in whys
    del log.entries[0]
    (missing,) = [e for e in redone(log.located(), CODEC, known) if "coded expense" in e.why]
    assert "is not in the log before it" in missing.why
    assert {"is not among those published" in e.why for e in redone(log.located(), CODEC, snapshots(*LATER))} >= {True}


def test_fresh_decisions_are_made_again() -> None:
    """A decision that a retraction brought about, caused by another event, is found by its id and is the same."""
    log = Recorder(Desk(budgets=BUDGET))
    expenses = [coded(f"b{number}", "600.00", vendor=f"shop {number}", day=None) for number in range(3)]
    for each in expenses:
        log.submit(each)
    retraction = log.desk.retract(expenses[0])
    assert retraction
    for fresh in retraction:
        log.record(fresh, expenses[0])
    found = list(redone(log.located(), CODEC, snapshots(IN_FORCE)))
    assert len(found) == 6 + len(retraction)
    assert [each for each in found if not each.same] == []
