"""How a loop in a process of its own is told what to do and says how fast it was."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence

from bench.report import per_second

__all__ = ["Loop", "main"]

Loop = Callable[[argparse.Namespace], float]


def main(about: str | None, loops: Mapping[str, Loop], words: Sequence[str]) -> None:
    """Run the loop that is named and print records, seconds and rate as one JSON object.

    A loop gets `bootstrap`, `source`, `sink`, `run`, `records` and `batch`, and returns the seconds from its first
    record to its last commit.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("loop", choices=list(loops))
    for name in ("--bootstrap", "--source", "--sink", "--run"):
        parser.add_argument(name, required=True)
    for name in ("--records", "--batch"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args(words)
    seconds = loops[args.loop](args)
    print(json.dumps({"records": args.records, "seconds": seconds, "per_s": per_second(args.records, seconds)}))  # noqa: T201 - the parent reads it
