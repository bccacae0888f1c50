"""Helm itself: the version that `scripts/helm/go.sum` pins, built once and kept in the user's cache folder.

No package index carries the program, and Debian's Go is too old to build it; the Go module proxy serves its source, and
go.sum holds the hash of every module. The first build takes minutes of processor time, later runs nothing.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from devstack.cache import cache_folder

__all__ = ["NoGo", "helm_binary"]

_MODULE: Final = Path(__file__).parents[2] / "scripts" / "helm"
_PACKAGE: Final = "helm.sh/helm/v4/cmd/helm"
_LIMIT_S: Final = 1200
# From this version on Go fetches by itself the newer one that go.mod asks for.
_OLDEST_GO: Final = (1, 21)


class NoGo(Exception):
    """There is neither a built Helm nor a Go to build it with; the message says what to install."""


def helm_binary() -> Path:
    """Return the program, building it when it is not there yet.

    Raises:
        NoGo: nothing can build it.
        RuntimeError: the build failed; the message has its last lines.

    """
    pinned = hashlib.sha256((_MODULE / "go.sum").read_bytes()).hexdigest()[:16]
    folder = cache_folder() / "helm" / pinned
    binary = folder / "helm"
    if binary.exists():
        return binary
    go = _go()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _build(go, binary)
    return binary


def _go() -> str:
    go = shutil.which("go")
    told = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout if go else ""
    found = re.match(r"go(\d+)\.(\d+)", told)
    if not go or not found or (int(found[1]), int(found[2])) < _OLDEST_GO:
        wanted = ".".join(map(str, _OLDEST_GO))
        msg = f"Helm is built with Go {wanted} or later (https://go.dev/dl); found {told.strip() or 'none'} on the PATH"
        raise NoGo(msg)
    return go


def _build(go: str, binary: Path) -> None:
    # Sources and objects take two gigabytes and are wanted once, so they go to a folder that is removed.
    with tempfile.TemporaryDirectory(prefix="spendtrail-helm-", dir=binary.parent) as scratch:
        built = Path(scratch) / "helm"
        environment = {
            **os.environ,
            "GOMODCACHE": f"{scratch}/modules",
            "GOCACHE": f"{scratch}/objects",
            "GOFLAGS": "-modcacherw -mod=readonly -buildvcs=false",
            "CGO_ENABLED": "0",
        }
        command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(built), _PACKAGE]
        done = subprocess.run(
            command, cwd=_MODULE, env=environment, capture_output=True, text=True, check=False, timeout=_LIMIT_S
        )
        if done.returncode != 0:
            msg = f"{' '.join(command)} failed in {_MODULE}:\n{done.stderr[-2000:]}"
            raise RuntimeError(msg)
        built.rename(binary)
