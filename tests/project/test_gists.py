"""What the read model looks at in an event."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from audit.story import sentence
from consumers.project.gists import Gists
from schemas.contracts import EVENTS
from schemas.envelope import Event
from schemas.glance import Known
from tests.audit.trail import CODEC
from tests.depth import examples
from tests.schemas.events import events

_QUICK = settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))


def agree(found: Any, whole: Any) -> bool:
    """Whether all that was read of a value is as it is in the whole."""
    if isinstance(whole, tuple):
        return len(found) == len(whole) and all(agree(f, w) for f, w in zip(found, whole, strict=True))
    names = getattr(whole, "__slots__", ())
    return (
        all(agree(getattr(found, n), getattr(whole, n)) for n in names if hasattr(found, n))
        if names
        else found == whole
    )


@pytest.mark.property
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_says_what_the_whole_event_says(kind: type[Event]) -> None:
    """Its sentence is that of the event read whole, and so is all that rows are made of, with or without a memory."""
    gists = Gists(CODEC)
    known: Known = {}

    @_QUICK
    @given(events(kind))
    def held(event: Event) -> None:
        data = CODEC.encode(event)
        whole = CODEC.decode(data)
        seen = gists.kind(data)
        assert seen.type is kind
        for found in (seen.read(data, {}), seen.read(data, known), seen.read(data, known)):
            assert sentence(kind.__name__, found) == sentence(kind.__name__, whole)
            assert (found.personal is None) == (whole.personal is None)
            for name in seen.rows:
                assert agree(getattr(found, name), getattr(whole, name))

    held()
