"""Dead letters: what they say, and when there are too many."""

import pytest

from consumers.runtime.dead_letter import DeadLetterLimit, dead_letter, reason_of, replays
from consumers.runtime.errors import Halted, LimitExceeded, Poisoned
from consumers.runtime.lanes.lane import WorkerDied
from consumers.runtime.transport import Fetched
from schemas.codec import ContractViolated, Undecodable
from schemas.dead_letters import PREFIX

RECORD = Fetched("t.in", 3, 42, b"key", b"\0\0\0\0\x07body", (("traceparent", b"00-1-2-01"),), 5)


def _letter(error: BaseException, record: Fetched = RECORD) -> dict[str, bytes]:
    letter = dead_letter(record, error, group="g", stage="s", timestamp_ms=99)
    assert (letter.key, letter.value) == (record.key, record.value)
    return dict(letter.headers)


def test_every_header_is_there() -> None:
    """The original key, bytes and headers travel along, and eleven facts say what happened."""
    headers = _letter(Poisoned("BAD_DATE", "the date is from the future"))
    assert headers == {
        "traceparent": b"00-1-2-01",
        f"{PREFIX}topic": b"t.in",
        f"{PREFIX}partition": b"3",
        f"{PREFIX}offset": b"42",
        f"{PREFIX}group": b"g",
        f"{PREFIX}message": b"the date is from the future",
        f"{PREFIX}exception": b"consumers.runtime.errors.Poisoned",
        f"{PREFIX}stage": b"s",
        f"{PREFIX}timestamp": b"99",
        f"{PREFIX}class": b"BAD_DATE",
        f"{PREFIX}schema.id": b"7",
        f"{PREFIX}replay.count": b"0",
    }


def test_a_strangers_message_is_not_copied() -> None:
    """An exception of a library may quote the record, so only its type and place are kept."""
    try:
        int("Jane Doe, 12 Main Street")
    except ValueError as error:
        headers = _letter(error)
    assert headers[f"{PREFIX}message"].startswith(b"ValueError at ")
    assert b"Jane" not in b"".join(headers.values())
    assert b" at runtime/test_dead_letters.py:" in headers[f"{PREFIX}message"]


def test_a_replayed_record_keeps_its_count_and_loses_its_old_reasons() -> None:
    """The second failure says why the second time, and that it was the second."""
    again = Fetched(
        "t.in",
        3,
        43,
        b"key",
        b"x",
        (("h", b"v"), (f"{PREFIX}class", b"OLD"), (f"{PREFIX}replay.count", b"1"), ("__dlq.replay.group", b"g")),
    )
    headers = _letter(Poisoned("NEW", "again"), again)
    assert (headers["h"], headers[f"{PREFIX}class"], headers[f"{PREFIX}replay.count"]) == (b"v", b"NEW", b"1")
    assert "__dlq.replay.group" not in headers
    assert replays(again) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Poisoned("CODE", ""), "CODE"),
        (LimitExceeded(""), "LIMIT_EXCEEDED"),
        (Undecodable(""), "UNDECODABLE"),
        (ContractViolated(""), "CONTRACT_VIOLATED"),
        (WorkerDied(""), "WORKER_DIED"),
        (KeyError("x"), "HANDLER_FAILED"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reasons(error: BaseException, reason: str) -> None:
    """Each kind of failure has its own code."""
    assert reason_of(error) == reason


def test_the_limit_halts_within_its_window_only() -> None:
    """One more than the limit within the window halts; spread over time the same number does not."""
    limit = DeadLetterLimit(2, window_ms=1_000)
    for moment in (0, 600, 1_200, 1_800):
        limit.note(moment)
    with pytest.raises(Halted, match="2 dead letters"):
        limit.note(1_900)
