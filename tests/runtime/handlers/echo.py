"""A stateless handler: one output an input."""

from collections.abc import Sequence

from consumers.runtime.stage import Handler
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rows import answer


def echo(event: BatchProgressed) -> Sequence[ReviewRefused]:
    """Answer with what was asked."""
    return (answer(event, event.state),)


HANDLER = Handler(handle=echo)
