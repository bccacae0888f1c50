"""Tenants whose data must stay in a region: routed there, and refused elsewhere."""

from pathlib import Path

import pytest

from config.residency import Residency, WrongRegion, residency_of, routed
from config.settings import Region, Settings
from producers.door import located
from schemas.records import Context

MAP = {"acme": "eu", "globex": "us", "*": "ap"}
US = Region(
    bootstrap_servers="kafka.us.example:9092",
    schema_registry_url="https://registry.us.example",
    object_store="s3://documents-us",
    kafka_options={"client.rack": "us-1"},
)


def settings(tmp_path: Path, **given: object) -> Settings:
    """Return the settings of an installation in the region eu."""
    here = {"home": tmp_path, "bootstrap_servers": "kafka.eu.example:9092", "region": "eu", "residency": MAP}
    return Settings.model_validate({**here, **given})


def test_a_tenant_of_the_region_here_stays_as_it_is(tmp_path: Path) -> None:
    """Its settings are those there are, and its context is stamped with the region."""
    here = settings(tmp_path, regions={"us": US})
    assert routed(here, "acme") is here
    assert located(Context(department="ops"), "acme", residency_of(here)) == Context(department="ops", region="eu")


def test_another_tenant_is_routed_to_its_cluster_and_bucket(tmp_path: Path) -> None:
    """Brokers, registry and bucket are the other region's; options of the process go on to hold beside its own."""
    there = routed(settings(tmp_path, regions={"us": US}, kafka_options={"security.protocol": "SSL"}), "globex")
    assert (there.bootstrap_servers, there.schema_registry_url) == (US.bootstrap_servers, US.schema_registry_url)
    assert (there.object_store_url, there.region) == ("s3://documents-us", "us")
    assert there.kafka_options == {"security.protocol": "SSL", "client.rack": "us-1"}
    assert located(Context(), "globex", residency_of(there)).region == "us"


@pytest.mark.parametrize("tenant", ["globex", "anybody"])
def test_a_region_that_is_not_known_is_refused(tmp_path: Path, tenant: str) -> None:
    """Without its cluster and bucket nothing is sent to it, and nothing is let in here; both regions are named."""
    here = settings(tmp_path)
    with pytest.raises(
        WrongRegion, match=rf"tenant {tenant} belongs to region {MAP.get(tenant, 'ap')}, and this is eu"
    ):
        routed(here, tenant)
    with pytest.raises(WrongRegion, match="and this is region eu; send it there"):
        located(Context(), tenant, residency_of(here))


def test_a_tenant_nobody_thought_of_is_refused(tmp_path: Path) -> None:
    """As soon as one tenant has a region each must have; without any nothing is asked or stamped."""
    named = settings(tmp_path, residency={"acme": "eu"})
    with pytest.raises(WrongRegion, match="no region is named for tenant globex; name it in SPENDTRAIL_RESIDENCY"):
        routed(named, "globex")
    nowhere = settings(tmp_path, residency={}, region="")
    assert residency_of(nowhere) is None
    assert routed(nowhere, "globex") is nowhere
    assert located(Context(), "globex", None) == Context()


def test_a_process_of_no_region_takes_in_nobody_who_has_one() -> None:
    """A service whose region was forgotten refuses, instead of taking everything for its own."""
    with pytest.raises(WrongRegion, match="no region \\(SPENDTRAIL_REGION is empty\\)"):
        Residency("", MAP).hold("acme")


def test_an_event_stamped_elsewhere_is_refused() -> None:
    """What was let in in another region does not belong here, whatever the map says of the tenant now."""
    assert Residency("eu", MAP).hold("acme", "eu") == "eu"
    with pytest.raises(WrongRegion, match="belongs to region us"):
        Residency("eu", MAP).hold("acme", "us")
