"""A first start fetches what is missing, and keeps nothing that is not what the list names."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devstack import artifacts
from devstack.download import FetchFailed

JAR = "org/example/thing/1.0/thing-1.0.jar"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keep requests out of the test's output."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a Maven mirror on loopback, named as `central` in the settings file that jgo reads."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(mirror: Path, content: bytes) -> None:
    (mirror / JAR).parent.mkdir(parents=True, exist_ok=True)
    (mirror / JAR).write_bytes(content)


def _listing(folder: Path) -> Path:
    listing = folder / "artifacts.sha256"
    listing.write_text(f"{hashlib.sha256(b'jar').hexdigest()}  kafka/{JAR}\n")
    return listing


def test_missing_jar_is_fetched_once_and_told(tmp_path: Path, mirror: Path) -> None:
    """The first start downloads and says so; the second needs no network."""
    _publish(mirror, b"jar")
    told: list[str] = []
    found = artifacts.kafka_jars(tmp_path / "cache", told.append, listing=_listing(tmp_path))
    assert [jar.read_bytes() for jar in found] == [b"jar"]
    assert told == ["fetched 1 of 1: thing-1.0.jar"]
    (mirror / JAR).unlink()
    assert artifacts.kafka_jars(tmp_path / "cache", told.append, listing=_listing(tmp_path)) == found
    assert len(told) == 1


def test_other_jar_than_the_listed_one_is_not_kept(tmp_path: Path, mirror: Path) -> None:
    """A tampered mirror gets nothing into the cache, and the true jar is taken as soon as it is there."""
    _publish(mirror, b"another jar")
    with pytest.raises(artifacts.ArtifactError, match=r"thing-1.0.jar is not the file.*Nothing was kept"):
        artifacts.kafka_jars(tmp_path / "cache", lambda _line: None, listing=_listing(tmp_path))
    assert not list((tmp_path / "cache").rglob("*.jar"))
    _publish(mirror, b"jar")
    assert artifacts.kafka_jars(tmp_path / "cache", lambda _line: None, listing=_listing(tmp_path))


def test_jar_that_cannot_be_had_is_named_with_the_remedy(tmp_path: Path, mirror: Path) -> None:
    """Offline, the message says which artifact is missing and how to name a mirror."""
    assert mirror.exists()
    with pytest.raises(FetchFailed, match=r"org.example:thing:1.0 could not be fetched.*Remedy: check the network"):
        artifacts.kafka_jars(tmp_path / "cache", lambda _line: None, listing=_listing(tmp_path))
