"""`spendtrail audit erase`: destroying a person's keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from cli import auditlog
from cli.context import Refused, Session, Unreachable, now, session
from cli.output import console, say_json
from consumers.runtime.capabilities import KeyView
from producers.edge import open_publisher
from producers.opening import opening
from producers.publisher import PublishFailed
from schemas.codec import RegistryUnavailable
from schemas.events import KeyWrapped
from schemas.identity import derive
from schemas.topics import AUDIT_KEYS
from vault.keys import ERASED

__all__ = ["erase", "erasure"]

_STAGE = "keys"


@dataclass(frozen=True, slots=True)
class _Held:
    """A person's keys: the living ones, oldest first, and how many there ever were."""

    living: tuple[str, ...]
    ever: int


def erase(
    employee: Annotated[str, typer.Option(help="Employee id of the person.")],
    tenant: Annotated[str, typer.Option(help="Tenant the person belongs to.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Destroy every key of a person: personal fields and documents can never be read again, by anyone.

    Chains stay whole, for they cover ciphertext. The old key leaves its topic when that is compacted next.
    """
    found = session()
    try:
        subject = found.pseudonyms().of(tenant, employee)
    except ValueError as error:
        raise Refused(str(error)) from error
    held = _held(found, tenant, subject)
    if not held.ever:
        msg = f"tenant {tenant} has no key of this employee: check both ids; nothing of theirs was ever sealed"
        raise Refused(msg)
    if held.living and not yes:
        msg = f"this destroys for ever what the employee's keys sealed ({len(held.living)} living); add --yes to do it"
        raise Refused(msg)
    _publish(found, tenant, subject, held.living)
    if json:
        say_json({"tenant_id": tenant, "subject": subject, "keys": held.living})
    elif held.living:
        console.print(f"keys destroyed: {len(held.living)}; what they sealed is gone", highlight=False)
    else:
        console.print("nothing to do: every key was destroyed before", highlight=False)


def _held(found: Session, tenant: str, subject: str) -> _Held:
    keys, ever = KeyView(), set()
    opener = auditlog.codec(found)
    for record in auditlog.records(found, AUDIT_KEYS, quiet=True):
        key = (record.key or b"").decode()
        # A key that cannot be decoded stops everything: to pass over it would leave it undestroyed.
        keys.apply(key, auditlog.decode(opener, record.value) if record.value else None)
        if key.startswith(f"{tenant}/{subject}/"):
            ever.add(key)
    return _Held(keys.table.living(tenant, subject), len(ever))


def erasure(tenant: str, subject: str, key_id: str, at: datetime) -> KeyWrapped:
    """Return the event that destroys one key; the same key destroyed again is the same event."""
    owner = derive("key", tenant, subject, key_id)
    return opening(
        KeyWrapped,
        key_id,
        "erased",
        tenant=tenant,
        subject=subject,
        expense_id=owner,
        at=at,
        stage=_STAGE,
        key_id=key_id,
        wrapped=ERASED,
    )


def _publish(found: Session, tenant: str, subject: str, keys: tuple[str, ...]) -> None:
    try:
        with open_publisher(found.settings, auditlog.codec(found)) as publisher:
            for key_id in keys:
                publisher.publish(erasure(tenant, subject, key_id, now()), AUDIT_KEYS)
    except (PublishFailed, RegistryUnavailable) as error:
        raise Unreachable(str(error)) from error
