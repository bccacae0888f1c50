"""Dead letters on the real broker: found by id, sent to the failed group only, parked for good."""

from pathlib import Path

import pytest

from config.settings import Settings
from consumers.runtime.dead_letter import dead_letter
from consumers.runtime.errors import Poisoned
from producers.card_feed import send, survey
from producers.card_line import Holder
from producers.dead_letters import DeadLetter, DeadLetterRefused, Standing, find, listed, park, replay
from producers.edge import Edge, codec_of, open_publisher
from producers.feed_map import ColumnMap
from schemas.topics import PARSED
from streams.record import Fetched
from tests.producers.conftest import Read

pytestmark = pytest.mark.kafka


def _bury(
    settings: Settings, tenant: str, group: str, *, offset: int = 7, headers: tuple[tuple[str, bytes], ...] = ()
) -> str:
    """Write a dead letter as the runner does and return its id."""
    record = Fetched(
        PARSED.name,
        2,
        offset,
        f"{tenant}/s".encode(),
        b"\0\0\0\0\x05damaged",
        (("traceparent", b"00-a-b-01"), *headers),
    )
    letter = dead_letter(
        record, Poisoned(f"BAD_{tenant}", "cannot be read"), group=group, stage=group, timestamp_ms=1_000_000
    )
    with open_publisher(settings, codec_of(settings)) as publisher:
        publisher.send(letter.topic, letter.key, letter.value, letter.headers)
    return f"{PARSED.name}/2/{offset}/{group}"


def _mine(settings: Settings, tenant: str) -> list[DeadLetter]:
    return [each for each in listed(settings.bootstrap_servers or "") if each.reason == f"BAD_{tenant}"]


def test_a_letter_shows_what_and_why(settings: Settings, tenant: str) -> None:
    """Origin, group, reason, message, schema id and the record itself come back."""
    identity = _bury(settings, tenant, f"vendor-{tenant}")
    (letter,) = _mine(settings, tenant)
    assert (letter.id, letter.topic, letter.schema_id, letter.replays) == (identity, PARSED.name, 5, 0)
    assert (letter.message, letter.exception) == ("cannot be read", "consumers.runtime.errors.Poisoned")
    assert (letter.key, letter.value) == (f"{tenant}/s".encode(), b"\0\0\0\0\x05damaged")
    assert (letter.standing, letter.failed_at.timestamp(), letter.replayable) == (Standing.OPEN, 1_000, True)


def test_replay_sends_the_original_to_the_failed_group_once(settings: Settings, tenant: str, read: Read) -> None:
    """Key, value and headers are the original's, with the group and a raised count; replaying again must be meant."""
    first = _bury(settings, tenant, f"vendor-{tenant}")
    _bury(settings, tenant, f"currency-{tenant}", headers=(("__dlq.errors.replay.count", b"1"),))
    letters = find(_mine(settings, tenant), [first])
    with open_publisher(settings, codec_of(settings)) as publisher:
        assert replay(letters, publisher, by="sre") == 1
        again = find(_mine(settings, tenant), [first])
        with pytest.raises(DeadLetterRefused, match="was replayed by sre"):
            replay(again, publisher, by="sre")
    sent = [r for r in read(PARSED.name) if r.key == f"{tenant}/s".encode()]
    assert [(r.value, r.header("traceparent")) for r in sent] == [(b"\0\0\0\0\x05damaged", b"00-a-b-01")]
    assert sent[0].header("__dlq.replay.group") == f"vendor-{tenant}".encode()
    assert sent[0].header("__dlq.errors.replay.count") == b"1"
    assert sent[0].header("__dlq.errors.class") is None
    assert {each.group: each.standing for each in _mine(settings, tenant)} == {
        f"vendor-{tenant}": Standing.REPLAYED,
        f"currency-{tenant}": Standing.OPEN,
    }


def test_an_id_without_group_means_every_group(settings: Settings, tenant: str) -> None:
    """Three groups that failed on one record are found by the record; an unknown id is refused."""
    offset = 100 + len(tenant)
    for group in ("a", "b"):
        _bury(settings, tenant, f"{group}-{tenant}", offset=offset)
    mine = _mine(settings, tenant)
    assert {each.group for each in find(mine, [f"{PARSED.name}/2/{offset}"])} == {f"a-{tenant}", f"b-{tenant}"}
    with pytest.raises(DeadLetterRefused, match="dlq list"):
        find(mine, ["expense.parsed/9/9"])


def test_a_parked_letter_keeps_a_copy_of_its_own(settings: Settings, tenant: str) -> None:
    """It is listed as parked with who and why, also once the dead letter's own retention is over; replay ends that."""
    _bury(settings, tenant, f"vendor-{tenant}")
    with open_publisher(settings, codec_of(settings)) as publisher:
        with pytest.raises(DeadLetterRefused, match="say why"):
            park(_mine(settings, tenant), publisher, by="sre", why=" ")
        assert park(_mine(settings, tenant), publisher, by="sre", why="waits for the new release") == 1
        (parked,) = _mine(settings, tenant)
        assert (parked.standing, parked.settled_by, parked.settled_why) == (
            Standing.PARKED,
            "sre",
            "waits for the new release",
        )
        expired = [each for each in listed(settings.bootstrap_servers or "", newest=0) if each.id == parked.id]
        assert [(e.key, e.value, e.reason) for e in expired] == [(parked.key, parked.value, parked.reason)]
        assert replay(expired, publisher, by="sre") == 1
    assert [each.standing for each in _mine(settings, tenant)] == [Standing.REPLAYED]


def test_a_feeds_row_is_listed_and_not_replayed(edge: Edge, tenant: str, tmp_path: Path) -> None:
    """There is no record to send again: the message says to correct the feed."""
    path = tmp_path / "feed.csv"
    path.write_text(f"Date,Amount,Merchant\n28/09/2017,1.00,{tenant}\n28/09/2017,x,{tenant}\n")
    holder = Holder(tenant=tenant, employee_id="E-9", currency="GBP")
    feed = survey(path, ColumnMap(), holder)
    send(feed, edge, holder, "b")
    letters = find(listed(edge.settings.bootstrap_servers or ""), [f"card_feed/{feed.sha256[:12]}/3"])
    with pytest.raises(DeadLetterRefused, match="correct it there"):
        replay(letters, edge.publisher, by="sre")
