"""Side tables: whole before the first record, fresh enough for every record."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from consumers.runtime.errors import Halted
from consumers.runtime.stage import Handler, Table
from consumers.runtime.transport import Outgoing
from schemas.envelope import Event, caused
from schemas.events import BatchProgressed, ReviewRefused
from schemas.topics import Topic
from tests.runtime.rig import CODEC, Rig
from tests.runtime.rows import answer, inbound, row
from vault.keys import KeyNotSeen

WORDS = Topic("t.words", (ReviewRefused,), lambda event: event.expense_id, "word", compact=True, retention_ms=None)


class Words:
    """The last word under each key."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    @property
    def version(self) -> str:
        """All of them, in order."""
        return ",".join(f"{k}={v}" for k, v in sorted(self.words.items()))

    def apply(self, key: str, event: Event | None) -> None:
        """Take one in."""
        if isinstance(event, ReviewRefused):
            self.words[key] = event.reason
        else:
            self.words.pop(key, None)


def _handle(event: BatchProgressed, *, words: Words) -> Sequence[ReviewRefused]:
    if event.state == "needs" and "late" not in words.words:
        raise KeyNotSeen(event.expense_id)
    return (answer(event, words.version),)


def _word(rig: Rig, key: str, word: str) -> None:
    cause = inbound(key, 0)
    rig.feed(caused(cause, ReviewRefused, stage="test", status="submitted", action="0", reason=word), topic=WORDS)


def _rig(tmp_path: Path) -> Rig:
    table = Table("words", WORDS, Words)
    return Rig(row(tables=(WORDS,)), tmp_path, handler=Handler(handle=_handle, tables=(table,)))


def test_tables_are_whole_before_the_first_record(tmp_path: Path) -> None:
    """A record that waited in the log is judged with everything that was published by now, and says so."""
    rig = _rig(tmp_path)
    rig.feed(inbound("a", 1))
    for n in range(5):
        _word(rig, f"w{n}", "x")
    rig.member().run()
    whole = "w0=x,w1=x,w2=x,w3=x,w4=x"
    assert rig.told() == [("a", 1, whole)]
    assert rig.outputs()[0].tables == {"words": whole}


def test_a_tombstone_removes(tmp_path: Path) -> None:
    """What was erased from the topic is erased from the table."""
    rig = _rig(tmp_path)
    _word(rig, "w", "x")
    rig.broker.produce(Outgoing(WORDS.name, b"w", None))
    rig.feed(inbound("a", 1))
    rig.member().run()
    assert rig.told() == [("a", 1, "")]


def test_a_record_sees_what_was_published_before_it_was_submitted(tmp_path: Path) -> None:
    """A table read before the submission is read again; one read after it is not."""
    rig = _rig(tmp_path)
    member = rig.member()
    _word(rig, "w", "x")
    rig.feed(inbound("old", 1, submitted_at=rig.clock.now() - timedelta(hours=1)))
    member.run()
    assert rig.told() == [("old", 1, "")]
    rig.clock.pass_(10)
    rig.feed(inbound("new", 1, submitted_at=rig.clock.now() - timedelta(seconds=5)))
    member.run()
    assert ("new", 1, "w=x") in rig.told()


def test_a_producer_ahead_of_time_does_not_hammer_the_broker(tmp_path: Path) -> None:
    """A submission in our future makes the table fresh once per patience, not once per record."""
    rig = _rig(tmp_path)
    member = rig.member()
    rig.clock.pass_(10)
    _word(rig, "w", "x")
    ahead = rig.clock.now() + timedelta(minutes=5)
    rig.feed(*(inbound("a", n, submitted_at=ahead) for n in range(10)))
    member.run()
    assert {seen for _, _, seen in rig.told()} == {"w=x"}


def test_a_clock_set_back_does_not_keep_a_table_stale(tmp_path: Path) -> None:
    """A table read before the clock was set back is read again, though it seems to be as of a later time."""
    rig = _rig(tmp_path)
    member = rig.member()
    rig.clock.pass_(-3600)
    _word(rig, "w", "x")
    rig.feed(inbound("a", 1, submitted_at=rig.clock.now()))
    member.run()
    assert rig.told() == [("a", 1, "w=x")]


def test_a_record_that_waits_for_a_key_has_the_table_read_again(tmp_path: Path) -> None:
    """The key was published after the table was read though the record is older: waiting alone would last for ever."""
    rig = _rig(tmp_path)
    member = rig.member()
    rig.feed(inbound("a", 1, "needs"))
    member.run()
    assert rig.told() == []
    assert list(member.runner.missing) == ["key table"]
    _word(rig, "late", "x")
    rig.clock.pass_(1)
    member.run()
    assert rig.told() == [("a", 1, "late=x")]


def test_a_table_with_a_foreign_record_stops_the_stage(tmp_path: Path) -> None:
    """Judging with half a table would be guessing."""
    rig = _rig(tmp_path)
    rig.broker.produce(Outgoing(WORDS.name, b"w", b"junk"))
    with pytest.raises(Halted, match=WORDS.name):
        rig.member()


def test_versions_are_the_same_whatever_the_order_of_keys(tmp_path: Path) -> None:
    """Two replicas that read as far record the same version."""
    first, second = Words(), Words()
    events = {key: CODEC.decode(CODEC.encode(answer(inbound(key, 1), "x"))) for key in ("a", "b")}
    for key in ("a", "b"):
        first.apply(key, events[key])
    for key in ("b", "a"):
        second.apply(key, events[key])
    assert first.version == second.version
