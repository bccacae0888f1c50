"""`spendtrail audit checkpoint` and `rotate-key`: signing what the log is now."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import orjson
import typer

from audit.alteration import Alteration
from audit.check import key_id
from audit.checkpoint import HASH_BYTES, Signer, hashes_file, key_file, key_statement, named, signed
from audit.kept import Record, load
from audit.verify import Coverage, verify
from cli import auditlog
from cli.context import Refused, Session, Unreachable, now, session
from cli.output import console, say_json
from cli.repeating import repeated
from schemas.topics import AUDIT_LOG
from vault.append_only import AlreadyWritten, AppendOnly
from vault.blobs import BlobStoreUnavailable
from vault.signing import KeyFile, SigningKeyUnusable, create_signing_key
from vault.transit import KeyServiceAway, TransitKey

__all__ = [
    "Every",
    "Json",
    "KeySource",
    "Seen",
    "Store",
    "Trusted",
    "checkpoint",
    "files_in",
    "kept",
    "opened",
    "put",
    "rotate_key",
    "seen_of",
    "signer_at",
    "signing",
]

Store = Annotated[
    str | None, typer.Option(help="URL where checkpoints are kept; none: what SPENDTRAIL_CHECKPOINTS says.")
]
KeySource = Annotated[
    str | None,
    typer.Option(
        "--signing-key", help="The signing key, a file or its URL in a key service; none: SPENDTRAIL_NOTARY_KEY."
    ),
]
Trusted = Annotated[
    str | None, typer.Option("--key", help="Public key of the notary, or its id, as published; none: the first kept.")
]
Seen = Annotated[
    list[Path] | None, typer.Option("--seen", help="A checkpoint file kept elsewhere; may be given several times.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Every = Annotated[
    float | None, typer.Option("--every", help="Do it again every so many seconds, until SIGTERM or Ctrl-C.", min=1)
]


def opened(found: Session, url: str | None) -> AppendOnly:
    """Open the store of checkpoints.

    Raises:
        Refused: its URL is not understood.
        Unreachable: it cannot be opened.

    """
    try:
        return AppendOnly(url or found.settings.checkpoints_url)
    except ValueError as error:
        raise Refused(f"--store: {error}") from error
    except BlobStoreUnavailable as error:
        raise Unreachable(str(error)) from error


def kept(
    store: AppendOnly, trusted: str | None = None, seen: list[Path] | None = None, witness_key: str | None = None
) -> Record:
    """Return what the store keeps, checked.

    Raises:
        Refused: a checkpoint kept elsewhere cannot be read.
        Unreachable: the store does not answer.

    """
    return load(files_in(store), trusted, [seen_of(path) for path in seen or ()], witness_key)


def files_in(store: AppendOnly) -> dict[str, bytes]:
    """Return every file of the store.

    Raises:
        Unreachable: it does not answer.

    """
    try:
        return store.files()
    except BlobStoreUnavailable as error:
        raise Unreachable(str(error)) from error


def seen_of(path: Path) -> dict[str, object]:
    """Return a checkpoint that was kept in a file.

    Raises:
        Refused: it is none.

    """
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused(f"--seen {path}: {error}; give a checkpoint file as it was kept") from error
    if not isinstance(found, dict):
        raise Refused(f"--seen {path}: this is no checkpoint file")
    return found


def signer_at(found: Session, source: str, *, fresh: bool) -> Signer:
    """Return what signs with the key at a path or URL; `fresh` makes a file that is not there.

    Raises:
        Refused: the key cannot be used.
        Unreachable: its service does not answer; nothing was signed.

    """
    try:
        if "://" in source:
            return TransitKey(source, found.settings.notary_token_file)
        if fresh and not Path(source).exists():
            create_signing_key(Path(source))
        return KeyFile(Path(source))
    except SigningKeyUnusable as error:
        raise Refused(str(error)) from error
    except KeyServiceAway as error:
        raise Unreachable(f"{error}; nothing was signed, and what is there is signed next time") from error


@contextmanager
def signing() -> Iterator[None]:
    """Say what went wrong with a key while signing.

    Raises:
        Refused, Unreachable: as `signer_at`.

    """
    try:
        yield
    except SigningKeyUnusable as error:
        raise Refused(str(error)) from error
    except KeyServiceAway as error:
        raise Unreachable(f"{error}; what is not signed yet is signed next time") from error


def checkpoint(store: Store = None, signing_key: KeySource = None, every: Every = None, json: Json = False) -> None:
    """Verify the whole log, and sign what each partition is now where it has grown.

    Nothing is signed when anything was altered: exit code 1, and `spendtrail audit verify` lists what.

    The key is made at the first checkpoint; one in a key service has to be there. Run this where the log cannot be
    written, and keep the store where nobody who writes the log can delete.

    With --every it goes on; what does not answer, or was altered, is told each time and nothing is signed then.
    """
    repeated(every, lambda: _checkpoint(store, signing_key, json=json))


def _checkpoint(store: str | None, signing_key: str | None, *, json: bool) -> None:
    found = session()
    source = signing_key or found.settings.notary_key_source
    files = opened(found, store)
    record = kept(files)
    signer = signer_at(found, source, fresh=not record.keys and not record.alterations)
    coverage = Coverage(record.partitions)
    alterations = [*record.alterations, *examined(found, coverage, quiet=json)]
    if alterations:
        first = alterations[0].message
        raise Unreachable(f"nothing is signed, {len(alterations)} alterations: {first}; see `spendtrail audit verify`")
    written = []
    at = now()
    if not record.keys:
        _add(files, key_file(1), key_statement(signer.public, None))
    elif bytes.fromhex(record.keys[-1]["public"]) != signer.public:
        raise Refused(f"{source} is not the newest key kept; `spendtrail audit rotate-key` brings in another one")
    for partition, growth in sorted(coverage.growths.items()):
        before = record.partitions.get(partition)
        if before is not None and growth.size == before.size:
            continue
        body = growth.body(AUDIT_LOG.name, partition, before.last if before else None, at, signer.public)
        with signing():
            data = signed(body, signer)
        # Hashes first: a checkpoint without them would be an alarm. Those of a notary that was stopped in between may
        # be there already; their name says what is in them.
        with suppress(AlreadyWritten):
            put(files, hashes_file(body), bytes(growth.hashes[before.size * HASH_BYTES if before else 0 :]))
        _add(files, named(partition, body["number"]), data)
        written.append({"partition": partition, "number": body["number"], "size": body["size"], "root": body["root"]})
    key = signer.public.hex()
    if json:
        say_json({"key": key, "key_id": key_id(signer.public), "checkpoints": written})
        return
    for each in written:
        said = f"partition {each['partition']}: checkpoint {each['number']} over {each['size']} entries"
        console.print(said, highlight=False)
    console.print(f"{len(written)} checkpoints signed with key {key}", highlight=False)


def examined(found: Session, coverage: Coverage, *, quiet: bool) -> Iterator[Alteration]:
    """Verify a whole log in this process; yield its alterations, and leave in `coverage` what it comes to.

    Raises:
        Unreachable: broker or registry does not answer.

    """
    sifted: list[Alteration] = []
    log = auditlog.records(found, AUDIT_LOG, quiet=quiet)
    yield from verify(auditlog.sift(log, auditlog.codec(found), sifted), coverage=coverage)
    yield from sifted


def rotate_key(
    to: Annotated[str, typer.Option("--to", help="The new key, a file or a URL; a file is made if it is not there.")],
    store: Store = None,
    signing_key: KeySource = None,
) -> None:
    """Bring in a new signing key: the old one signs it, and signs nothing any more. No checkpoint is signed anew."""
    found = session()
    files = opened(found, store)
    record = kept(files)
    if record.alterations or not record.keys:
        why = record.alterations[0].message if record.alterations else "there is no checkpoint yet"
        raise Refused(f"no key is brought in: {why}")
    old = signer_at(found, signing_key or found.settings.notary_key_source, fresh=False)
    new = signer_at(found, to, fresh=True)
    if bytes.fromhex(record.keys[-1]["public"]) != old.public:
        raise Refused("the key to replace is not the newest one kept; name that with --signing-key")
    with signing():
        data = key_statement(new.public, old)
    _add(files, key_file(len(record.keys) + 1), data)
    console.print(f"from now on sign with --signing-key {to}; public key {new.public.hex()}", highlight=False)


def _add(files: AppendOnly, name: str, data: bytes) -> None:
    try:
        put(files, name, data)
    except AlreadyWritten as error:
        raise Unreachable(f"{error}: another notary signs here at the same time") from error


def put(files: AppendOnly, name: str, data: bytes) -> None:
    """Add a file to the store.

    Raises:
        AlreadyWritten: there is one of that name.
        Unreachable: the store does not answer.

    """
    try:
        files.add(name, data)
    except BlobStoreUnavailable as error:
        raise Unreachable(str(error)) from error
