"""One behaviour for the durable store and the one in memory: that of a sorted dictionary."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from consumers.runtime.memory_store import MemoryStore
from consumers.runtime.stage import Store
from consumers.runtime.store import PartitionStore, RecordView
from tests.depth import examples

# In memory where the system offers it: hundreds of files on a loaded disk cost seconds.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder with a random name inside
_KEYS = st.text("ab/é\U0001f600\uffff~", max_size=3)
_VALUES = st.binary(max_size=4)


class _Against(RuleBasedStateMachine):
    """A store beside a dictionary: whatever is done to both, both say the same."""

    def __init__(self, make: Callable[[Path], Store]) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=_MEMORY)
        self.store = make(Path(self._folder.name))
        self.model: dict[str, bytes] = {}

    def teardown(self) -> None:
        self._folder.cleanup()

    @rule(key=_KEYS, value=_VALUES)
    def put(self, key: str, value: bytes) -> None:
        self.store.put(key, value)
        self.model[key] = value

    @rule(key=_KEYS)
    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.model.pop(key, None)

    @rule(key=_KEYS)
    def get(self, key: str) -> None:
        assert self.store.get(key) == self.model.get(key)

    @rule(start=_KEYS, end=_KEYS)
    def walk(self, start: str, end: str) -> None:
        assert list(self.store.range(start, end)) == [(k, v) for k, v in sorted(self.model.items()) if start <= k < end]

    @rule(start=_KEYS, end=_KEYS, limit=st.integers(0, 3))
    def begin_to_walk(self, start: str, end: str, limit: int) -> None:
        every = [(k, v) for k, v in sorted(self.model.items()) if start <= k < end]
        assert list(self.store.range(start, end, limit)) == every[:limit]

    @rule(start=_KEYS, end=_KEYS)
    def delete_while_walking(self, start: str, end: str) -> None:
        walked = []
        for key, _ in self.store.range(start, end):
            walked.append(key)
            self.store.delete(key)
        assert walked == sorted(k for k in self.model if start <= k < end)
        self.model = {k: v for k, v in self.model.items() if k not in walked}

    @invariant()
    def same(self) -> None:
        assert dict(self.store.range("", "\U0010ffff")) == self.model


class _Memory(_Against):
    """The store in memory."""

    def __init__(self) -> None:
        super().__init__(lambda _: MemoryStore())


class _Durable(_Against):
    """The durable store, with records that end, transactions that commit, and restarts."""

    store: RecordView

    def __init__(self) -> None:
        self.moment = 0
        super().__init__(self._made)
        self.committed: dict[str, bytes] = {}

    def _made(self, folder: Path) -> RecordView:
        self.path = folder / "0.sqlite"
        self.partition = PartitionStore(self.path, now_ms=0, max_age_ms=10**9)
        return RecordView(self.partition)

    @rule()
    def record_ends(self) -> None:
        self.partition.accept(self.store.take())

    @rule()
    def transaction_commits(self) -> None:
        self.partition.accept(self.store.take())
        self.moment += 1
        self.partition.committed(self.moment, now_ms=self.moment)
        self.committed = dict(self.model)

    @rule()
    def process_restarts(self) -> None:
        self.partition.close()
        self.partition = PartitionStore(self.path, now_ms=self.moment, max_age_ms=10**9)
        self.store = RecordView(self.partition)
        self.model = dict(self.committed)

    def teardown(self) -> None:
        self.partition.close()
        super().teardown()


_QUICK = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)


@pytest.mark.property
@pytest.mark.parametrize("machine", [_Memory, _Durable])
def test_a_store_is_a_sorted_dictionary(machine: type[RuleBasedStateMachine]) -> None:
    """Reads, writes, deletions and walks agree with a dictionary; restarts keep exactly what was committed."""
    run_state_machine_as_test(machine, settings=_QUICK)


def test_a_restarted_file_is_empty_and_starts_over(tmp_path: Path) -> None:
    """Thrown away, the file holds nothing and asks for the changelog's beginning."""
    store = PartitionStore(tmp_path / "0.sqlite", now_ms=0, max_age_ms=1)
    store.accept({"k": b"v"})
    store.committed(7, now_ms=0)
    assert (store.get("k"), store.next_offset) == (b"v", 7)
    store.restart()
    assert (store.get("k"), store.next_offset, store.keys()) == (None, 0, 0)
    store.close()


def test_nothing_is_written_before_its_transaction(tmp_path: Path) -> None:
    """What a record changed is pending until the commit; a process that dies before has never written it."""
    store = PartitionStore(tmp_path / "0.sqlite", now_ms=0, max_age_ms=1)
    store.accept({"k": b"v"})
    assert store.get("k") == b"v"
    store.close()
    again = PartitionStore(tmp_path / "0.sqlite", now_ms=0, max_age_ms=1)
    assert again.get("k") is None
    again.close()
