"""What one sample is: a file, its title, the facts printed on it and what a person expects to happen to it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

Outcome = Literal["posted", "in_review", "rejected"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Where a sample should end and why, in words for a reader who has not seen the policy.

    `code` is the violation or problem code a person would look for, empty where the sample is clean.
    """

    outcome: Outcome
    why: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is printed on a document, for holding beside what was read from it. `total` is in units of `currency`."""

    vendor: str
    number: str
    issued: date
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document made in memory, before it has a name."""

    content: bytes
    facts: Facts


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the demonstration set. `facts` is absent where nothing can or should be read from it."""

    path: Path
    title: str
    expectation: Expectation
    facts: Facts | None = None
