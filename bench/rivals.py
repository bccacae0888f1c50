"""The loops that are not ours: `python -m bench.rivals raw|quix ...`.

Needs only confluent-kafka, fastavro and, for `quix`, quixstreams: so an interpreter that has none of this project's
other dependencies can run it, one with Quix Streams for example, which pins an older client.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench import baseline
from bench.loop import Loop, main

__all__ = ["LOOPS"]


def _raw(args: argparse.Namespace) -> float:
    return baseline.raw(args.bootstrap, args.source, args.sink, args.records, args.batch, args.run)


def _quix(args: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return baseline.quix(args.bootstrap, args.source, args.sink, args.records, args.batch, args.run, Path(folder))


LOOPS: Final[Mapping[str, Loop]] = {"raw": _raw, "quix": _quix}

if __name__ == "__main__":
    main(__doc__, LOOPS, sys.argv[1:])
