"""`python -m consumers STAGE`: one replica of one stage, what a pod runs. Settings come from the environment."""

import sys

from config import logs
from config.settings import Settings, SettingsRefused, read_settings
from consumers.runtime.main import AlreadyRuns, run_stage
from consumers.stages import STAGES, stage_named


def _complete(settings: Settings) -> Settings:
    if not settings.bootstrap_servers or not settings.schema_registry_url:
        msg = "set SPENDTRAIL_BOOTSTRAP_SERVERS and SPENDTRAIL_SCHEMA_REGISTRY_URL, or use `spendtrail run`"
        raise SettingsRefused(msg)
    return settings


def main(arguments: list[str]) -> int:
    """Run the stage that is named and return the exit code: 0 drained, 1 halted, 2 not started."""
    try:
        (name,) = arguments
        stage = stage_named(name)
        settings = _complete(read_settings())
        logs.configure(settings.log_level, stage=stage.name, instance=settings.instance)
        return run_stage(stage, settings, frozenset(s.name for s in STAGES))
    except ValueError:
        sys.stderr.write(f"python -m consumers STAGE, with one of {', '.join(s.name for s in STAGES)}\n")
    except (KeyError, SettingsRefused, AlreadyRuns) as error:
        sys.stderr.write(f"spendtrail: {error.args[0]}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
