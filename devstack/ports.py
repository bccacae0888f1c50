"""Free loopback ports, kept between runs by whoever records them."""

import hashlib
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the ephemeral ranges of Linux (32768) and macOS (49152): an outgoing connection never takes the port of a
# service that is stopped for the moment.
_FIRST: Final = 20_000
_COUNT: Final = 12_000


def is_free(port: int) -> bool:
    """Tell whether a service can listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose(home: Path, names: Iterable[str], *, taken: Iterable[int] = ()) -> dict[str, int]:
    """Give each name a free port that is not in `taken`.

    The search begins at a place derived from the home folder, so that stacks started side by side do not race.
    """
    digest = hashlib.sha256(str(home.absolute()).encode()).digest()
    offset = int.from_bytes(digest[:4], "big") % _COUNT
    used = set(taken)
    chosen: dict[str, int] = {}
    candidates = (_FIRST + (offset + step) % _COUNT for step in range(_COUNT))
    for name in names:
        port = next((port for port in candidates if port not in used and is_free(port)), None)
        if port is None:
            raise OSError(f"no free port between {_FIRST} and {_FIRST + _COUNT} on {LOOPBACK} for {name}")
        chosen[name] = port
    return chosen
