"""`spendtrail up`, `down` and `status`: the whole system on one machine."""

import json as jsonlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from prometheus_client.parser import text_string_to_metric_families

from cli.context import Refused, Session, session
from cli.output import console, say_json, table
from cli.plan import SERVICES, Ports, children, spread
from cli.preparing import make_ready
from consumers.stages import STAGES
from devstack import ports, stack, supervisor
from producers.lag import lags

__all__ = ["add", "bring_up", "take_down"]

_READY_S = 180.0


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("status")(status)


def up(
    brokers: Annotated[int, typer.Option(help="1, or 3 for a replicated cluster.")] = 1,
    replicas: Annotated[
        list[str] | None, typer.Option(help="STAGE=N, may be given several times; one replica each otherwise.")
    ] = None,
    notary: Annotated[
        float | None,
        typer.Option(help="Sign the audit log every so many seconds, with a witness beside; otherwise neither.", min=1),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Start Kafka, the registry, every stage, the upload service, the ticker and the ERP sandbox.

    What already runs is kept; data of earlier runs is found again. Kafka and registry are not started where
    SPENDTRAIL_BOOTSTRAP_SERVERS and SPENDTRAIL_SCHEMA_REGISTRY_URL name others.
    """
    try:
        counts = spread(replicas or ())
    except ValueError as error:
        raise Refused(str(error)) from error
    addresses = bring_up(brokers, counts, notary, quiet=json)
    if json:
        say_json(addresses)
        return
    for name, address in addresses.items():
        console.print(f"  {name:<10} {address}", highlight=False)
    console.print("Everything is up. `spendtrail status` shows it, `spendtrail down` stops it, data stays.")


def bring_up(
    brokers: int, counts: Mapping[str, int], notary_s: float | None = None, *, quiet: bool = False
) -> dict[str, str]:
    """Start everything, wait until it is ready, and return the addresses."""

    def told(line: str) -> None:
        if not quiet:
            console.print(f"[dim]{line}[/dim]", highlight=False)

    found = session()
    home = found.settings.home
    home.mkdir(parents=True, exist_ok=True)
    if not found.settings.bootstrap_servers or stack.endpoints(home) is not None:
        stack.start(home, brokers=brokers, on_progress=told)
        found = session()
    make_ready(found, 3 if brokers > 1 else found.settings.replication)
    services = _service_ports(home)
    told("starting the stages")
    supervisor.launch(home, children(found, services, counts, notary_s))
    _await_ready(found, counts)
    return {
        "kafka": found.bootstrap,
        "registry": found.registry,
        "upload": f"http://127.0.0.1:{services.upload}",
        "erp": found.settings.erp_url or f"http://127.0.0.1:{services.erp}",
        "home": str(home),
    }


def _service_ports(home: Path) -> Ports:
    """Return the services' ports, the same as last time while they are free or ours."""
    path = home / "services.json"
    known = jsonlib.loads(path.read_text()) if path.exists() else {}
    if not known:
        known = ports.choose(home, ["erp", "upload"], taken=_stack_ports(home))
        path.write_text(jsonlib.dumps(known))
    return Ports(**known)


def _stack_ports(home: Path) -> list[int]:
    return [service.port for service in stack.status(home)]


def _await_ready(found: Session, counts: Mapping[str, int]) -> None:
    """Wait until every replica says it is ready.

    Raises:
        Refused: one does not get ready; the message says what it misses and where its log is.

    """
    deadline = time.monotonic() + _READY_S
    waiting = [(stage, f"{stage}-{n}") for stage, number in counts.items() for n in range(number)]
    while waiting:
        waiting = [(s, i) for s, i in waiting if (replica := _replica(found, s, i)) is None or not replica.ready]
        if waiting and time.monotonic() > deadline:
            stage, instance = waiting[0]
            replica = _replica(found, stage, instance)
            log = found.settings.home / "logs" / f"{instance}.log"
            missing = replica.missing if replica else "it does not answer"
            msg = f"{instance} did not get ready within {_READY_S:.0f} s: {missing}; its log is {log}"
            raise Refused(msg)
        if waiting:
            time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class _Replica:
    ready: bool
    missing: str
    spare: bool
    metrics: Mapping[str, float]


def _replica(found: Session, stage: str, instance: str) -> _Replica | None:
    """Return what a replica says of itself, None when it does not answer."""
    path = found.settings.home / "state" / stage / instance / "address.json"
    try:
        port = jsonlib.loads(path.read_text())["port"]
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=2.0) as client:
            state = client.get("/readyz").json()
            text = client.get("/metrics").text
    except (OSError, ValueError, KeyError, httpx2.HTTPError):
        return None
    metrics = {
        sample.name.removeprefix("spendtrail_"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    missing = state["halted"] or ", ".join(f"{k}: {v}" for k, v in state["missing"].items())
    return _Replica(state["ready"], missing, bool(state.get("spare")), metrics)


def down(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Stop everything that `up` started; stages finish what they began. Data stays for the next `up`."""
    stopped = take_down(session())
    if json:
        say_json({"stopped": stopped})
    else:
        console.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def take_down(found: Session) -> list[str]:
    """Stop stages and services, then the stack, and return what was stopped."""
    home = found.settings.home
    return [*supervisor.halt(home), *stack.stop(home)]


def status(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Per stage lag, rate, records in flight; expenses per state; what is not ready and why."""
    found = session()
    stages = _stage_rows(found)
    with found.read_model() as model:
        counts = model.counts()
    processes = supervisor.children(found.settings.home)
    if json:
        say_json(
            {
                "stages": [vars_of(row) for row in stages],
                "states": counts,
                "processes": {p.name: p.state for p in processes},
                "services": {s.name: s.state for s in stack.status(found.settings.home)},
            }
        )
        return
    table(
        "Stages",
        ["Stage", "Reads", "Replicas", "Lag", "Rate /s", "In flight", "Dead letters", "State"],
        [(r.stage, r.reads, r.replicas, r.lag, f"{r.rate:.1f}", r.in_flight, r.dead_letters, r.state) for r in stages],
        right=["Replicas", "Lag", "Rate /s", "In flight", "Dead letters"],
    )
    table("Expenses", ["State", "Number"], sorted(counts.items()), right=["Number"])
    rows: list[tuple[object, ...]] = [(s.name, s.state, s.pid, s.port) for s in stack.status(found.settings.home)]
    rows += [(p.name, p.state, p.pid, None) for p in processes if p.name in SERVICES]
    table("Services", ["Service", "State", "Process", "Port"], rows, right=["Process", "Port"])


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage as `status` shows it. `rate` is records done a second since its replicas started."""

    stage: str
    reads: str
    replicas: int
    lag: int
    rate: float
    in_flight: int
    dead_letters: int
    state: str


def vars_of(row: StageRow) -> dict[str, object]:
    """Return a row's fields by name."""
    return {name: getattr(row, name) for name in StageRow.__slots__}


def stage_lags(found: Session) -> dict[str, int]:
    """Return the lag of every stage in records: end of its topic less what it committed."""
    groups = {s.name: s.reads.name for s in STAGES}
    found_lags = lags(found.bootstrap, groups, found.settings.kafka_options)
    return {group: sum(partitions.values()) for group, partitions in found_lags.items()}


def _stage_rows(found: Session) -> list[StageRow]:
    lag = stage_lags(found)
    rows = []
    for stage in STAGES:
        folder = found.settings.home / "state" / stage.name
        names = sorted(p.parent.name for p in folder.glob("*/address.json"))
        replicas = [r for n in names if (r := _replica(found, stage.name, n))]
        told = "; ".join(r.missing for r in replicas if r.missing)
        state = ("ready" if all(r.ready for r in replicas) else told or "starting") if replicas else "stopped"
        if spare := sum(r.spare for r in replicas):
            state = f"{state}, {spare} spare: {stage.reads.partitions} partitions"
        if alerts := int(sum(r.metrics.get("alerts_total", 0) for r in replicas)):
            state = f"{state}, {alerts} alerts: see `spendtrail audit alerts`"
        rows.append(
            StageRow(
                stage.name,
                stage.reads.name,
                len(replicas),
                lag[stage.name],
                sum(_rate(r.metrics) for r in replicas),
                int(sum(r.metrics.get("in_flight", 0) for r in replicas)),
                int(sum(r.metrics.get("dead_letters_total", 0) for r in replicas)),
                state,
            )
        )
    return rows


def _rate(metrics: Mapping[str, float]) -> float:
    age = time.time() - metrics.get("process_start_time_seconds", time.time())
    return metrics.get("records_done_total", 0.0) / age if age > 1 else 0.0
