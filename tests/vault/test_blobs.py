"""Documents in the object store."""

import hashlib
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from vault.blobs import BlobAltered, BlobMissing, BlobStore, BlobStoreUnavailable
from vault.keys import ERASED, KeyErased, KeyTable
from vault.sealing import Vault

TENANT, SUBJECT, EXPENSE = "acme", "5f" * 16, "0a1b2c3d-0000-5000-8000-000000000001"
WHO = (TENANT, SUBJECT, EXPENSE)
PDF = b"%PDF-1.7 Hotel bill of Ada Lovelace"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where blobs lie."""
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path, vault: Vault) -> BlobStore:
    """A store in that folder."""
    return BlobStore(folder.as_uri(), vault)


@pytest.mark.parametrize("url", ["memory:///", None])
def test_round_trip(url: str | None, folder: Path, vault: Vault) -> None:
    """A document comes back as it was, under a claim check that describes it."""
    store = BlobStore(url or folder.as_uri(), vault)
    claim = store.put(*WHO, 1, PDF, "application/pdf")
    assert (claim.sha256, claim.size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert claim.url == f"acme/0a/{EXPENSE}-1.{claim.key_id}"
    assert store.get(*WHO, claim) == PDF
    store.check()


def test_nothing_readable_on_disk(folder: Path, blobs: BlobStore) -> None:
    """The folder holds no plain byte of a document."""
    blobs.put(*WHO, 1, PDF, "application/pdf")
    assert all(b"Lovelace" not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_put_again_mends(folder: Path, blobs: BlobStore) -> None:
    """Putting a document again gives the same claim and replaces a damaged copy."""
    claim = blobs.put(*WHO, 1, PDF, "application/pdf")
    stored = (folder / claim.url).read_bytes()
    (folder / claim.url).write_bytes(stored[:-1])
    with pytest.raises(BlobAltered, match="does not open"):
        blobs.get(*WHO, claim)
    assert blobs.put(*WHO, 1, PDF, "application/pdf") == claim
    assert (folder / claim.url).read_bytes() == stored


def test_rotated_key_keeps_the_first_copy(vault: Vault, keys: KeyTable, blobs: BlobStore) -> None:
    """After a key rotation the first claim check still opens."""
    first = blobs.put(*WHO, 1, PDF, "application/pdf")
    key = vault.new_key(TENANT, SUBJECT)
    keys.apply(key.record_key, key.wrapped)
    second = blobs.put(*WHO, 1, PDF, "application/pdf")
    assert first != second
    assert blobs.get(*WHO, first) == blobs.get(*WHO, second) == PDF


def test_wrong_document(blobs: BlobStore) -> None:
    """A claim check for other bytes, or into another tenant's folder, is refused."""
    claim = blobs.put(*WHO, 1, PDF, "application/pdf")
    with pytest.raises(BlobAltered, match="claim check says"):
        blobs.get(*WHO, replace(claim, sha256="0" * 64))
    with pytest.raises(BlobAltered, match="claim check says"):
        blobs.get(*WHO, replace(claim, size=claim.size + 1))
    with pytest.raises(BlobAltered, match="outside tenant"):
        blobs.get(*WHO, replace(claim, url="globex/0a/other-1.k"))


def test_missing_is_not_unavailable(folder: Path, blobs: BlobStore) -> None:
    """A lost document is missing; a lost disk is a reason to wait."""
    claim = blobs.put(*WHO, 1, PDF, "application/pdf")
    (folder / claim.url).unlink()
    with pytest.raises(BlobMissing, match="restore it"):
        blobs.get(*WHO, claim)
    shutil.rmtree(folder)
    with pytest.raises(BlobStoreUnavailable, match="mounted"):
        blobs.get(*WHO, claim)


def test_unreachable(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not answer is unavailable, for reading, writing and readiness."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        store = BlobStore("s3://bucket/prefix", vault)
        with pytest.raises(BlobStoreUnavailable):
            store.check()
        with pytest.raises(BlobStoreUnavailable, match="did not put"):
            store.put(*WHO, 1, PDF, "application/pdf")


def test_erased_person(vault: Vault, keys: KeyTable, blobs: BlobStore) -> None:
    """An erased person's documents are gone with the key."""
    claim = blobs.put(*WHO, 1, PDF, "application/pdf")
    keys.apply(f"{TENANT}/{SUBJECT}/{claim.key_id}".encode(), ERASED)
    with pytest.raises(KeyErased):
        blobs.get(*WHO, claim)


@pytest.mark.parametrize("tenant", ["..", "a/b", "", "a b"])
def test_paths_cannot_climb(vault: Vault, keys: KeyTable, blobs: BlobStore, tenant: str) -> None:
    """A tenant that is not a plain name never becomes part of a path."""
    key = vault.new_key(tenant, SUBJECT)
    keys.apply(replace(key, tenant=tenant or "x").record_key, key.wrapped)
    with pytest.raises((ValueError, LookupError)):
        blobs.put(tenant, SUBJECT, EXPENSE, 1, PDF, "application/pdf")


def test_unknown_scheme(vault: Vault) -> None:
    """A URL nobody speaks is refused with the ones that work."""
    with pytest.raises(ValueError, match="file:///folder"):
        BlobStore("ftp://host/folder", vault)
