"""Run the ledger: `python -m erp --host 127.0.0.1 --port 8090 --data DIR`."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from erp.app import create_app
from erp.ledger import load_chart
from erp.store import Store


def main() -> None:
    """Serve until told to stop; what was acknowledged is on disk already."""
    parser = argparse.ArgumentParser(prog="python -m erp", description="A general ledger to post expenses to.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; the sandbox has no login")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--data", type=Path, required=True, help="folder for the ledger's database")
    parser.add_argument("--log-level", default="info", choices=["critical", "error", "warning", "info", "debug"])
    options = parser.parse_args()
    store = Store(options.data / "ledger.sqlite")
    try:
        app = create_app(store, load_chart(), _now)
        uvicorn.run(app, host=options.host, port=options.port, log_level=options.log_level, access_log=False)
    finally:
        store.close()


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the process's one clock


if __name__ == "__main__":
    main()
