"""`python -m producers upload|ticker`: the services that publish. Settings come from the environment."""

import signal
import sys
import threading
from datetime import UTC, datetime
from types import FrameType

from config import logs
from config.settings import Settings, SettingsRefused, read_settings
from producers import ticker
from schemas.events import TickElapsed
from schemas.topics import TOPICS


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the process's one clock


def _tick(settings: Settings) -> None:
    stop = threading.Event()

    def stopping(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, stopping)
    signal.signal(signal.SIGINT, stopping)
    ticker.run(settings, [t for t in TOPICS if TickElapsed in t.events], stop, _now)


_SERVICES = {"ticker": _tick}


def main(arguments: list[str]) -> int:
    """Run the service that is named and return the exit code."""
    if len(arguments) != 1 or arguments[0] not in _SERVICES:
        sys.stderr.write(f"python -m producers SERVICE, with one of {', '.join(_SERVICES)}\n")
        return 2
    try:
        settings = read_settings()
    except SettingsRefused as error:
        sys.stderr.write(f"spendtrail: {error}\n")
        return 2
    logs.configure(settings.log_level, stage=arguments[0], instance=settings.instance)
    _SERVICES[arguments[0]](settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
