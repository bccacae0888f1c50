"""The master key."""

from pathlib import Path

import pytest

from vault.master import MasterKey, MasterKeyUnusable, create_master, load_master


def test_file_round_trip(tmp_path: Path) -> None:
    """A key file made here opens what it closed, by path and by URL, and only its owner may read it."""
    path = tmp_path / "deep" / "master key.json"
    create_master(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = load_master(str(path)).encrypt(b"key", b"who")
    assert load_master(path.as_uri()).decrypt(sealed, b"who") == b"key"


def test_never_overwritten(tmp_path: Path) -> None:
    """A second creation leaves the first key as it was: replacing it would orphan everything."""
    path = tmp_path / "master.json"
    create_master(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_master(path)
    assert path.read_bytes() == before


def test_readable_by_others_is_refused(tmp_path: Path) -> None:
    """A key file with open permissions is refused with the command that mends it."""
    path = tmp_path / "master.json"
    create_master(path)
    path.chmod(0o644)
    with pytest.raises(MasterKeyUnusable, match="chmod 600"):
        load_master(str(path))


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_damage_is_named(tmp_path: Path, content: str | None) -> None:
    """A missing or damaged file is named, never replaced."""
    path = tmp_path / "master.json"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    with pytest.raises(MasterKeyUnusable, match=r"master\.json"):
        load_master(str(path))


class KeyService:
    """A key service that holds one key under one URI."""

    def __init__(self, key: MasterKey) -> None:
        self.key = key

    def does_support(self, key_uri: str) -> bool:
        """Return whether the URI is of this service."""
        return key_uri.startswith("example-kms://")

    def get_aead(self, key_uri: str) -> MasterKey:
        """Return the key."""
        assert self.does_support(key_uri)
        return self.key


def test_service(master: MasterKey) -> None:
    """A key URI is answered by the service that supports it; without one the error says so."""
    assert load_master("example-kms://ring/key", (KeyService(master),)) is master
    with pytest.raises(MasterKeyUnusable, match="no key service"):
        load_master("other-kms://ring/key", (KeyService(master),))
