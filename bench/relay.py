"""The handler of the stage without state."""

from bench.course import HANDLERS, RELAY

__all__ = ["HANDLER"]

HANDLER = HANDLERS[RELAY.name]
