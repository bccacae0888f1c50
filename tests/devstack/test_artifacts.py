"""The committed list decides what runs: whatever differs from it is refused by name, with the remedy."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack import artifacts
from devstack.cache import cache_folder
from devstack.download import Coordinate

PART = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
JAR = "org/example/thing/1.0/thing-1.0.jar"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _silent(_line: str) -> None:
    """Take progress lines and say nothing."""


def _listing(folder: Path, **files: bytes) -> Path:
    listing = folder / "artifacts.sha256"
    listing.write_text("".join(f"{_digest(content)}  {path}\n" for path, content in files.items()))
    return listing


def _place(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_committed_list_names_the_versions_the_stack_is_built_on() -> None:
    """Kafka 4.2.2 with its own client library, and the registry's archive with its starter, are all listed."""
    listed = artifacts.read_list(artifacts.LIST.read_text(encoding="utf-8"))
    assert "kafka/org/apache/kafka/kafka_2.13/4.2.2/kafka_2.13-4.2.2.jar" in listed
    assert "kafka/org/apache/kafka/kafka-clients/4.2.2/kafka-clients-4.2.2.jar" in listed
    assert any(path.startswith("registry/") and path.endswith("3.3.3-all.tar.gz") for path in listed)
    assert "registry-app/quarkus-run.jar" in listed


def test_committed_list_has_one_version_of_each_jar() -> None:
    """Two versions of one library on the broker's class path would make its behaviour a matter of order."""
    paths = artifacts.read_list(artifacts.LIST.read_text(encoding="utf-8"))
    names = [Path(path).parts[:-2] for path in paths if path.startswith("kafka/")]
    assert len(names) == len(set(names))


@given(
    st.lists(PART, min_size=1, max_size=3),
    PART,
    st.from_regex(r"[0-9]\.[0-9]{1,3}", fullmatch=True),
    PART | st.just(""),
)
def test_repository_path_gives_back_its_coordinate(group: list[str], artifact: str, version: str, kind: str) -> None:
    """Any path a Maven repository may have is read back into group, artifact, version, classifier and extension."""
    name = f"{artifact}-{version}{'-' if kind else ''}{kind}.tar.gz"
    read = Coordinate.from_path("/".join([*group, artifact, version, name]))
    assert read == Coordinate(".".join(group), artifact, version, kind, "tar.gz")


@pytest.mark.parametrize("path", ["thing/1.0/other-1.0.jar", "thing-1.0.jar", "a/thing/1.0/thing-1.0jar"])
def test_path_that_is_no_repository_path_is_refused(path: str) -> None:
    """A list line with a path of another shape is a mistake in the list, not a download."""
    with pytest.raises(ValueError, match=r"not enough values|not a path of a Maven repository"):
        Coordinate.from_path(path)


@pytest.mark.parametrize("line", ["abc  kafka/x.jar", "f" * 64 + " kafka/x.jar", "f" * 64 + "  "])
def test_damaged_list_is_refused_with_its_line(line: str) -> None:
    """A list that cannot be read vouches for nothing, so nothing starts."""
    with pytest.raises(artifacts.ArtifactError, match="line 2"):
        artifacts.read_list(f"# comment\n{line}\n")


def test_verified_jars_are_returned_without_a_download(tmp_path: Path) -> None:
    """What is cached and matches is used as it is."""
    listing = _listing(tmp_path, **{f"kafka/{JAR}": b"jar"})
    jar = _place(tmp_path / "cache" / "kafka" / JAR, b"jar")
    assert artifacts.kafka_jars(tmp_path / "cache", _silent, listing=listing) == [jar]


def test_altered_jar_is_refused_by_name_with_the_remedy(tmp_path: Path) -> None:
    """A jar changed in the cache stops the start, and the message says which and what to do."""
    listing = _listing(tmp_path, **{f"kafka/{JAR}": b"jar"})
    jar = _place(tmp_path / "cache" / "kafka" / JAR, b"jar with something added")
    with pytest.raises(artifacts.ArtifactError, match=r"thing-1.0.jar.*Remedy: delete it") as refusal:
        artifacts.kafka_jars(tmp_path / "cache", _silent, listing=listing)
    assert str(jar) in str(refusal.value)


def _registry(tmp_path: Path, *, packed: bytes) -> tuple[Path, Path]:
    """Cache an archive that packs `packed` as its starter, and list the starter as b"starter"."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, content in {"quarkus-run.jar": packed, "../escaped.jar": b"evil", "unlisted.jar": b"extra"}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    archive = "registry/org/example/app/1.0/app-1.0-all.tar.gz"
    cache = tmp_path / "cache"
    _place(cache / archive, held.getvalue())
    files = {archive: held.getvalue(), "registry-app/quarkus-run.jar": b"starter"}
    return cache, _listing(tmp_path, **files)


def test_registry_archive_is_unpacked_to_listed_files_only(tmp_path: Path) -> None:
    """A member the list does not name, or that points outside the folder, is never written."""
    cache, listing = _registry(tmp_path, packed=b"starter")
    app = artifacts.registry_app(cache, _silent, listing=listing)
    assert [path.relative_to(cache).as_posix() for path in app.rglob("*")] == ["registry-app/quarkus-run.jar"]
    assert not list(tmp_path.rglob("escaped.jar"))


def test_unpacked_registry_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    """The unpacked files are what runs, so each is checked at each start, not only the archive they came from."""
    cache, listing = _registry(tmp_path, packed=b"starter")
    app = artifacts.registry_app(cache, _silent, listing=listing)
    (app / "quarkus-run.jar").write_bytes(b"another starter")
    with pytest.raises(artifacts.ArtifactError, match=r"quarkus-run.jar is not the file"):
        artifacts.registry_app(cache, _silent, listing=listing)


def test_file_added_to_the_unpacked_registry_is_refused(tmp_path: Path) -> None:
    """A jar that appeared beside the listed ones could be loaded; it is named instead."""
    cache, listing = _registry(tmp_path, packed=b"starter")
    app = artifacts.registry_app(cache, _silent, listing=listing)
    _place(app / "lib" / "added.jar", b"added")
    with pytest.raises(artifacts.ArtifactError, match=r"added.jar does not belong there.*delete the folder"):
        artifacts.registry_app(cache, _silent, listing=listing)


def test_missing_file_of_the_unpacked_registry_is_named(tmp_path: Path) -> None:
    """Half an application would fail later and obscurely."""
    cache, listing = _registry(tmp_path, packed=b"starter")
    app = artifacts.registry_app(cache, _silent, listing=listing)
    (app / "quarkus-run.jar").unlink()
    with pytest.raises(artifacts.ArtifactError, match=r"quarkus-run.jar is missing"):
        artifacts.registry_app(cache, _silent, listing=listing)


def test_cache_folder_follows_its_variables(tmp_path: Path) -> None:
    """SPENDTRAIL_CACHE wins, then XDG_CACHE_HOME, then ~/.cache."""
    xdg = {"XDG_CACHE_HOME": str(tmp_path)}
    assert cache_folder({"SPENDTRAIL_CACHE": "/elsewhere", **xdg}) == Path("/elsewhere")
    assert cache_folder(xdg) == tmp_path / "spendtrail"
    assert cache_folder({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache" / "spendtrail"
