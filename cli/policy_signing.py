"""`spendtrail policy key` and `approve`: who vouches for a policy, and how that reaches whoever publishes it."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.context import Refused, Session, actor, now, session
from cli.instants import instant, utc
from cli.output import console, say_json
from cli.policy_input import Json, Paths, Tenant, loaded, refusing
from policy.signing import Signable, from_json, private_key, public_text, signed, to_json
from producers.policy_publish import Publication, Vouch, signable
from schemas.records import Signature

__all__ = ["Key", "approve", "make_key", "publication_of", "vouching"]

Key = Annotated[Path | None, typer.Option(help="Private key to sign with, made by `policy key`.")]


def publication_of(found: Session, reason: str, effective_from: str | None, tenant: str | None) -> Publication:
    """Return who publishes for whom, from when on and why.

    Raises:
        Refused: no reason is given, or the moment is none.

    """
    if not reason.strip():
        raise Refused("--reason is empty; say why the policy changes")
    return Publication(
        tenant=tenant or found.settings.tenant,
        published_by=actor(),
        reason=reason.strip(),
        effective_from=instant("--effective-from", effective_from) if effective_from else None,
    )


def vouching(key: Path | None, approvals: list[Path], at: datetime) -> Vouch:
    """Return what signs a publication with a key and adds the approvals of others, which must be for just that."""

    def vouch(about: Signable) -> tuple[Signature, ...]:
        own = () if key is None else (_signed(about, key, at, approving=False),)
        return own + tuple(from_json(_read(path, "--approval"), about, str(path)) for path in approvals)

    return vouch


def _signed(about: Signable, key: Path, at: datetime, *, approving: bool) -> Signature:
    found = private_key(_read(key, "--key"), str(key))
    return signed(about, found, signer=actor(), role="approve" if approving else "publish", at=at)


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{option} {path} cannot be read: {error.strerror}"
        raise Refused(msg) from error


def make_key(
    output: Annotated[Path, typer.Option("--output", "-o", help="New file for the private key; keep it to yourself.")],
    json: Json = False,
) -> None:
    """Make a key to sign policies with, and print its public part for SPENDTRAIL_POLICY_KEYS."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - for this verb alone
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # Only its owner may read it, from the first byte on; a file that is there stays as it is.
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except OSError as error:
        msg = f"-o {output} cannot be written: {error.strerror}; name a new file"
        raise Refused(msg) from error
    if json:
        say_json({"private": output, "public": public_text(key)})
    else:
        console.print(public_text(key), highlight=False)


def approve(
    paths: Paths,
    reason: Annotated[str, typer.Option(help="Why, word for word as it will be published.")],
    key: Annotated[Path, typer.Option(help="Your private key, made by `policy key`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the approval; send it to the publisher.")],
    effective_from: Annotated[
        str | None, typer.Option(help="First submission time it is to judge; the document's own otherwise.")
    ] = None,
    tenant: Tenant = None,
    json: Json = False,
) -> None:
    """Sign a policy that somebody else will publish: this version, for this tenant, from this moment on, no other."""
    publication = publication_of(session(), reason, effective_from, tenant)
    with refusing():
        _, about = signable(loaded(paths), publication)
        signature = _signed(about, key, now(), approving=True)
    output.write_bytes(to_json(about, signature))
    if json:
        say_json({"version": about.version, "effective_from": about.effective_from, "key": signature.key})
    else:
        when = utc(about.effective_from)
        console.print(f"version {about.version} from {when} on, approved as {signature.signer}", highlight=False)
