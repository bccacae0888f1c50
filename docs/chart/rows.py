"""The table the chart's templates range over: one row per stage, and nothing in it that an operator may change."""

from dataclasses import dataclass

from consumers.runtime.stage import Lane, Stage
from consumers.stages import STAGES

__all__ = ["ROWS", "Row", "row_of"]

_MIB = 1024 * 1024
_SEALED = frozenset({"vault", "blobs"})


@dataclass(frozen=True, slots=True)
class Row:
    """A stage as the chart sees it.

    `record_memory_mi` is what one record of the process lane may take, in MiB, and 0 in other lanes. `needs` names the
    secrets and volumes the stage is given; no other stage sees them.
    """

    stage: Stage
    needs: tuple[str, ...]

    @property
    def beside(self) -> bool:
        """Whether the stage has workers beside its polling thread."""
        return self.stage.lane in {Lane.PROCESS, Lane.ASYNC}

    def as_yaml(self) -> dict[str, object]:
        """Return the row in the chart's spelling."""
        stage = self.stage
        return {
            "name": stage.name,
            "topic": stage.reads.name,
            "partitions": stage.reads.partitions,
            "lane": stage.lane.value,
            "state": stage.changelog is not None,
            "recordMemoryMi": stage.limits.memory_bytes // _MIB if stage.lane is Lane.PROCESS else 0,
            "needs": list(self.needs),
        }


def row_of(stage: Stage) -> Row:
    """Return the row of a stage; imports its handler, whose capabilities say what it is given."""
    if stage.lane is Lane.BATCH:
        return Row(stage, ("readModel",))
    # Whatever opens sealed fields opens the document store with them, so the two come together.
    given = set(stage.load().capabilities)
    needs = ("masterKey", "documents") if _SEALED & given else ()
    return Row(stage, (*needs, "assistant") if "assistant" in given else needs)


ROWS: tuple[Row, ...] = tuple(row_of(stage) for stage in STAGES)
