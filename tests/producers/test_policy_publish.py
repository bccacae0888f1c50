"""Publishing policies on the real broker: only what is right, only for the future."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from policy.errors import PolicyError
from policy.snapshot import genesis
from producers.policy_publish import Publication, publish, publish_genesis, read_policies
from schemas.envelope import Event
from schemas.events import PolicyPublished
from tests.producers.conftest import Clock

pytestmark = pytest.mark.kafka
Events = Callable[[str], list[Event]]

RULES = Path(__file__).parents[2] / "policy" / "rules"


def test_the_first_policy_holds_from_1970_and_is_published_once(
    settings: Settings, tenant: str, clock: Clock, events: Events
) -> None:
    """The genesis snapshot is in force for every time; a second attempt does nothing."""
    publication = Publication(tenant=tenant, published_by="finance", reason="first policy")
    first = publish_genesis(settings, publication, clock)
    assert first
    assert (first.version, first.effective_from) == (genesis().version, datetime(1970, 1, 1, tzinfo=UTC))
    assert publish_genesis(settings, publication, clock) is None
    assert events("policy.snapshots") == [first]


def test_a_policy_begins_in_the_future_or_not_at_all(settings: Settings, tenant: str, clock: Clock) -> None:
    """59 seconds ahead is refused with the soonest time; 60 seconds ahead is published and in force then."""
    soon, later = clock.now + timedelta(seconds=59), clock.now + timedelta(seconds=60)

    def attempt(start: datetime) -> PolicyPublished:
        publication = Publication(tenant=tenant, published_by="finance", reason="new year", effective_from=start)
        return publish(settings, [RULES], publication, clock)

    with pytest.raises(PolicyError, match="too soon"):
        attempt(soon)
    published = attempt(later)
    policies = read_policies(settings)
    assert policies.at(tenant, later).version == published.version
    assert [s.effective_from for s in policies.of(tenant).all()] == [datetime(1970, 1, 1, tzinfo=UTC), later]


def test_a_wrong_policy_is_refused_with_file_and_line(
    settings: Settings, tenant: str, clock: Clock, tmp_path: Path, events: Events
) -> None:
    """Nothing of a faulty policy reaches the topic."""
    (tmp_path / "policy.yaml").write_text("name: broken\nlimitz: []\n")
    publication = Publication(tenant=tenant, published_by="finance", reason="typo")
    with pytest.raises(PolicyError, match="limitz"):
        publish(settings, [tmp_path / "policy.yaml"], publication, clock)
    assert events("policy.snapshots") == []


def test_the_tables_of_a_policy_travel_through_the_topic(settings: Settings, tenant: str, clock: Clock) -> None:
    """A policy with a year's per diem tables fits a record, and is read back to the same version with its tables."""
    folder = RULES.parent / "examples" / "us-travel"
    start = clock.now + timedelta(seconds=60)
    publication = Publication(tenant=tenant, published_by="finance", reason="travel", effective_from=start)
    published = publish(settings, [folder], publication, clock)
    assert len(published.snapshot) > 500_000
    snapshot = read_policies(settings).at(tenant, start)
    assert snapshot.version == published.version
    assert sorted(table.id for table in snapshot.document.per_diem_tables) == sorted(
        snapshot.document.per_diem[0].tables
    )
