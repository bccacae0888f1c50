"""`spendtrail audit erase`: destroying a person's keys."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated

import typer

from cli import auditlog
from cli.context import Refused, Session, Unreachable, actor, now, session
from cli.output import console, say_json
from consumers.runtime.capabilities import KeyView
from producers.edge import open_publisher
from producers.opening import opening
from producers.publisher import PublishFailed
from schemas.codec import RegistryUnavailable
from schemas.events import AuditRecorded, KeyWrapped
from schemas.identity import derive
from schemas.topics import AUDIT_EVENTS, AUDIT_KEYS
from vault.keys import ERASED

__all__ = ["entered", "erase", "erasure"]

_STAGE, _ERASED = "keys", "erased"


@dataclass(frozen=True, slots=True)
class _Held:
    """A person's keys: the living ones, oldest first, and how many there ever were."""

    living: tuple[str, ...]
    ever: int


def erase(
    employee: Annotated[str, typer.Option(help="Employee id of the person.")],
    tenant: Annotated[str, typer.Option(help="Tenant the person belongs to.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit log; name nobody in it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Destroy every key of a person: personal fields and documents can never be read again, by anyone.

    Chains stay whole, for they cover ciphertext. The old key leaves its topic when that is compacted next. That the key
    was destroyed, by whom and why, is an entry of the audit log.
    """
    found = session().within(tenant)
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
    who = found.pseudonyms().of(tenant, actor())
    entries = _publish(found, tenant, subject, held.living, who, reason)
    if json:
        say_json({"tenant_id": tenant, "subject": subject, "keys": held.living, "entries": entries})
    elif held.living:
        console.print(f"keys destroyed: {len(held.living)}; what they sealed is gone", highlight=False)
        console.print(f"in the audit log as {', '.join(entries)}", highlight=False)
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
        _ERASED,
        tenant=tenant,
        subject=subject,
        expense_id=owner,
        at=at,
        stage=_STAGE,
        key_id=key_id,
        wrapped=ERASED,
    )


def entered(erased: KeyWrapped, output: bytes, who: str, reason: str) -> AuditRecorded:
    """Return the audit record of a key's destruction, as `output` is written; `who` is a pseudonym.

    Its chain is the key's own. The same destruction recorded again is the same record, which `seal` takes once.
    """
    return opening(
        AuditRecorded,
        erased.event_id,
        tenant=erased.tenant_id,
        subject=erased.subject,
        expense_id=erased.expense_id,
        at=erased.occurred_at,
        stage=_STAGE,
        status=_ERASED,
        action=type(erased).__name__,
        cause_id=erased.event_id,
        source="spendtrail audit erase",
        topic=AUDIT_KEYS.name,
        output=output,
        output_sha256=sha256(output).hexdigest(),
        actor=who,
        reason=reason or None,
    )


def _publish(
    found: Session, tenant: str, subject: str, keys: tuple[str, ...], who: str, reason: str
) -> tuple[str, ...]:
    """Destroy the keys and return the ids their entries stand under."""
    codec = auditlog.codec(found)
    erased = [erasure(tenant, subject, key_id, now()) for key_id in keys]
    try:
        with open_publisher(found.settings, codec) as publisher:
            # The entry first: stopped in between, the next run finds the key alive and goes on. The other way round
            # it would find nothing to do, and the log would never say who destroyed the key.
            for event in erased:
                publisher.publish(entered(event, codec.encode(event), who, reason), AUDIT_EVENTS)
            publisher.flush()
            for event in erased:
                publisher.publish(event, AUDIT_KEYS)
    except (PublishFailed, RegistryUnavailable) as error:
        raise Unreachable(str(error)) from error
    return tuple(event.expense_id for event in erased)
