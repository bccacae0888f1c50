"""The secrets of an installation: made once, never replaced, refused when unsafe."""

import stat
from pathlib import Path

import pytest

from config.settings import Settings
from producers.custody import SecretsUnusable, ensure_secrets, load_pseudonyms
from vault.master import load_master


def test_a_first_run_makes_both_for_the_owner_only(tmp_path: Path) -> None:
    """Both files appear with mode 0600 and can be used; a second run keeps them."""
    settings = Settings(home=tmp_path)
    ensure_secrets(settings)
    files = [Path(settings.master_key_source), settings.pseudonym_secret_file]
    assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o600, 0o600]
    before = [f.read_bytes() for f in files]
    ensure_secrets(settings)
    assert before == [f.read_bytes() for f in files]
    load_master(settings.master_key_source)
    assert len(load_pseudonyms(settings).of("acme", "E1")) == 32


@pytest.mark.parametrize("lost", ["master.json", "pseudonyms.secret"])
def test_a_lost_secret_is_not_replaced(tmp_path: Path, lost: str) -> None:
    """With one of the two gone, a new one would orphan the data: the message names the file to restore."""
    settings = Settings(home=tmp_path)
    ensure_secrets(settings)
    (tmp_path / "keys" / lost).unlink()
    with pytest.raises(SecretsUnusable, match=f"{lost} is gone.*restore"):
        ensure_secrets(settings)


def test_an_operators_own_secret_file_is_never_made(tmp_path: Path) -> None:
    """A file that a setting names must exist; the message says so."""
    settings = Settings(home=tmp_path, pseudonym_secret=tmp_path / "vaulted.secret")
    ensure_secrets(settings)
    with pytest.raises(SecretsUnusable, match=r"vaulted\.secret cannot be read"):
        load_pseudonyms(settings)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """The message names the command that mends it."""
    settings = Settings(home=tmp_path)
    ensure_secrets(settings)
    settings.pseudonym_secret_file.chmod(0o644)
    with pytest.raises(SecretsUnusable, match="chmod 600"):
        load_pseudonyms(settings)
