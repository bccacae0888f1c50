"""What the stage's process runs instead of a handler."""

import gc
from typing import Final

from config.settings import Settings
from consumers.project.database import open_database
from consumers.project.follow import Follower
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Transport
from schemas.codec import Codec

__all__ = ["follower"]

# A batch is some 20,000 objects that go with its transaction, none of them in a cycle. At the usual 700 the collector
# of cycles walks them, and the expenses at hand, again and again: a tenth of the processor time of a stage behind.
_OBJECTS: Final = (50_000, 50, 50)


def follower(settings: Settings, transport: Transport, codec: Codec, telemetry: Telemetry) -> Follower:
    """Return the follower of the audit log into the read model that the settings name. Nothing connects yet.

    Raises:
        ValueError: the read model's URL is not understood.

    """
    gc.set_threshold(*_OBJECTS)
    return Follower(transport, codec, open_database(settings.read_model), telemetry)
