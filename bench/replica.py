"""`python -m bench.replica STAGE`: one replica of a bench's stage, run as every stage of the project is run."""

import sys

from bench import again, course
from config import logs
from config.settings import read_settings
from consumers.runtime.main import run_stage

__all__ = ["main"]

STAGES = (*course.STAGES, *again.STAGES)


def main(name: str) -> int:
    """Run the stage until SIGTERM and return the exit code; settings come from the environment."""
    stage = next(stage for stage in STAGES if stage.name == name)
    settings = read_settings()
    logs.configure(settings.log_level, stage=stage.name, instance=settings.instance)
    return run_stage(stage, settings, frozenset(s.name for s in STAGES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
