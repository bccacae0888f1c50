"""Ticks: every partition, on the beat, ended by an event."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from producers import ticker
from producers.edge import codec_of
from producers.publisher import PublishFailed
from schemas.events import TickElapsed
from schemas.topics import ENRICHMENTS, EVALUATED
from tests.producers.conftest import Read


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis takes bounds without a zone
    st.integers(1, 7200),
)
def test_a_ticks_time_is_a_multiple_of_the_interval(now: datetime, seconds: int) -> None:
    """It is never ahead, less than one interval behind, and the same for every ticker within the interval."""
    interval = timedelta(seconds=seconds)
    at = ticker.tick_time(now, interval)
    assert now - interval < at <= now
    assert ticker.tick_time(at, interval) == at


@pytest.mark.kafka
def test_every_partition_gets_the_time_until_stopped(settings: Settings, read: Read) -> None:
    """Each partition of each topic has the same ticks, with distinct ids; the loop ends when told."""
    stop = threading.Event()
    times = iter(datetime(2031, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(1_000))
    beat = Settings.model_validate({**settings.model_dump(), "tick_s": 2.0})

    def clock() -> datetime:
        now = next(times)
        if now.second >= 5:
            stop.set()
        return now

    thread = threading.Thread(target=ticker.run, args=(beat, (EVALUATED, ENRICHMENTS), stop, clock))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    codec = codec_of(settings)
    seen: dict[tuple[str, int], list[datetime]] = {}
    ids = set()
    for topic in (EVALUATED, ENRICHMENTS):
        for record in read(topic.name):
            event = codec.decode(record.value)
            if isinstance(event, TickElapsed) and event.occurred_at.year == 2031:
                seen.setdefault((topic.name, record.partition), []).append(event.occurred_at)
                ids.add((event.event_id, event.occurred_at))
    assert set(seen) == {(t.name, p) for t in (EVALUATED, ENRICHMENTS) for p in range(t.partitions)}
    assert len({tuple(dict.fromkeys(ticks)) for ticks in seen.values()}) == 1
    assert len({i for i, _ in ids}) == len(seen) * len(set(next(iter(seen.values()))))


@pytest.mark.kafka
def test_missing_topics_are_named(settings: Settings) -> None:
    """The warning of a ticker without its topics names them, and it ends when told all the same."""
    with pytest.raises(PublishFailed, match=r"no topic expense\.nowhere"):
        ticker._partitions(settings, [type(EVALUATED)("expense.nowhere", (), str, "none")])
