"""The developer stack: brokers and registry of one home folder, started, stopped and found again."""

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from devstack import artifacts, kafka, ports, process, registry
from devstack.cache import cache_folder
from devstack.errors import StackError

__all__ = [
    "REGISTRY",
    "Endpoints",
    "ServiceStatus",
    "StackError",
    "endpoints",
    "kill",
    "start",
    "start_one",
    "status",
    "stop",
]

REGISTRY: Final = "registry"
_BROKERS_UP_S: Final = 90
_REGISTRY_UP_S: Final = 120
_GRACE_S: Final = 20
_PORT_FREED_S: Final = 3
# A port is chosen seconds before a service listens on it, and another program may be faster, another stack above all.
_STARTS: Final = 3
_CLUSTER_SIZES: Final = (1, 3)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where clients reach a running stack. `registry_url` is the Confluent-compatible API, None without a registry."""

    bootstrap_servers: str
    registry_url: str | None
    home: Path


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service of a home. `state` is "running" or "stopped"; `pid` is None when stopped; `log` is where to look."""

    name: str
    state: str
    pid: int | None
    port: int
    log: Path


@dataclass(frozen=True, slots=True)
class _State:
    """What `stack.json` keeps: the shape of the cluster, its ports, and who was started."""

    brokers: int
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, process.Process] = field(default_factory=dict)


def start(
    home: Path, *, brokers: int = 1, registry: bool = True, on_progress: Callable[[str], None] = lambda _line: None
) -> Endpoints:
    """Bring up the stack of this home and return when it serves; what already runs is kept, data is found again.

    Raises StackError when a service does not come up (with the end of its log) or the home holds a cluster of another
    size; its kinds ArtifactError and FetchFailed when a jar is not the committed one or cannot be had.
    """
    if brokers not in _CLUSTER_SIZES:
        raise StackError(f"a cluster has 1 broker or 3, not {brokers}")
    home = home.absolute()
    with _locked(home):
        state = _load(home) or _State(brokers)
        if state.brokers != brokers:
            raise StackError(
                f"{home} holds a cluster of {state.brokers} broker(s), {brokers} were asked for. Remedy: ask for"
                f" {state.brokers}, name another home, or delete {home} with all its data."
            )
        state = _start_whole(home, state, lambda found: _start_brokers(home, found, on_progress))
        if registry:
            state = _start_whole(home, state, lambda found: _start_registry(home, found, on_progress))
    return _endpoints(home, state, registry=registry)


def start_one(home: Path, name: str) -> None:
    """Bring one killed service back on its own port; returns when it serves. Raises StackError for an unknown name."""
    home = home.absolute()
    with _locked(home):
        state = _existing(home, name)
        if name == REGISTRY:
            _start_registry(home, state, lambda _line: None)
        else:
            _start_brokers(home, state, lambda _line: None, only=name)


def stop(home: Path) -> list[str]:
    """End every service of this home, registry first, and return the names of those that ran; data stays."""
    home = home.absolute()
    if not _file(home).exists():
        return []
    with _locked(home):
        state = _load(home)
        if state is None:
            return []
        running = {name: found for name, found in state.processes.items() if process.is_alive(found)}
        process.end([found for name, found in running.items() if name == REGISTRY], grace_s=_GRACE_S)
        process.end([found for name, found in running.items() if name != REGISTRY], grace_s=_GRACE_S)
        _save(home, replace(state, processes={}))
    return sorted(running)


def kill(home: Path, name: str) -> None:
    """End one service with SIGKILL, as a crash would; `start_one` brings it back. StackError for an unknown name."""
    found = _existing(home.absolute(), name).processes.get(name)
    if found is not None:
        process.kill(found)


def status(home: Path) -> list[ServiceStatus]:
    """Return one row per service the home knows, brokers first; an empty list for a home never started."""
    home = home.absolute()
    state = _load(home)
    if state is None:
        return []
    rows: list[ServiceStatus] = []
    for name in _services(state):
        found = state.processes.get(name)
        alive = found is not None and process.is_alive(found)
        pid = found.pid if found is not None and alive else None
        rows.append(ServiceStatus(name, "running" if alive else "stopped", pid, state.ports[name], _log(home, name)))
    return rows


def endpoints(home: Path) -> Endpoints | None:
    """Return where the stack of this home serves when it is up, without starting it; None for a home never started."""
    home = home.absolute()
    state = _load(home)
    return None if state is None else _endpoints(home, state, registry=REGISTRY in state.ports)


def _services(state: _State) -> list[str]:
    known = [_broker_name(number) for number in range(1, state.brokers + 1)] + [REGISTRY]
    return [name for name in known if name in state.ports]


def _existing(home: Path, name: str) -> _State:
    state = _load(home)
    known = [] if state is None else _services(state)
    if state is None or name not in known:
        raise StackError(f"{home} has no service {name!r}; it has: {', '.join(known) or 'none, it was never started'}")
    return state


def _endpoints(home: Path, state: _State, *, registry: bool) -> Endpoints:
    addresses = ",".join(broker.address for broker in _cluster(home, state))
    return Endpoints(addresses, _registry(home, state).url if registry else None, home)


class _PortTaken(StackError):
    """Another program listens on the port of a service that ended while starting."""


def _start_whole(home: Path, state: _State, begin: Callable[[_State], _State], left: int = _STARTS) -> _State:
    """Begin again with other ports where a port was taken between its choice and its use."""
    try:
        return begin(state)
    except _PortTaken:
        if left == 1:
            raise
    return _start_whole(home, _load(home) or state, begin, left - 1)


