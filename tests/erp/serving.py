"""A ledger over real HTTP in this process, on a free port; a conftest that imports its fixtures hands them on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from erp.app import create_app
from erp.ledger import load_chart
from erp.store import Store

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def application(store: Store) -> FastAPI:
    """Return the ledger's application with a clock that stands still."""
    return create_app(store, load_chart(), lambda: NOON)


@contextmanager
def serve(folder: Path) -> Iterator[httpx2.Client]:
    """Serve a ledger and give a client for it."""
    store = Store(folder / "ledger.sqlite")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(store), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=10) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Give one running ledger to the tests of a module."""
    with serve(tmp_path_factory.mktemp("ledger")) as client:
        yield client


@pytest.fixture
def ledger(shared: httpx2.Client) -> httpx2.Client:
    """Give the running ledger with all faults cleared."""
    shared.put("/sandbox/faults", json={})
    return shared
