"""Sealing, erasure, and the key table."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vault.keys import ERASED, KeyErased, KeyNotSeen, KeyTable
from vault.master import MasterKey, create_master, load_master
from vault.sealing import SealBroken, Vault

TENANT, SUBJECT, EXPENSE = "acme", "5f" * 16, "0a1b2c3d-0000-5000-8000-000000000001"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=2000))
def test_round_trip_is_reproducible(vault: Vault, data: bytes) -> None:
    """What is sealed opens to the same bytes, and sealing again gives the same ciphertext."""
    sealed = vault.seal(TENANT, SUBJECT, EXPENSE, data)
    assert vault.open(TENANT, SUBJECT, EXPENSE, sealed) == data
    assert vault.seal(TENANT, SUBJECT, EXPENSE, data) == sealed


def test_bound_to_its_place(vault: Vault) -> None:
    """A ciphertext moved to another expense does not open, nor does an altered one."""
    sealed = vault.seal(TENANT, SUBJECT, EXPENSE, b"Ada Lovelace")
    with pytest.raises(SealBroken, match="belongs elsewhere"):
        vault.open(TENANT, SUBJECT, EXPENSE.replace("1", "2"), sealed)
    altered = replace(sealed, ciphertext=sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1]))
    with pytest.raises(SealBroken):
        vault.open(TENANT, SUBJECT, EXPENSE, altered)


@pytest.mark.parametrize("marker", [None, ERASED])
def test_erased_is_not_unseen(vault: Vault, keys: KeyTable, marker: bytes | None) -> None:
    """An erased person's data is gone at once, though the key was in use; an unknown key is a reason to wait."""
    sealed = vault.seal(TENANT, SUBJECT, EXPENSE, b"Ada Lovelace")
    keys.apply(f"{TENANT}/{SUBJECT}/{sealed.key_id}".encode(), marker)
    with pytest.raises(KeyErased):
        vault.open(TENANT, SUBJECT, EXPENSE, sealed)
    with pytest.raises(KeyNotSeen):
        vault.open(TENANT, SUBJECT, EXPENSE, replace(sealed, key_id="0" * 16))
    with pytest.raises(KeyNotSeen):
        vault.seal(TENANT, SUBJECT, EXPENSE, b"more")
    assert keys.living(TENANT, SUBJECT) == ()


def test_rotation_keeps_the_past(vault: Vault, keys: KeyTable) -> None:
    """A newer key seals what is new; a handler names the event's key and writes what it wrote before."""
    before = vault.seal(TENANT, SUBJECT, EXPENSE, b"x")
    key = vault.new_key(TENANT, SUBJECT)
    keys.apply(key.record_key, key.wrapped)
    assert vault.current_key(TENANT, SUBJECT) == key.key_id
    assert vault.seal(TENANT, SUBJECT, EXPENSE, b"x").key_id == key.key_id
    assert vault.seal(TENANT, SUBJECT, EXPENSE, b"x", key_id=before.key_id) == before
    assert vault.open(TENANT, SUBJECT, EXPENSE, before) == b"x"


def test_two_producers_meet_one_person(vault: Vault, keys: KeyTable, master: MasterKey) -> None:
    """Keys made at the same moment for one person live side by side, so nothing sealed under either is lost."""
    other = Vault(master, keys)
    made = [v.new_key(TENANT, "ab" * 16) for v in (vault, other)]
    for key in made:
        keys.apply(key.record_key, key.wrapped)
    assert keys.living(TENANT, "ab" * 16) == tuple(key.key_id for key in made)


def test_another_persons_key_does_not_unwrap(vault: Vault, keys: KeyTable) -> None:
    """A wrapped key put under another person's name is refused."""
    key = vault.new_key(TENANT, SUBJECT)
    keys.apply(replace(key, subject="ab" * 16).record_key, key.wrapped)
    with pytest.raises(SealBroken, match="does not unwrap"):
        vault.seal(TENANT, "ab" * 16, EXPENSE, b"x")


def test_another_master_does_not_unwrap(vault: Vault, keys: KeyTable, tmp_path: Path) -> None:
    """The wrong master key is named as the likely cause."""
    create_master(tmp_path / "other.json")
    with pytest.raises(SealBroken, match="is this the master key"):
        Vault(load_master(str(tmp_path / "other.json")), keys).seal(TENANT, SUBJECT, EXPENSE, b"x")


@pytest.mark.parametrize("record_key", [b"", b"acme", b"acme/person", b"acme//k", b"/p/k"])
def test_malformed_record_keys(keys: KeyTable, record_key: bytes) -> None:
    """A key record under a malformed record key is refused by name."""
    with pytest.raises(ValueError, match="tenant/subject/key_id"):
        keys.apply(record_key, b"w")
