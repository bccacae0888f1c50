"""Fixtures of the real stack: one broker, one registry and one PostgreSQL per run, shared by all of its xdist workers.

The process that began the run makes the home folder, tells it to the workers, and stops what any of them started there:
starting is idempotent and locked, so whichever test first needs a service brings it up for all.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pytest

from devstack import postgres, process, stack

_HOME: Final = pytest.StashKey[Path]()
_PREFIX: Final = "spendtrail-tests-"
_OWNER: Final = "owner"
_WORKER_KEY: Final = "stack_home"


def pytest_configure(config: pytest.Config) -> None:
    """Take the run's home from the process that began it, or make it."""
    given = getattr(config, "workerinput", {}).get(_WORKER_KEY)
    if given:
        config.stash[_HOME] = Path(given)
        return
    _end_abandoned()
    home = config.stash[_HOME] = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (home / "owner.new").write_text(f"{os.getpid()} {process.start_mark(os.getpid())}")
    (home / "owner.new").rename(home / _OWNER)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker where the home is."""
    config: pytest.Config = node.config  # type: ignore[attr-defined] # xdist ships no public type of a node
    node.workerinput[_WORKER_KEY] = str(config.stash[_HOME])  # type: ignore[attr-defined] # as above


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop everything once the last worker has gone; the folder goes too, so that runs leave nothing behind."""
    if hasattr(config, "workerinput") or _HOME not in config.stash:
        return
    _end(config.stash[_HOME])


def _end(home: Path) -> None:
    stack.stop(home)
    postgres.remove(home)
    shutil.rmtree(home, ignore_errors=True)


def _end_abandoned() -> None:
    """Stop what runs left behind that were killed before they could: their brokers would hold memory for ever."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        # Another run may be sweeping the same folder away at this moment.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            pid, _, mark = owner.read_text().partition(" ")
            if process.start_mark(int(pid)) != mark:
                _end(owner.parent)


@pytest.fixture(scope="session")
def kafka_stack(pytestconfig: pytest.Config) -> stack.Endpoints:
    """Return a serving broker and registry: the run's own, or those that the environment names."""
    home = pytestconfig.stash[_HOME]
    bootstrap = os.environ.get("SPENDTRAIL_BOOTSTRAP_SERVERS")
    if bootstrap:
        return stack.Endpoints(bootstrap, os.environ.get("SPENDTRAIL_SCHEMA_REGISTRY_URL"), home)
    return stack.start(home)


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """Return the URL of the run's own PostgreSQL, skipping with the remedy where none is installed."""
    try:
        postgres.binaries()
    except postgres.PostgresError as error:
        pytest.skip(str(error))
    return postgres.start(pytestconfig.stash[_HOME])
