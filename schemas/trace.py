"""W3C trace context: the header `traceparent` that every record carries."""

__all__ = ["traceparent"]


def traceparent(trace_id: str, event_id: str) -> bytes:
    """Return the W3C trace context of an event: its id's first 16 hex digits are the span."""
    return f"00-{trace_id}-{event_id.replace('-', '')[:16]}-01".encode()
