"""The two secrets of an installation: the master key and the secret behind pseudonyms. Made once, then only read."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.settings import Settings
from vault.master import create_master
from vault.pseudonym import Pseudonyms

__all__ = ["SecretsUnusable", "ensure_secrets", "load_pseudonyms"]

_OWNER_ONLY = 0o600
_SECRET_BYTES = 32


class SecretsUnusable(Exception):
    """A secret is missing or readable by others. The message names the file and what to do."""


def ensure_secrets(settings: Settings) -> None:
    """Make the secrets of a new installation, readable by their owner only; keep those there are.

    A key service or a file named by a setting is the operator's and never made here.

    Raises:
        SecretsUnusable: one is there and its companion is gone. A new one would orphan all that the lost one sealed
            or named, so it must be restored.

    """
    wanted = [path for path in (_own_master(settings), _own_pseudonyms(settings)) if path is not None]
    if all(path.exists() for path in wanted):
        return
    folder = settings.home / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        present = [path for path in wanted if path.exists()]
        missing = [path for path in wanted if path not in present]
        if present and missing:
            raise SecretsUnusable(
                f"{missing[0]} is gone while {present[0]} is there: restore it from its backup. Only for an "
                f"installation without data: delete {present[0]} too and start again"
            )
        if (pseudonyms := _own_pseudonyms(settings)) in missing and pseudonyms:
            _write(pseudonyms, secrets.token_hex(_SECRET_BYTES))
        if (master := _own_master(settings)) in missing and master:
            create_master(master)


def load_pseudonyms(settings: Settings) -> Pseudonyms:
    """Return the pseudonyms under the installation's secret.

    Raises:
        SecretsUnusable: the file is missing, readable by others or too short.

    """
    path = settings.pseudonym_secret_file
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SecretsUnusable(
            f"the pseudonym secret {path} cannot be read ({error}); `spendtrail up` makes one for a new installation"
        ) from error
    if mode & ~_OWNER_ONLY:
        raise SecretsUnusable(
            f"the pseudonym secret {path} has mode {mode:04o}; others could undo pseudonyms: chmod 600 {path}"
        )
    try:
        return Pseudonyms(secret)
    except ValueError as error:
        raise SecretsUnusable(f"{path}: {error}") from error


def _own_master(settings: Settings) -> Path | None:
    if settings.master_key:
        return None
    return Path(unquote(urlsplit(settings.master_key_source).path))


def _own_pseudonyms(settings: Settings) -> Path | None:
    return None if settings.pseudonym_secret else settings.pseudonym_secret_file


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
