"""`python -m producers upload|ticker`: the services that publish. Settings come from the environment."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from config import logs
from config.settings import Settings, SettingsRefused, read_settings
from producers import http, ticker
from producers.custody import SecretsUnusable
from producers.edge import SettingsIncomplete
from producers.stopping import stop_on_signals
from schemas.events import TickElapsed
from schemas.topics import TOPICS
from vault.master import MasterKeyUnusable

_log = structlog.get_logger("producers")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the process's one clock


def _tick(settings: Settings) -> None:
    ticker.run(settings, [t for t in TOPICS if TickElapsed in t.events], stop_on_signals(), _now)


def _upload(settings: Settings) -> None:
    if not settings.door_groups:
        _log.warning("the door never closes: SPENDTRAIL_DOOR_GROUPS names no consumer group to keep up with")
    http.serve(settings, _now)


_SERVICES: dict[str, Callable[[Settings], None]] = {"upload": _upload, "ticker": _tick}


def main(arguments: list[str]) -> int:
    """Run the service that is named and return the exit code."""
    if len(arguments) != 1 or arguments[0] not in _SERVICES:
        sys.stderr.write(f"python -m producers SERVICE, with one of {', '.join(_SERVICES)}\n")
        return 2
    try:
        settings = read_settings()
        logs.configure(settings.log_level, stage=arguments[0], instance=settings.instance)
        _SERVICES[arguments[0]](settings)
    except (SettingsRefused, SettingsIncomplete, SecretsUnusable, MasterKeyUnusable) as error:
        sys.stderr.write(f"spendtrail: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
