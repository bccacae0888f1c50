"""Rewrites the committed SHA-256 list from Maven coordinates: for whoever raises a version, never at start.

    python -m devstack.resolution

The diff of `artifacts.sha256` is then reviewed like any lock file. Digests come from what this run downloaded: repeat
it from another network before committing, since a list written from a tampered mirror would vouch for the tampering.
"""

import hashlib
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Final, cast

from devstack import artifacts, download

# Not 4.3: its brokers leave out the transaction markers of partitions without a leader (KAFKA-20734), so that an offset
# is committed without its outputs. See docs/decisions/0027-kafka-4-2-for-its-transaction-markers.md.
KAFKA_VERSION: Final = "4.2.2"
REGISTRY_VERSION: Final = "3.3.3"
KAFKA: Final = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Kafka logs through SLF4J 1.7 and declares no backend; without one the broker's log file stays empty.
LOG_BACKEND: Final = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")


def resolve(repository: Path) -> dict[str, str]:
    """Resolve and download everything into `repository`; map each path of the list to its SHA-256."""
    context = download.maven_context(repository)
    inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA)])
    # The backend is taken alone: resolved as a second root, its parent's dependency management overrides Kafka's
    # versions (a kafka-clients 3.9 beside a 4.3 broker).
    group, artifact, version = LOG_BACKEND
    backend = context.project(group, artifact).at_version(version).artifact()
    listed: dict[str, str] = {}
    for jar in (*(dependency.artifact.resolve() for dependency in (*inputs, *transitive)), backend.resolve()):
        listed[f"{artifacts.KAFKA}/{jar.relative_to(repository).as_posix()}"] = artifacts.sha256_of(jar)
    project = context.project("io.apicurio", "apicurio-registry-app")
    archive = project.at_version(REGISTRY_VERSION).artifact("all", "tar.gz").resolve()
    listed[f"{artifacts.REGISTRY_ARCHIVE}/{archive.relative_to(repository).as_posix()}"] = artifacts.sha256_of(archive)
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if member.isfile():
                stream = cast("IO[bytes]", tar.extractfile(member))
                digest = hashlib.sha256(stream.read()).hexdigest()
                listed[f"{artifacts.REGISTRY_APP}/{Path(member.name).as_posix()}"] = digest
    return listed


def main() -> None:
    """Write the list beside this module."""
    with tempfile.TemporaryDirectory() as folder:
        listed = resolve(Path(folder))
    lines = [f"{digest}  {path}\n" for path, digest in sorted(listed.items())]
    artifacts.LIST.write_text(
        "# Written by `python -m devstack.resolution`; review it like a lock file.\n" + "".join(lines)
    )
    sys.stdout.write(f"{artifacts.LIST}: {len(lines)} files\n")


if __name__ == "__main__":
    main()
