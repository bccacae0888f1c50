"""What the stage's process runs instead of a handler."""

from config.settings import Settings
from consumers.project.database import open_database
from consumers.project.follow import Follower
from consumers.runtime.telemetry import Telemetry
from consumers.runtime.transport import Transport
from schemas.codec import Codec

__all__ = ["follower"]


def follower(settings: Settings, transport: Transport, codec: Codec, telemetry: Telemetry) -> Follower:
    """Return the follower of the audit log into the read model that the settings name. Nothing connects yet.

    Raises:
        ValueError: the read model's URL is not understood.

    """
    return Follower(transport, codec, open_database(settings.read_model), telemetry)
