"""Where a tenant's data may be: a region is one Kafka cluster with its registry, and one bucket for documents.

Nothing is asked of a tenant as long as no tenant has a region. As soon as one has, each must have: of a tenant that
nobody thought of it is not known where its data may be, so it is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from config.settings import Settings

__all__ = ["Residency", "WrongRegion", "residency_of", "routed"]

_REST = "*"


class WrongRegion(Exception):
    """A tenant's data may not be here. The message names both regions and what to do; it holds nothing personal."""


@dataclass(frozen=True, slots=True)
class Residency:
    """The region of this process, and that of each tenant; `*` stands for tenants that are not named."""

    here: str
    tenants: Mapping[str, str]

    def region_of(self, tenant: str) -> str | None:
        """Return the region of a tenant, None where no tenant has one.

        Raises:
            WrongRegion: others have one, this tenant has none.

        """
        if not self.tenants:
            return None
        region = self.tenants.get(tenant) or self.tenants.get(_REST)
        if region is None:
            raise WrongRegion(f"no region is named for tenant {tenant}; name it in SPENDTRAIL_RESIDENCY")
        return region

    def hold(self, tenant: str, stamped: str | None = None) -> str | None:
        """Return the tenant's region, which is the one here; `stamped` is the region that an event bears.

        Raises:
            WrongRegion: tenant or event belong elsewhere.

        """
        region = self.region_of(tenant)
        for wanted in (region, stamped):
            if wanted is not None and wanted != self.here:
                here = f"region {self.here}" if self.here else "no region (SPENDTRAIL_REGION is empty)"
                raise WrongRegion(f"tenant {tenant} belongs to region {wanted}, and this is {here}; send it there")
        return region


def residency_of(settings: Settings) -> Residency | None:
    """Return what the settings ask for, None where they ask for nothing."""
    if not settings.residency and not settings.region:
        return None
    return Residency(settings.region, settings.residency)


def routed(settings: Settings, tenant: str) -> Settings:
    """Return the settings with brokers, registry and bucket of the tenant's region.

    Raises:
        WrongRegion: it is another than this process's, and SPENDTRAIL_REGIONS does not say where it is.

    """
    residency = residency_of(settings)
    region = residency.region_of(tenant) if residency else None
    if residency is None or region is None or region == residency.here:
        return settings
    place = settings.regions.get(region)
    if place is None:
        raise WrongRegion(
            f"tenant {tenant} belongs to region {region}, and this is {residency.here or 'none'}: send it there, or "
            "name that region's cluster and bucket in SPENDTRAIL_REGIONS"
        )
    return settings.model_copy(
        update={
            "region": region,
            "bootstrap_servers": place.bootstrap_servers,
            "schema_registry_url": place.schema_registry_url,
            "object_store": place.object_store,
            "kafka_options": {**settings.kafka_options, **place.kafka_options},
        }
    )
