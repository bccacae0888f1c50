"""Fetches single artifacts by Maven coordinate, in pure Python: no Maven and no system Java are needed."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import requests
from jgo.config import GlobalSettings
from jgo.maven import MavenContext
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from devstack.errors import StackError

_TIMEOUT_S: Final = 30
_ATTEMPTS: Final = 4


class FetchFailed(StackError):
    """An artifact could not be fetched after several attempts; nothing was started."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A Maven artifact by its repository path: group/artifact/version/artifact-version[-classifier].extension."""

    group: str
    artifact: str
    version: str
    classifier: str
    extension: str

    @classmethod
    def from_path(cls, path: str) -> "Coordinate":
        """Read a repository path; ValueError where the file name does not belong to its folders."""
        *group, artifact, version, name = PurePosixPath(path).parts
        stem = f"{artifact}-{version}"
        rest = name.removeprefix(stem)
        if not group or rest == name or rest[:1] not in {".", "-"}:
            raise ValueError(f"{path} is not a path of a Maven repository")
        classifier, _, extension = rest[1:].partition(".") if rest[0] == "-" else ("", "", rest[1:])
        return cls(".".join(group), artifact, version, classifier, extension)


def maven_context(repository: Path) -> MavenContext:
    """Return jgo's pure Python resolver over `repository`; a developer's own jgo settings file can name a mirror."""
    context = MavenContext(repo_cache=repository, timeout=_TIMEOUT_S)
    context.remote_repos.update(GlobalSettings.load().repositories)
    return context


def fetch(context: MavenContext, path: str) -> Path:
    """Download the artifact of a repository path and return where it lies; unverified. Raises FetchFailed."""
    wanted = Coordinate.from_path(path)
    component = context.project(wanted.group, wanted.artifact).at_version(wanted.version)
    artifact = component.artifact(wanted.classifier, wanted.extension)

    @retry(
        retry=retry_if_exception_type((requests.RequestException, OSError)),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=0.5, max=8),
        reraise=True,
    )
    def attempt() -> Path:
        # What a broken attempt left would otherwise pass for the whole file.
        (context.repo_cache / path).unlink(missing_ok=True)
        return artifact.resolve()

    try:
        return attempt()
    except (requests.RequestException, OSError, RuntimeError) as error:
        raise FetchFailed(
            f"{wanted.group}:{wanted.artifact}:{wanted.version} could not be fetched ({error})."
            " Remedy: check the network, or name a Maven mirror as `central` under [repositories] in jgo's settings,"
            " and start again."
        ) from error
