"""A handler that never comes back from a record that says so."""

import threading
from collections.abc import Sequence

from consumers.runtime.stage import Handler
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rows import answer


def hang(event: BatchProgressed) -> Sequence[ReviewRefused]:
    """Answer, or wait for what never happens."""
    if event.state == "hang":
        threading.Event().wait()
    return (answer(event, event.state),)


HANDLER = Handler(handle=hang)
