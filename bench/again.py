"""The screen stage once more, over what it read in the order it read it: into a topic of its own, to be compared."""

from dataclasses import replace
from typing import Final

from consumers.stages import stage_named
from schemas.topics import APPROVALS

__all__ = ["AGAIN", "STAGES"]

AGAIN: Final = replace(
    stage_named("screen"), name="bench-screen", writes=(replace(APPROVALS, name="bench.approvals"),), audited=False
)
STAGES: Final = (AGAIN,)
