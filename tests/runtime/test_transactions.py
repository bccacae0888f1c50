"""Exactly once: whatever becomes of a transaction, effects and state are those of handling each record once."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.runtime.transport import TransactionLost
from tests.depth import examples
from tests.runtime.rig import Rig
from tests.runtime.rows import inbound, row

COUNT = row("tests.runtime.handlers.count", stateful=True)


# Hundreds of state files are made and dropped; in memory where the system offers it, a loaded disk costs seconds.
_QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder with a random name inside


def _expected(total: int, keys: int) -> list[tuple[str, int, str]]:
    return sorted((f"k{n % keys}", n, str(n // keys + 1)) for n in range(total))


def test_an_aborted_transaction_is_done_again(tmp_path: Path) -> None:
    """Nothing of it was written; the second time everything is, once."""
    rig = Rig(COUNT, tmp_path)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(50)))
    rig.broker.fail_next = 2
    member = rig.member()
    member.run(10)
    assert member.telemetry.counters["transactions_lost"] == 2
    assert rig.told() == _expected(50, 5)
    assert rig.state() == {f"k{k}": b"10" for k in range(5)}
    assert rig.lag() == 0


def test_a_commit_whose_answer_was_lost_is_not_done_again(tmp_path: Path) -> None:
    """Everything was written although nobody said so; going back to what is committed finds it done."""
    rig = Rig(COUNT, tmp_path)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(50)))
    rig.broker.lose_answers = 1
    member = rig.member()
    member.run(10)
    assert member.telemetry.counters["transactions_lost"] == 1
    assert rig.told() == _expected(50, 5)
    assert rig.state() == {f"k{k}": b"10" for k in range(5)}


class Course:
    """A group of counting members, and what can befall them, each by its name."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(COUNT, folder, partitions=3)
        self.members = [self.rig.member("m0")]
        self.made = self.fed = 0

    def feed(self) -> None:
        """Let eight records come in."""
        self.rig.feed(*(inbound(f"k{n % 4}", n) for n in range(self.fed, self.fed + 8)))
        self.fed += 8

    def step(self) -> None:
        """Let every member go round once."""
        for member in self.members:
            member.runner.step(0)

    def abort(self) -> None:
        """Have the next transaction aborted."""
        self.rig.broker.fail_next = 1

    def lose(self) -> None:
        """Have the next transaction committed and its answer lost."""
        self.rig.broker.lose_answers = 1

    def join(self) -> None:
        """Let one more member in, with no state files."""
        self.made += 1
        self.members.append(self.rig.member(f"m{self.made}"))

    def leave(self) -> None:
        """Have the eldest go as on SIGTERM."""
        self.members.pop(0).runner.drain(0)
        if not self.members:
            self.join()

    def kill(self) -> None:
        """Have the youngest vanish as on SIGKILL."""
        gone = self.members.pop()
        self.rig.broker.members[self.rig.stage.name].remove(gone.transport)  # type: ignore[arg-type] # the memory one
        self.rig.broker.rebalance(self.rig.stage.name)
        if not self.members:
            self.join()


_EVENTS = st.sampled_from([Course.feed, Course.step, Course.abort, Course.lose, Course.join, Course.leave, Course.kill])


@settings(max_examples=examples(15), deadline=None)
@given(st.lists(_EVENTS, min_size=5, max_size=25))
def test_any_course_of_failures_ends_in_the_same_effects(events: list[Callable[[Course], None]]) -> None:
    """Aborts, lost answers, members that join, leave or vanish with their files: every input counts exactly once."""
    with tempfile.TemporaryDirectory(dir=_QUICK) as folder:
        course = Course(Path(folder))
        for event in events:
            event(course)
        for _ in range(6):
            course.step()
        assert course.rig.told() == _expected(course.fed, 4)
        times = Counter(f"k{n % 4}" for n in range(course.fed))
        assert course.rig.state() == {key: b"%d" % count for key, count in times.items()}
        assert course.rig.lag() == 0
        for member in course.members:
            member.runner.close()


def test_one_transaction_carries_a_whole_tick(tmp_path: Path) -> None:
    """Many records cost one transaction, so that its price is shared."""
    rig = Rig(COUNT, tmp_path)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(1_000)))
    member = rig.member()
    member.run(3)
    assert member.telemetry.counters["transactions"] == 1
    assert len(rig.told()) == 1_000


def test_nothing_done_is_nothing_committed(tmp_path: Path) -> None:
    """An idle stage writes no transactions."""
    rig = Rig(COUNT, tmp_path)
    member = rig.member()
    member.run(20)
    assert "transactions" not in member.telemetry.counters


def test_a_failed_way_back_is_tried_again(tmp_path: Path) -> None:
    """If even the way back fails, the next step tries it again instead of going on without partitions."""
    rig = Rig(COUNT, tmp_path)
    rig.feed(*(inbound("k", n) for n in range(5)))
    member = rig.member()
    transport = member.transport
    real, failures = transport.recover, iter([True, True])

    def recover() -> object:
        if next(failures, False):
            raise TransactionLost
        return real()

    transport.recover = recover  # type: ignore[method-assign,assignment] # a broker that does not answer twice
    rig.broker.fail_next = 1
    assert member.persist() == 1
    assert rig.told() == [("k", n, str(n + 1)) for n in range(5)]
