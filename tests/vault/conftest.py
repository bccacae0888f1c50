"""A vault with a master key of its own and one person in it."""

import pytest

from vault.keys import KeyTable
from vault.master import MasterKey, create_master, load_master
from vault.sealing import Vault

TENANT = "acme"
SUBJECT = "5f" * 16
EXPENSE = "0a1b2c3d-0000-5000-8000-000000000001"


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> MasterKey:
    """A master key from a file."""
    path = tmp_path_factory.mktemp("keys") / "master.json"
    create_master(path)
    return load_master(str(path))


@pytest.fixture
def keys() -> KeyTable:
    """An empty key table."""
    return KeyTable()


@pytest.fixture
def vault(master: MasterKey, keys: KeyTable) -> Vault:
    """A vault in which SUBJECT of TENANT has one key."""
    made = Vault(master, keys)
    key = made.new_key(TENANT, SUBJECT)
    keys.apply(key.record_key, key.wrapped)
    return made
