"""Outputs that travel before the commit, and commits in the middle of a slow fetch."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from consumers.runtime.errors import Transient
from consumers.runtime.stage import Handler, Limits, Store
from consumers.runtime.transactions import _Behind
from consumers.runtime.transport import Outgoing, TransactionLost
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rig import Rig
from tests.runtime.rows import answer, inbound, row


def test_a_large_fetch_is_handed_over_once(tmp_path: Path) -> None:
    """More outputs than go ahead at once: all of them, each once, in the order of their keys."""
    rig = Rig(row(), tmp_path)
    rig.feed(*(inbound(f"k{n % 3}", n) for n in range(1_500)))
    rig.member().run(3)
    assert [n for _, n, _ in rig.told()] == [n for k in range(3) for n in range(k, 1_500, 3)]
    assert rig.lag() == 0


def test_a_slow_handler_is_committed_in_between(tmp_path: Path) -> None:
    """What a fetch brought is committed every half second, and only as far as it was handled."""
    committed: list[int] = []

    def slow(event: BatchProgressed) -> Sequence[ReviewRefused]:
        committed.append(len(rig.broker.records(rig.stage.writes[0].name)))
        rig.clock.pass_(0.3)
        return (answer(event, "slow"),)

    rig = Rig(row(), tmp_path, handler=Handler(slow))
    rig.feed(*(inbound("k", n) for n in range(6)))
    rig.member().run(1)
    assert committed == [0, 0, 2, 2, 4, 4]
    assert [n for _, n, _ in rig.told()] == list(range(6))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [(Limits(), [0, 2_000, 4_000, 0, 2_000, 4_000, 0]), (Limits(changes=2_000), [0] * 7)],
    ids=["every_third", "every_one"],
)
def test_much_changed_state_is_committed_in_between(tmp_path: Path, limits: Limits, expected: list[int]) -> None:
    """Of records that change 2,000 keys each every third is committed, or each, and no more than that is held."""
    held: list[int] = []

    def wide(event: BatchProgressed, state: Store) -> Sequence[ReviewRefused]:
        partition = member.ownership.partition(0)
        assert partition is not None
        assert partition.store is not None
        held.append(len(partition.store.pending))
        for n in range(2_000):
            state.put(f"{event.member}/{n}", b"x")
        return (answer(event, "wide"),)

    handler = Handler(wide, state=lambda store: store)
    rig = Rig(row(stateful=True, limits=limits), tmp_path, handler=handler, partitions=1)
    rig.feed(*(inbound("k", n) for n in range(7)))
    member = rig.member()
    member.run(1)
    assert held == expected
    member.run(2)
    assert [n for _, n, _ in rig.told()] == list(range(7))


def test_a_loss_in_the_middle_of_a_fetch_repeats_only_what_was_not_committed(tmp_path: Path) -> None:
    """The second of three commits is lost: what it carried, and the rest of the fetch, is done again, and once."""
    seen: list[str] = []

    def slow(event: BatchProgressed) -> Sequence[ReviewRefused]:
        seen.append(event.member)
        rig.broker.fail_next = int(len(seen) == 4)
        rig.clock.pass_(0.3)
        return (answer(event, "slow"),)

    rig = Rig(row(), tmp_path, handler=Handler(slow))
    rig.feed(*(inbound("k", n) for n in range(6)))
    rig.member().run(4)
    assert seen == ["0", "1", "2", "3", "2", "3", "4", "5"]
    assert [n for _, n, _ in rig.told()] == list(range(6))


def test_outputs_ahead_of_a_lost_partition_are_never_committed(tmp_path: Path) -> None:
    """The partition goes while its outputs lie in the open transaction: that transaction must not be committed."""
    rig = Rig(row(), tmp_path)
    member = rig.member()
    partition = member.ownership.partition(0)
    assert partition is not None
    partition.outgoing = []
    partition.ahead = True
    member.ownership._revoked([0], lost=True)
    with pytest.raises(TransactionLost, match="taken away"):
        member.ownership.commit()


def test_nothing_goes_ahead_after_a_loss_until_a_commit_succeeded(tmp_path: Path) -> None:
    """A handler that outlasts an open transaction loses it once, not for ever."""
    rig = Rig(row(), tmp_path)
    rig.feed(*(inbound("k", n) for n in range(2_000)))
    member = rig.member()
    sent: list[int] = []
    ahead = member.transport.ahead

    def noted(outgoing: Sequence[Outgoing]) -> None:
        sent.append(len(outgoing))
        if len(sent) == 1:
            raise TransactionLost
        ahead(outgoing)

    member.transport.ahead = noted  # type: ignore[method-assign] # an open transaction that runs out once
    member.run(1)
    member.run(1)
    assert sent == [500]
    assert [n for _, n, _ in rig.told()] == list(range(500))
    member.run(2)
    assert len(sent) > 1
    assert [n for _, n, _ in rig.told()] == list(range(2_000))


def test_the_pieces_of_a_fetch_are_one_transaction(tmp_path: Path) -> None:
    """Fetched and handled piece by piece, committed together."""
    rig = Rig(row(), tmp_path)
    rig.feed(*(inbound(f"k{n % 7}", n) for n in range(3_000)))
    member = rig.member()
    member.run(1)
    assert (len(rig.told()), rig.lag()) == (3_000, 0)
    member.run(1)  # told how the one ended that went on behind
    assert member.telemetry.counters["transactions"] == 1


def test_pieces_end_where_the_bytes_in_flight_do(tmp_path: Path) -> None:
    """Records that all wait are fetched no further than the bound, however many may be in flight."""

    def away(event: BatchProgressed) -> Sequence[ReviewRefused]:
        raise Transient("registry", event.state)

    rig = Rig(row(limits=Limits(in_flight=5_000, in_flight_bytes=1_000)), tmp_path, handler=Handler(away))
    rig.feed(*(inbound(f"k{n}", n) for n in range(2_000)))
    member = rig.member()
    member.run(3)
    assert member.ownership.in_flight == 500


@pytest.mark.parametrize("lost", ["aborted", "answer lost"])
def test_a_commit_behind_that_is_lost_is_done_again(tmp_path: Path, lost: str) -> None:
    """The next step hears of it; whatever was handled meanwhile goes with it, and every record ends once."""
    rig = Rig(row(), tmp_path)
    member = rig.member()
    for start in range(0, 3_000, 500):
        rig.feed(*(inbound(f"k{n % 7}", n) for n in range(start, start + 500)))
        if start == 1_000:
            rig.broker.fail_next = int(lost == "aborted")
            rig.broker.lose_answers = int(lost == "answer lost")
        member.run(1)
    member.run(4)
    assert sorted(n for _, n, _ in rig.told()) == list(range(3_000))
    assert member.telemetry.counters["transactions_lost"] == 1
    assert rig.lag() == 0


@pytest.mark.parametrize("error", [TransactionLost("late"), ValueError("unexpected")], ids=["known", "unexpected"])
def test_a_call_in_a_thread_that_failed_never_passes_for_done(error: Exception) -> None:
    """Whatever it was that it ended with, whoever waits is told."""

    def call() -> None:
        raise error

    behind = _Behind(call, 0.0)
    assert behind.ended(5.0)
    assert behind.error is error