def _start_brokers(home: Path, state: _State, on_progress: Callable[[str], None], *, only: str | None = None) -> _State:
    names = [_broker_name(number) for number in range(1, state.brokers + 1)]
    missing = [name for name in names if not _runs(state, name)]
    wanted = [name for name in missing if only is None or name == only]
    if not wanted:
        return state
    # A running member knows the others' ports from its settings: they can move only while the whole cluster is down.
    needed = [port for name in wanted for port in (name, _controller_name(name))]
    state = _with_ports(home, state, needed, movable=missing == names)
    jars = artifacts.kafka_jars(cache_folder(), on_progress)
    cluster = _cluster(home, state)
    on_progress(f"starting Kafka ({', '.join(wanted)})")
    for broker in cluster:
        name = _broker_name(broker.number)
        if name in wanted:
            try:
                kafka.prepare(broker, cluster, jars=jars, cluster_id=kafka.cluster_id(home))
            except RuntimeError as error:
                raise StackError(str(error)) from error
            started = kafka.start(broker, brokers=state.brokers, jars=jars)
            state = _record(home, state, name, started)
    expected = [broker for broker in cluster if _runs(state, _broker_name(broker.number))]
    try:
        _await(home, state, wanted, lambda: kafka.serving(expected), timeout_s=_BROKERS_UP_S)
    except _PortTaken:
        # Its ports can be chosen again only while no other member knows them.
        if missing == names:
            process.end([state.processes[name] for name in wanted if _runs(state, name)], grace_s=_GRACE_S)
        raise
    return state


def _start_registry(home: Path, state: _State, on_progress: Callable[[str], None]) -> _State:
    if not _runs(state, REGISTRY):
        state = _with_ports(home, state, [REGISTRY, _management_name()], movable=True)
        app = artifacts.registry_app(cache_folder(), on_progress)
        on_progress("starting the schema registry")
        bootstrap = ",".join(broker.address for broker in _cluster(home, state))
        started = registry.start(_registry(home, state), app=app, bootstrap_servers=bootstrap)
        state = _record(home, state, REGISTRY, started)
    service = _registry(home, state)
    _await(home, state, [REGISTRY], lambda: registry.serving(service), timeout_s=_REGISTRY_UP_S)
    registry.hold_compatibility(service)
    return state


def _await(home: Path, state: _State, names: Sequence[str], probe: Callable[[], bool], *, timeout_s: float) -> None:
    """Wait until the probe holds; StackError with the end of the log as soon as one of the processes dies."""
    served = False

    def settled() -> bool:
        # What answered once is up: asked again a moment later, a busy broker may be slow to say so.
        nonlocal served
        served = served or probe()
        return served or not all(_runs(state, name) for name in names)

    process.wait_for(settled, timeout_s=timeout_s)
    for name in names:
        if not _runs(state, name):
            told = f"{name} ended while starting. The end of {_log(home, name)}:\n{process.tail(_log(home, name))}"
            own = [port for key, port in state.ports.items() if key == name or key.startswith(f"{name}-")]
            raise StackError(told) if all(map(ports.is_free, own)) else _PortTaken(told)
    if not served:
        raise StackError(f"{', '.join(names)} did not serve within {timeout_s:.0f} s: see {home / 'logs'}")


def _runs(state: _State, name: str) -> bool:
    found = state.processes.get(name)
    return found is not None and process.is_alive(found)


def _with_ports(home: Path, state: _State, needed: Sequence[str], *, movable: bool) -> _State:
    """Keep each recorded port that is still free; choose another where it is taken, if the service may move."""
    # A process that was just killed may hold its port a moment longer.
    recorded = [state.ports[name] for name in needed if name in state.ports]
    process.wait_for(lambda: all(map(ports.is_free, recorded)), timeout_s=_PORT_FREED_S)
    lost = [name for name in needed if name not in state.ports or not ports.is_free(state.ports[name])]
    taken = [name for name in lost if name in state.ports]
    if taken and not movable:
        numbers = ", ".join(f"{state.ports[name]} ({name})" for name in taken)
        raise StackError(
            f"port {numbers} was taken by another program. Remedy: stop the whole stack and start it again."
        )
    state = replace(state, ports=state.ports | ports.choose(home, lost, taken=state.ports.values()))
    _save(home, state)
    return state


def _record(home: Path, state: _State, name: str, started: process.Process) -> _State:
    state = replace(state, processes=state.processes | {name: started})
    _save(home, state)
    return state


def _broker_name(number: int) -> str:
    return f"kafka-{number}"


def _controller_name(broker: str) -> str:
    return f"{broker}-controller"


def _management_name() -> str:
    return f"{REGISTRY}-management"


def _log(home: Path, name: str) -> Path:
    return home / "logs" / f"{name}.log"


def _cluster(home: Path, state: _State) -> list[kafka.Broker]:
    names = {number: _broker_name(number) for number in range(1, state.brokers + 1)}
    return [
        kafka.Broker(number, home / name, _log(home, name), state.ports[name], state.ports[_controller_name(name)])
        for number, name in names.items()
    ]


def _registry(home: Path, state: _State) -> registry.Registry:
    return registry.Registry(
        home / REGISTRY, _log(home, REGISTRY), state.ports[REGISTRY], state.ports[_management_name()]
    )


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop this home's services."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".stack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _file(home: Path) -> Path:
    return home / "stack.json"


def _load(home: Path) -> _State | None:
    try:
        stored = json.loads(_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    processes = {name: process.Process(**found) for name, found in stored["processes"].items()}
    return _State(stored["brokers"], stored["ports"], processes)


def _save(home: Path, state: _State) -> None:
    beside = _file(home).with_suffix(".json.new")
    beside.write_text(json.dumps(asdict(state), indent=2), encoding="utf-8")
    beside.replace(_file(home))
