"""`spendtrail audit archive` and `spendtrail drill restore`: a copy of the log, and the proof that it is one."""

import base64
import gzip
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from audit.verify import Coverage
from cli import auditlog, notarising
from cli.context import Refused, Session, Unreachable, session
from cli.output import console, say_json
from cli.retaining import MANIFEST, until
from config.settings import Settings
from devstack.stack import Endpoints
from producers import provisioning
from producers.publisher import Publisher, PublishFailed
from schemas.codec import Codec, RegistryUnavailable, Undecodable, registry_at
from schemas.topics import AUDIT_LOG, POLICIES
from streams.record import Fetched

__all__ = ["add", "archive"]

_VERSION = 1
_KEPT = (AUDIT_LOG, POLICIES)
_NAMES = tuple(topic.name for topic in _KEPT)

Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(no_args_is_help=True, help="Rehearse a disaster: rebuild the audit log from its archive.")
    group.callback()(lambda: None)
    group.command("restore")(restore)
    app.add_typer(group, name="drill")


def archive(
    output: Annotated[Path, typer.Option("--output", "-o", help="An empty folder, or one to make.")], json: Json = False
) -> None:
    """Copy audit log, policies and schemas into a folder, with a manifest of checksums and the root of each partition.

    Keys of persons are not in it: who restores it can bring nobody back who was erased. Back up `audit.keys` apart.
    """
    found = session()
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise Refused(f"{output} is not empty; name a new folder, so that no two archives are mixed")
    highest, newest, files = 0, 0, []
    for topic in _KEPT:
        name = f"{topic.name}.jsonl.gz"
        number = 0
        with gzip.open(output / name, "wb") as packed:
            for record in auditlog.records(found, topic, quiet=json):
                highest = max(highest, Codec.schema_id(record.value) or 0)
                newest = max(newest, record.timestamp_ms)
                packed.write(_line(record))
                number += 1
        digest = hashlib.sha256((output / name).read_bytes()).hexdigest()
        files.append({"name": name, "topic": topic.name, "records": number, "sha256": digest})
    roots = _roots(found, quiet=json)
    last = datetime.fromtimestamp(newest / 1000, UTC).date()
    after = until(found.settings, _NAMES, last).isoformat()
    manifest = {"version": _VERSION, "files": files, "roots": roots, "schemas": _schemas(found, highest)}
    manifest |= {"newest": last.isoformat(), "delete_after": after}
    (output / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    if json:
        say_json({"files": files, "roots": roots, "delete_after": after})
    else:
        for file in files:
            console.print(f"{output / str(file['name'])}: {file['records']} records", highlight=False)
        console.print(f"to be kept until {after}; `spendtrail audit retention` names the laws", highlight=False)


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `audit archive` wrote.")],
    store: notarising.Store = None,
    trusted: notarising.Trusted = None,
    keep: Annotated[Path | None, typer.Option(help="Keep the new cluster running under this new home.")] = None,
    json: Json = False,
) -> None:
    """Rebuild the audit log on a new cluster from an archive, verify it, and prove its roots equal.

    It is also held against the signed checkpoints, where there are any. Exit code 1 where anything differs. The new
    cluster is gone afterwards, unless it is to be kept; nothing that runs is touched.
    """
    from bench.cluster import cluster  # noqa: PLC0415 - no other verb should wait for it

    manifest = _manifest(folder)
    try:
        settings = session().settings
        with cluster(registry=True, kept=keep) as endpoints:
            found = _rebuilt(endpoints, folder, manifest)
            record = notarising.kept(notarising.opened(Session(settings), store), trusted)
            coverage = Coverage(record.partitions)
            alterations = [*record.alterations, *notarising.examined(found, coverage, quiet=json)]
            roots = {str(p): _root(coverage, p) for p in sorted(coverage.growths)}
    except (PublishFailed, RegistryUnavailable) as error:
        raise Unreachable(str(error)) from error
    equal = roots == manifest["roots"] and not alterations
    under = sum(kept.size for kept in record.partitions.values())
    if json:
        told = {"equal": equal, "roots": roots, "under_checkpoints": under}
        say_json({**told, "alterations": alterations})
    else:
        for partition, root in roots.items():
            same = "equal" if manifest["roots"].get(partition) == root else "NOT EQUAL"
            console.print(f"partition {partition}: {root['size']} entries, root {same}", highlight=False)
        console.print(f"{len(alterations)} alterations; {under} entries are under signed checkpoints", highlight=False)
    raise typer.Exit(0 if equal else 1)


def _rebuilt(endpoints: Endpoints, folder: Path, manifest: dict[str, Any]) -> Session:
    """Write schemas and records to a new cluster.

    Raises:
        Refused: the new registry gives a schema another id, so that no record could be read.

    """
    registry = registry_at(endpoints.registry_url or "")
    for number, text in sorted((int(n), text) for n, text in manifest["schemas"].items()):
        schema = orjson.loads(text)
        given = registry.register(f"{schema['namespace']}.{schema['name']}", text)
        if given != number:
            raise Refused(f"the new registry gives {schema['name']} id {given}; the records say {number}")
    provisioning.apply(endpoints.bootstrap_servers, None, topics=_KEPT)
    found = Settings(
        home=endpoints.home, bootstrap_servers=endpoints.bootstrap_servers, schema_registry_url=endpoints.registry_url
    )
    with Publisher(endpoints.bootstrap_servers, Codec(registry)) as publisher:
        for file in manifest["files"]:
            for partition, key, value in _lines(folder / file["name"]):
                publisher.send(file["topic"], key, value, partition=partition)
    return Session(found)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        if manifest["version"] != _VERSION:
            raise Refused(f"{folder} has version {manifest['version']}, which this program does not know")
        for file in manifest["files"]:
            if hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() != file["sha256"]:
                raise Refused(f"{folder / file['name']} was altered: its SHA-256 is not that of the manifest")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{folder} is no archive: {error}; give a folder that `spendtrail audit archive` wrote"
        ) from error
    return manifest


def _roots(found: Session, *, quiet: bool) -> dict[str, dict[str, Any]]:
    coverage = Coverage()
    alterations = list(notarising.examined(found, coverage, quiet=quiet))
    if alterations:
        raise Unreachable(f"an altered log is not archived: {alterations[0].message}; see `spendtrail audit verify`")
    return {str(partition): _root(coverage, partition) for partition in sorted(coverage.growths)}


def _root(coverage: Coverage, partition: int) -> dict[str, Any]:
    growth = coverage.growths[partition]
    return {"size": growth.size, "root": growth.root().hex()}


def _schemas(found: Session, highest: int) -> dict[str, str]:
    """Return every schema up to an id: a new registry counts from one as well."""
    registry, schemas = registry_at(found.registry), {}
    for number in range(1, highest + 1):
        with suppress(Undecodable):
            schemas[str(number)] = registry.schema(number)
    return schemas


def _line(record: Fetched) -> bytes:
    said = {"partition": record.partition, "key": _text(record.key), "value": _text(record.value)}
    return orjson.dumps(said) + b"\n"


def _lines(path: Path) -> Iterable[tuple[int, bytes | None, bytes | None]]:
    with gzip.open(path, "rb") as packed:
        for line in packed:
            said = orjson.loads(line)
            yield said["partition"], _bytes(said["key"]), _bytes(said["value"])


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
