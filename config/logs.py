"""Structured logs: one JSON object a line on standard error. They carry pseudonyms and ids, never personal data."""

import logging
import sys

import structlog

__all__ = ["configure"]


def configure(level: str, **bound: str) -> None:
    """Set up structlog for this process; `bound` (stage, instance) is on every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level, logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
