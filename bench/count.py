"""The handler of the stage that counts."""

from bench.course import COUNT, HANDLERS

__all__ = ["HANDLER"]

HANDLER = HANDLERS[COUNT.name]
