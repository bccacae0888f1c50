"""Makes the audit log as seal does, for tests that write it to a broker."""

from dataclasses import replace
from hashlib import sha256

from cli import auditlog
from cli.context import session
from consumers.runtime.memory_store import MemoryStore
from consumers.seal.chains import Chains
from consumers.seal.handler import seal_record
from schemas.events import AuditSealed
from tests.audit.trail import CODEC, Trail

__all__ = ["sealed_really"]


def sealed_really(*trails: Trail) -> list[AuditSealed]:
    """Return what seal makes of trails whose events are written with the real registry's schema ids."""
    codec = auditlog.codec(session())
    chains = Chains(MemoryStore())
    entries = []
    for each in trails:
        for record in each.records:
            output = codec.encode(CODEC.decode(record.output)) if record.output else None
            digest = sha256(output).hexdigest() if output is not None else None
            written = replace(record, output=output, output_sha256=digest)
            entries += [e for e in seal_record(written, chains) if isinstance(e, AuditSealed)]
    return entries
