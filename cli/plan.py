"""What `spendtrail up` starts: one process per stage and replica, and the services around them."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.context import Session
from consumers.stages import STAGES, stage_named
from devstack.supervisor import Child

__all__ = ["SERVICES", "Ports", "children", "service_command", "spread", "stage_command"]

SERVICES: tuple[str, ...] = ("erp", "upload", "ticker", "notary", "witness")


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of the services that listen."""

    erp: int
    upload: int


def spread(wanted: Sequence[str]) -> Mapping[str, int]:
    """Return replicas per stage from `stage=n` words; every stage has one unless said otherwise.

    Raises:
        ValueError: no such stage, no number, or more replicas than the topic has partitions.

    """
    counts = {stage.name: 1 for stage in STAGES}
    for word in wanted:
        name, _, number = word.partition("=")
        if name not in counts or not number.isdigit():
            msg = f"{word!r}: say STAGE=N with one of {', '.join(counts)}"
            raise ValueError(msg)
        ceiling = stage_named(name).reads.partitions
        if int(number) > ceiling:
            msg = f"{word!r}: {stage_named(name).reads.name} has {ceiling} partitions, so more replicas would idle"
            raise ValueError(msg)
        counts[name] = int(number)
    return counts


def children(session: Session, ports: Ports, replicas: Mapping[str, int], notary_s: float | None = None) -> list[Child]:
    """Return every process of a whole system on this machine, with notary and witness where `notary_s` is given."""
    environment = {
        **session.environment(),
        "SPENDTRAIL_ERP_URL": session.settings.erp_url or f"http://127.0.0.1:{ports.erp}",
        "SPENDTRAIL_UPLOAD_PORT": str(ports.upload),
        # The upload service closes its door when any stage falls too far behind.
        "SPENDTRAIL_DOOR_GROUPS": json.dumps({stage.name: stage.reads.name for stage in STAGES}),
    }
    found = []
    if not session.settings.erp_url:
        data = session.settings.home / "erp"
        argv = (sys.executable, "-P", "-m", "erp", "--host", "127.0.0.1", "--port", str(ports.erp), "--data", str(data))
        found.append(Child("erp", argv, environment))
    for stage in STAGES:
        for number in range(replicas[stage.name]):
            name = f"{stage.name}-{number}"
            found.append(Child(name, stage_command(stage.name), {**environment, "SPENDTRAIL_INSTANCE": name}))
    found += [Child(name, service_command(name), environment) for name in ("upload", "ticker")]
    if notary_s is not None:
        found += _notaries(session.settings.home, notary_s, environment)
    return found


def _notaries(home: Path, every_s: float, environment: Mapping[str, str]) -> Iterator[Child]:
    audit = (sys.executable, "-P", "-m", "cli.main", "audit")
    again = ("--every", str(every_s))
    yield Child("notary", (*audit, "checkpoint", *again), environment)
    own = ("--signing-key", str(home / "keys" / "witness.pem"), "--remember", str(home / "witness"))
    yield Child("witness", (*audit, "witness", *own, *again), environment)


def stage_command(name: str) -> tuple[str, ...]:
    """Return the command line of one replica of a stage."""
    return (sys.executable, "-P", "-m", "consumers", name)


def service_command(name: str) -> tuple[str, ...]:
    """Return the command line of a producing service: upload or ticker."""
    return (sys.executable, "-P", "-m", "producers", name)
