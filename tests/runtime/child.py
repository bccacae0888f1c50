"""`python -m tests.runtime.child PREFIX KIND`: one replica of a test stage as a real process."""

import sys

from config import logs
from config.settings import read_settings
from consumers.runtime.main import AlreadyRuns, run_stage
from consumers.runtime.stage import Stage
from tests.runtime.kafka_rig import named
from tests.runtime.rows import row

__all__ = ["stage_of"]


def stage_of(prefix: str, kind: str) -> Stage:
    """Return the row of a replica: `echo` keeps no state, `count` does."""
    return named(row(f"tests.runtime.handlers.{kind}", stateful=kind == "count", name=kind), prefix)


def main(arguments: list[str]) -> int:
    """Run the stage; 2 when another process has its name."""
    prefix, kind = arguments
    settings = read_settings()
    stage = stage_of(prefix, kind)
    logs.configure(settings.log_level, stage=stage.name, instance=settings.instance)
    try:
        return run_stage(stage, settings, frozenset({stage.name}))
    except AlreadyRuns as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
