"""Moments as a person types them."""

from datetime import UTC, datetime

from cli.context import Refused

__all__ = ["instant", "utc"]


def instant(option: str, text: str) -> datetime:
    """Return an ISO 8601 moment as UTC; without a zone it is UTC, a day alone is its first instant.

    Raises:
        Refused: it is none.

    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        msg = f"{option} {text!r}: no moment; write 2026-03-14T10:02:00Z, or a day such as 2026-03-14 for its beginning"
        raise Refused(msg) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def utc(moment: datetime) -> str:
    """Return a moment to the second, for a person."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
