"""A handler for worker processes that does what hostile input does."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from consumers.runtime.errors import Poisoned, Transient
from consumers.runtime.stage import Handler
from schemas.events import BatchProgressed, ReviewRefused
from tests.runtime.rows import answer


class Unsendable(Exception):
    """An exception that cannot be pickled."""

    def __init__(self) -> None:
        super().__init__("unsendable")
        self.lock = threading.Lock()


def misbehave(event: BatchProgressed) -> Sequence[ReviewRefused]:
    """Do what the event's state says."""
    match event.state:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            sys.exit(3)
        case "hang":
            subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"], check=False)
        case "hog":
            _grow()
        case "poison":
            raise Poisoned("ENCRYPTED", "it has a password")
        case "transient":
            raise Transient("object store", "does not answer")
        case "unsendable":
            raise Unsendable
        case "slow":
            time.sleep(0.3)
        case "none":
            return None  # type: ignore[return-value] # on purpose
    return (answer(event, f"{event.state} in {os.getpid() != os.getppid()}"),)


def _grow() -> None:
    held: list[Any] = []
    while True:
        held.append(bytearray(8 * 1024 * 1024))
        time.sleep(0.01)


HANDLER = Handler(handle=misbehave)
