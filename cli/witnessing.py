"""`spendtrail audit witness`: a second signature under the notary's checkpoints, by somebody who remembers."""

from pathlib import Path
from typing import Annotated

import typer

from audit.check import key_id
from audit.checkpoint import named
from audit.kept import load
from audit.witness import witnessed, witnessed_file
from cli.context import Refused, Unreachable, now, session
from cli.notarising import Every, Json, Seen, Store, Trusted, files_in, opened, put, seen_of, signer_at, signing
from cli.output import console, say_json
from cli.repeating import repeated
from vault.append_only import AlreadyWritten

__all__ = ["witness"]


def witness(
    signing_key: Annotated[
        str, typer.Option("--signing-key", help="The witness's own key, a file or a URL; a file is made if not there.")
    ],
    store: Store = None,
    trusted: Trusted = None,
    seen: Seen = None,
    remember: Annotated[
        Path | None, typer.Option(help="Folder of the witness's own: what it signed is kept there and seen next time.")
    ] = None,
    every: Every = None,
    json: Json = False,
) -> None:
    """Sign the last checkpoint of every partition as a witness, after seeing that each goes on from those before.

    A notary cannot show two histories to a witness who remembers one: keep a folder for that with --remember, out of
    the notary's reach, or give with --seen what you signed last time.
    """
    repeated(every, lambda: _witness(signing_key, store, trusted, seen or [], remember, json=json))


def _witness(
    signing_key: str, store: str | None, trusted: str | None, seen: list[Path], remember: Path | None, *, json: bool
) -> None:
    found = session()
    files = opened(found, store)
    there = files_in(files)
    remembered = sorted(remember.glob("*.json")) if remember else []
    record = load(there, trusted, [seen_of(path) for path in (*seen, *remembered)])
    if record.alterations:
        raise Unreachable(f"nothing is signed: {record.alterations[0].message}")
    signer = signer_at(found, signing_key, fresh=True)
    written = []
    for _, each in sorted(record.partitions.items()):
        name = witnessed_file(each.last, key_id(signer.public))
        with signing():
            data = witnessed(each.last, signer, now())
        if remember:
            _remember(remember, each.last["partition"], there[named(each.last["partition"], each.last["number"])])
        try:
            put(files, name, data)
        except AlreadyWritten:
            continue
        written.append(name)
    if json:
        say_json({"key": signer.public.hex(), "written": written})
    else:
        console.print(f"{len(written)} checkpoints witnessed with key {signer.public.hex()}", highlight=False)


def _remember(folder: Path, partition: int, checkpoint: bytes) -> None:
    """Keep what is about to be signed: a witness who signed and forgot could be shown another history.

    Raises:
        Refused: it cannot be kept.

    """
    path = folder / f"{partition:04d}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".new")
        written.write_bytes(checkpoint)
        written.replace(path)
    except OSError as error:
        raise Refused(f"--remember {folder}: {error}; nothing is signed that would not be remembered") from error
