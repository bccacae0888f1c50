"""The vendor master of every tenant, as the compacted topic has it."""

from dataclasses import dataclass, field

from consumers.folding import fold
from consumers.reference import Fingerprint
from consumers.vendor.master import KnownVendor, VendorMaster
from consumers.vendor.match import VendorMatcher
from consumers.vendor.merchant import shipped_normaliser
from schemas.envelope import Event
from schemas.events import VendorRecorded

__all__ = ["VendorTable"]


@dataclass(slots=True)
class VendorTable:
    """The table of vendors: one index and one matcher per tenant."""

    _fingerprint: Fingerprint = field(default_factory=Fingerprint)
    _matchers: dict[str, VendorMatcher] = field(default_factory=dict)
    _keys: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The fingerprint of the content."""
        return self._fingerprint.version

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one record; None is a tombstone.

        Raises:
            TypeError: the record is no vendor, so the topic is not the one it should be.

        """
        if event is not None and not isinstance(event, VendorRecorded):
            msg = f"{type(event).__name__} under {key!r} is no vendor"
            raise TypeError(msg)
        self._fingerprint.apply(key, event)
        gone = self._keys.pop(key, None)
        if event is None:
            if gone:
                self.of(gone[0]).master.drop(gone[1])
            return
        self._keys[key] = (event.tenant_id, event.vendor_id)
        # A master brought in from elsewhere has names with legal forms and articles; documents are asked without.
        named = shipped_normaliser()[0](event.name)
        self.of(event.tenant_id).master.put(
            KnownVendor(
                vendor_id=event.vendor_id,
                name=event.name,
                keys=tuple(dict.fromkeys((named.key or fold(event.name), fold(event.name), *event.aliases))),
                bare=named.bare if named.distinct else "",
                core=named.core if named.distinct else "",
                tax_ids=(event.tax_id,) if event.tax_id else (),
                ibans=(event.iban,) if event.iban else (),
            )
        )

    def of(self, tenant: str) -> VendorMatcher:
        """Return the tenant's matcher; of a tenant without vendors, one that knows nobody."""
        if tenant not in self._matchers:
            self._matchers[tenant] = VendorMatcher(tenant, VendorMaster())
        return self._matchers[tenant]
