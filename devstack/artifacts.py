"""Kafka and Apicurio Registry from Maven coordinates, each file held to the committed SHA-256 list.

`artifacts.sha256` is the whole truth about what may run: `<sha256>  <product>/<path in a Maven repository>`, and for
files inside the registry's archive `<sha256>  registry-app/<path in the archive>`. `sha256sum --check` reads it,
so it can be checked by hand in the cache. Versions are not resolved at start: what it does not name never runs.
"""

import fcntl
import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from devstack.errors import StackError

LIST: Final = Path(__file__).with_name("artifacts.sha256")
KAFKA: Final = "kafka"
REGISTRY_ARCHIVE: Final = "registry"
REGISTRY_APP: Final = "registry-app"
_DOWNLOADS_AT_ONCE: Final = 6

Progress = Callable[[str], None]


class ArtifactError(StackError):
    """An artifact is missing or is not the one the project was built with; nothing was started."""


def read_list(text: str) -> dict[str, str]:
    """Map each path of a SHA-256 list to its lower-case hex digest; `#` starts a comment line."""
    listed: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        digest, _, path = line.partition("  ")
        if len(digest) != hashlib.sha256().digest_size * 2 or not path or path in listed:
            raise ArtifactError(f"{LIST.name}, line {number}: expected `<sha256>  <path>`, once per path, got {line!r}")
        listed[path] = digest
    return listed


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in constant memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def kafka_jars(cache: Path, on_progress: Progress, *, listing: Path = LIST) -> list[Path]:
    """Return the broker's class path, every jar verified, fetched first where it is missing.

    Raises ArtifactError naming the file and the remedy when a jar differs from the list or cannot be fetched.
    """
    listed = _product(listing, KAFKA)
    with _locked(cache):
        _fetch_missing(cache, listed, on_progress)
        _refuse_differing(cache, listed)
    return [cache / path for path in listed]


def registry_app(cache: Path, on_progress: Progress, *, listing: Path = LIST) -> Path:
    """Return the unpacked registry's folder (it holds quarkus-run.jar), every file in it verified.

    The archive is thrown away once unpacked: what runs is the unpacked files, and those are checked at each start.
    """
    app = cache / REGISTRY_APP
    listed = _product(listing, REGISTRY_APP)
    archives = _product(listing, REGISTRY_ARCHIVE)
    with _locked(cache):
        if not app.is_dir():
            _fetch_missing(cache, archives, on_progress)
            _refuse_differing(cache, archives)
            on_progress("unpacking the schema registry")
            for archive in archives:
                _unpack(cache / archive, app, listed)
                shutil.rmtree(cache / REGISTRY_ARCHIVE)
        present = {path.relative_to(cache).as_posix() for path in app.rglob("*") if path.is_file()}
        if astray := sorted(present ^ listed.keys()):
            state = "is missing" if astray[0] in listed else "does not belong there"
            raise ArtifactError(f"{cache / astray[0]} {state}. Remedy: delete the folder {app} and start again.")
        _refuse_differing(cache, listed)
    return app


def _product(listing: Path, product: str) -> dict[str, str]:
    listed = read_list(listing.read_text(encoding="utf-8"))
    return {path: digest for path, digest in listed.items() if path.startswith(f"{product}/")}


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Hold the cache for one process: two starting at once would otherwise unpack into each other."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_missing(cache: Path, listed: Mapping[str, str], on_progress: Progress) -> None:
    missing = [path for path in listed if not (cache / path).exists()]
    if not missing:
        return
    from devstack import download  # noqa: PLC0415 - a third of a second that only a machine's first start has to spend

    # Downloaded beside the cache and moved in whole once verified: a download cut short never looks like an artifact.
    with (
        tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as folder,
        ThreadPoolExecutor(max_workers=_DOWNLOADS_AT_ONCE) as pool,
    ):
        context = download.maven_context(Path(folder))

        def fetch(path: str) -> tuple[str, Path]:
            fetched = download.fetch(context, path.partition("/")[2])
            _verify(fetched, listed[path], remedy="Nothing was kept of it; start again.")
            return path, fetched

        for done, (path, fetched) in enumerate(pool.map(fetch, missing), start=1):
            (cache / path).parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(cache / path)
            on_progress(f"fetched {done} of {len(missing)}: {PurePosixPath(path).name}")


def _verify(path: Path, expected: str, *, remedy: str) -> None:
    actual = sha256_of(path)
    if actual != expected:
        raise ArtifactError(
            f"{path} is not the file this project was built with: SHA-256 {actual}, not {expected}. {remedy}"
        )


def _refuse_differing(cache: Path, listed: Mapping[str, str]) -> None:
    def check(item: tuple[str, str]) -> None:
        path, expected = item
        _verify(cache / path, expected, remedy="Remedy: delete it (or the whole cache folder) and start again.")

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        list(pool.map(check, listed.items()))


def _unpack(archive: Path, app: Path, listed: Mapping[str, str]) -> None:
    """Write the listed members of a verified archive; the folder appears whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=app.parent) as folder, tarfile.open(archive, "r:gz") as tar:
        whole = Path(folder) / app.name
        for member in tar:
            # Only names from the committed list become paths: a link or a `..` in an archive has no way out.
            target = whole / PurePosixPath(member.name)
            if not member.isfile() or f"{app.name}/{PurePosixPath(member.name)}" not in listed:
                continue
            source = tar.extractfile(member)
            if source is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
        whole.replace(app)
