"""`extract`: one file to the data every later stage agrees on, without Kafka."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from documents.limits import DEFAULT, Limits
from documents.reader import read
from documents.understanding import THRESHOLD, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.engines import Engine


def extract(
    name: str, data: bytes, limits: Limits = DEFAULT, engines: Sequence[Engine] = (), threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """The documents in a file, each as a dictionary ready for JSON.

    Amounts are decimal strings, dates ISO 8601, absent is None.
    Raises as `read` does.
    """
    reading = read(name, data, limits, engines)
    understanding = understand(reading, threshold)
    return [
        {
            "file": name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "kind": reading.kind,
            "pages": len(reading.pages),
            "engine": f"{reading.engine} {reading.engine_version}".strip(),
            **understanding.facts.as_dict(),
            "accepted": understanding.accepted,
        }
    ]
