"""Serves a ledger over real HTTP in this process: uvicorn on a free port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
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
