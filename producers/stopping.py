"""SIGTERM and SIGINT as an event that long-running producers wait on."""

import signal
import threading
from types import FrameType

__all__ = ["stop_on_signals"]


def stop_on_signals() -> threading.Event:
    """Return an event that is set by SIGTERM or SIGINT; call it from the main thread of the process."""
    stop = threading.Event()

    def stopping(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, stopping)
    signal.signal(signal.SIGINT, stopping)
    return stop
