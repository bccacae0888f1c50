"""Write the demonstration set from the command line: `python -m samples FOLDER [--seed N] [--json]`."""

import argparse
import json
import sys
from pathlib import Path

from samples.catalogue import make
from samples.sample import Sample


def main() -> None:
    """Make the set and print what each file is and what should happen to it."""
    parser = argparse.ArgumentParser(prog="python -m samples", description="Write the demonstration set into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7, help="another seed gives other numbers, photographs and lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file")
    options = parser.parse_args()
    for sample in make(options.folder, options.seed):
        sys.stdout.write(f"{json.dumps(describe(sample)) if options.json else sentence(sample)}\n")


def describe(sample: Sample) -> dict[str, str]:
    """Flatten a sample for a manifest; the facts are left out where the file has none."""
    facts = sample.facts
    printed = {} if facts is None else {name: f"{getattr(facts, name)}" for name in facts.__slots__}
    expectation = sample.expectation
    return {
        "file": sample.path.name,
        "title": sample.title,
        "expected": expectation.outcome,
        "code": expectation.code,
        "why": expectation.why,
        **printed,
    }


def sentence(sample: Sample) -> str:
    """Say in one line what the file is and what should happen."""
    return f"{sample.path.name:<34} {sample.expectation.outcome:<10} {sample.title}: {sample.expectation.why}"


if __name__ == "__main__":
    main()
