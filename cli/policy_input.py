"""What the policy verbs are given: files of a policy, a tenant, and clear words where one of them does not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli.context import Refused, Session, Unreachable
from policy.documents import load
from policy.errors import Fault, PolicyError
from policy.snapshot import Snapshot
from producers.edge import SettingsIncomplete
from producers.publisher import PublishFailed
from schemas.codec import RegistryUnavailable
from streams.record import TransportLost

__all__ = ["Json", "Paths", "Tenant", "connected", "loaded", "refusing"]

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Tenant = Annotated[str | None, typer.Option(help="Tenant; SPENDTRAIL_TENANT otherwise.")]
Paths = Annotated[
    list[Path], typer.Argument(help="Files of one policy, or folders of .yaml and .json files.", metavar="PATH...")
]


def loaded(paths: list[Path]) -> Snapshot:
    """Return the policy in files, proven to compile: one that did not would stop every replica that judges.

    Raises:
        PolicyError: it is wrong.

    """
    snapshot = Snapshot.of(load(*paths))
    try:
        snapshot.compiled()
    except ValueError as error:
        fault = Fault(", ".join(map(str, paths)), "limits", str(error), "split the rule's lists over several rules")
        raise PolicyError(fault) from error
    return snapshot


@contextmanager
def refusing() -> Iterator[None]:
    """Say no to what is wrong, and tell what does not answer."""
    try:
        yield
    except (PolicyError, SettingsIncomplete) as error:
        raise Refused(str(error)) from error
    except (TransportLost, PublishFailed, RegistryUnavailable) as error:
        raise Unreachable(str(error)) from error


def connected(found: Session) -> None:
    """Refuse where no stack is known, with the session's own words."""
    _ = found.bootstrap, found.registry
