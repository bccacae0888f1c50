"""What a runner is put together from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from consumers.runtime.clock import Clock
from consumers.runtime.dead_letter import DeadLetterLimit
from consumers.runtime.lanes.lane import Lane
from consumers.runtime.ownership import Ownership
from consumers.runtime.stage import Handler, Stage
from consumers.runtime.tables import SideTables
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Transport
from consumers.runtime.writer import Writer
from schemas.codec import Codec

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a runner is made of; `lane` is None for the inline lane, whose handlers run in the polling thread.

    `given` are the capabilities of inline handlers; `keys` the wrapped keys a worker process needs, by subject.
    """

    stage: Stage
    handler: Handler
    transport: Transport
    codec: Codec
    clock: Clock
    telemetry: Telemetry
    tables: SideTables
    ownership: Ownership
    writer: Writer
    lane: Lane | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    keys: Any = None
    dead_letters: DeadLetterLimit = field(default_factory=DeadLetterLimit)
