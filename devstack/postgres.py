"""A private PostgreSQL for tests and embedded runs: its own data folder, its own loopback port, no system service."""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from devstack import ports, process
from devstack.errors import StackError

_NAME: Final = "spendtrail"
_BINARY_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Fedora, RHEL
    "/opt/homebrew/opt/postgresql*/bin",  # macOS, Apple silicon
    "/usr/local/opt/postgresql*/bin",  # macOS, Intel
)
_STEP_TIMEOUT_S: Final = 60
_GRACE_S: Final = 15


class PostgresError(StackError):
    """PostgreSQL is not installed or does not start; the message says what to install or where its log is."""


@dataclass(frozen=True, slots=True)
class _Server:
    data: Path
    password: str
    port: int
    running: process.Process | None


def start(home: Path) -> str:
    """Return the URL (`postgresql://...`) of this home's database, started first where it does not run; data is kept.

    The port is free, on loopback, with a password of its own: other users of the machine have no way in. PostgresError
    when it is not installed or does not come up.
    """
    home = home.absolute()
    with _locked(home):
        server = _load(home) or _create(home)
        if server.running is None or not process.is_alive(server.running):
            server = _launch(home, server)
    return _url(server, _NAME)


def stop(home: Path) -> bool:
    """End this home's server and tell whether one ran; connections are cut, what was committed stays."""
    home = home.absolute()
    with _locked(home):
        server = _load(home)
        if server is None or server.running is None or not process.is_alive(server.running):
            return False
        # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every client to leave by itself.
        process.end([server.running], grace_s=_GRACE_S, ask=signal.SIGINT)
        _save(home, _Server(server.data, server.password, server.port, None))
    return True


def remove(home: Path) -> None:
    """Stop the server and delete its data, which for root lives outside the home; a home that has none is no error."""
    stop(home)
    server = _load(home.absolute())
    if server is not None:
        shutil.rmtree(server.data.parent)
        _file(home.absolute()).unlink()


def binaries() -> Path:
    """Return the newest installed PostgreSQL's folder of programs; PostgresError with what to type if there is none."""
    found = [folder for pattern in _BINARY_FOLDERS for folder in Path("/").glob(pattern.removeprefix("/"))]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    usable = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not usable:
        raise PostgresError(
            "PostgreSQL is not installed. Remedy: apt-get install postgresql, or brew install postgresql"
        )
    return max(usable, key=_version)


def _version(folder: Path) -> int:
    told = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=_STEP_TIMEOUT_S
    )
    return int(told.stdout.split()[2].partition(".")[0])


def _owner() -> str | None:
    """Return the user to run as: PostgreSQL refuses root, so root uses the `postgres` user that its package makes."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise PostgresError("PostgreSQL does not run as root and there is no user `postgres` to run as") from None


def _create(home: Path) -> _Server:
    owner = _owner()
    folder = home / "postgres"
    if owner is not None:
        # The postgres user cannot reach into root's own folders, so its data lives where any user's may.
        digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        folder = Path("/var/tmp") / f"{_NAME}-postgres-{digest}"  # noqa: S108 - made below, owned and closed to others
        if folder.exists():
            shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    password = secrets.token_hex(16)
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if owner is not None:
        shutil.chown(folder, owner, owner)
        shutil.chown(secret, owner, owner)
    server = _Server(folder / "data", password, 0, None)
    initdb: list[str | Path] = [binaries() / "initdb", "--pgdata", server.data, "--username", _NAME, "--pwfile", secret]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    done = subprocess.run(
        initdb, capture_output=True, text=True, check=False, timeout=_STEP_TIMEOUT_S, cwd="/", user=owner, group=owner
    )
    secret.unlink()
    if done.returncode != 0:
        raise PostgresError(f"initdb failed in {server.data}: {done.stderr}".strip())
    return server


def _launch(home: Path, server: _Server) -> _Server:
    port = server.port
    if not port or not ports.is_free(port):
        port = ports.choose(home / "postgres", ["postgres"])["postgres"]
    argv: list[str | Path] = [binaries() / "postgres", "-D", server.data, "-p", str(port), "-h", ports.LOOPBACK]
    # No socket file in /tmp and no fsync: a test's database may be lost with the machine, never by a stopped process.
    argv += [
        "-c",
        "unix_socket_directories=",
        "-c",
        "fsync=off",
        "-c",
        "shared_buffers=64MB",
        "-c",
        "max_connections=60",
    ]
    log = home / "logs" / "postgres.log"
    running = process.spawn(argv, log=log, env={"PATH": os.defpath, "TZ": "UTC"}, cwd=Path("/"), user=_owner())
    server = _Server(server.data, server.password, port, running)
    _save(home, server)
    if not process.wait_for(lambda: _serves(server) or not process.is_alive(running), timeout_s=_STEP_TIMEOUT_S):
        raise PostgresError(f"PostgreSQL did not serve within {_STEP_TIMEOUT_S} s: see {log}")
    if not process.is_alive(running):
        raise PostgresError(f"PostgreSQL ended while starting. The end of {log}:\n{process.tail(log)}")
    _ensure_database(server)
    return server


def _url(server: _Server, database: str) -> str:
    return f"postgresql://{_NAME}:{server.password}@{ports.LOOPBACK}:{server.port}/{database}"


def _serves(server: _Server) -> bool:
    try:
        psycopg.connect(_url(server, "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_database(server: _Server) -> None:
    with psycopg.connect(_url(server, "postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_NAME)))


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop this home's server."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _file(home: Path) -> Path:
    return home / "postgres.json"


def _load(home: Path) -> _Server | None:
    try:
        stored = json.loads(_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    data, running = Path(stored["data"]), stored["running"]
    if not data.exists():
        return None
    return _Server(data, stored["password"], stored["port"], running and process.Process(**running))


def _save(home: Path, server: _Server) -> None:
    beside = _file(home).with_suffix(".json.new")
    beside.touch(mode=0o600)
    stored = asdict(server) | {"data": str(server.data)}
    beside.write_text(json.dumps(stored, indent=2), encoding="utf-8")
    beside.replace(_file(home))
