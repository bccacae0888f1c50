"""Stored examples of posting, against the ledger's application without a network."""

from pathlib import Path

import httpx2
import pytest

from consumers.stages import stage_named
from erp.store import Store
from tests.erp.serving import application
from tests.harness import cases, run_case


@pytest.mark.parametrize("path", cases("posting"), ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path) -> None:
    """The stage answers each stored example as stored."""
    store = Store(tmp_path / "ledger.sqlite")
    transport = httpx2.ASGITransport(app=application(store))
    client = httpx2.AsyncClient(transport=transport, base_url="http://erp")
    try:
        run_case(stage_named("posting"), path, {"erp": client})
    finally:
        store.close()
