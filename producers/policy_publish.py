"""Publishing policies: checked, in canonical form, kept for ever under their version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from config.settings import Settings
from policy.documents import load
from policy.errors import Fault, PolicyError
from policy.signing import Signable, Trust
from policy.snapshot import Snapshot, check_publication, genesis
from policy.table import Policies
from producers.edge import codec_of, open_publisher
from producers.opening import opening
from schemas.codec import Codec
from schemas.events import PolicyPublished
from schemas.identity import derive
from schemas.records import Signature
from schemas.topics import POLICIES
from streams.client import client_settings
from streams.tail import KafkaTail

__all__ = ["Publication", "Vouch", "publish", "publish_genesis", "read_policies", "signable"]

_STAGE = "policy"
_TIMEOUT_S = 30.0
_GENESIS_FROM = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Whose policy it is, who publishes it and why.

    `published_by` is kept for ever and readable by all: a role or a pseudonym, never a name. `effective_from` (UTC)
    replaces the one written in the document.
    """

    tenant: str
    published_by: str
    reason: str
    effective_from: datetime | None = None


Vouch = Callable[[Signable], tuple[Signature, ...]]


def read_policies(settings: Settings, codec: Codec | None = None) -> Policies:
    """Return every snapshot published so far.

    Raises:
        TransportLost: the topic cannot be read.
        PolicyError: a snapshot in it cannot be read by this release.

    """
    codec = codec or codec_of(settings)
    client = client_settings(settings.bootstrap_servers or "", settings.kafka_options)
    tail = KafkaTail(client, POLICIES.name, None, None, _TIMEOUT_S)
    policies = Policies(_trust(settings))
    try:
        while chunk := tail.catch_up():
            for record in chunk:
                event = codec.decode(record.value) if record.value else None
                policies.apply((record.key or b"").decode(), event)
    finally:
        tail.close()
    return policies


def signable(snapshot: Snapshot, publication: Publication) -> tuple[Snapshot, Signable]:
    """Return a snapshot as it is to be published, and what there is to sign about it."""
    if publication.effective_from is not None:
        snapshot = replace(snapshot, effective_from=publication.effective_from.astimezone(UTC))
    about = Signable(
        version=snapshot.version,
        tenant=publication.tenant,
        effective_from=snapshot.effective_from,
        reason=publication.reason,
    )
    return snapshot, about


def publish(
    settings: Settings,
    paths: Sequence[Path],
    publication: Publication,
    clock: Callable[[], datetime],
    vouch: Vouch = lambda _: (),
) -> PolicyPublished:
    """Check the policy in the files or folders and publish it with the signatures that `vouch` gives.

    Returns when the brokers have it.

    Raises:
        PolicyError: the policy is wrong, begins less than 60 s from now, or at the instant another one begins, or lacks
            signatures that the settings ask for.
        PublishFailed, RegistryUnavailable, TransportLost: what it needs does not answer; publish again.

    """
    snapshot, about = signable(Snapshot.of(load(*paths)), publication)
    codec = codec_of(settings)
    now = clock()
    check_publication(snapshot, read_policies(settings, codec).of(publication.tenant), now)
    return _write(settings, codec, snapshot, publication, now, vouch(about))


def publish_genesis(
    settings: Settings, publication: Publication, clock: Callable[[], datetime], paths: Sequence[Path] = ()
) -> PolicyPublished | None:
    """Publish a tenant's first policy, in force from 1970 on; without files the shipped example.

    Returns None, having done nothing, where the tenant has published one already.

    Raises:
        PolicyError: the policy is wrong.
        PublishFailed, RegistryUnavailable, TransportLost: what it needs does not answer; publish again.

    """
    codec = codec_of(settings)
    first = Snapshot.of(load(*paths)) if paths else genesis()
    if publication.tenant in read_policies(settings, codec).tenants():
        return None
    return _write(settings, codec, replace(first, effective_from=_GENESIS_FROM), publication, clock())


def _trust(settings: Settings) -> Trust:
    return Trust.of(settings.policy_keys, settings.policy_signed_from, settings.policy_signatures)


def _write(
    settings: Settings,
    codec: Codec,
    snapshot: Snapshot,
    publication: Publication,
    at: datetime,
    signatures: tuple[Signature, ...] = (),
) -> PolicyPublished:
    event = opening(
        PolicyPublished,
        publication.tenant,
        snapshot.version,
        snapshot.effective_from.isoformat(),
        tenant=publication.tenant,
        expense_id=derive("policy", publication.tenant, snapshot.version),
        at=at,
        stage=_STAGE,
        version=snapshot.version,
        snapshot=snapshot.canonical.decode(),
        effective_from=snapshot.effective_from,
        published_by=publication.published_by,
        reason=publication.reason,
        signatures=signatures,
    )
    refusal = _trust(settings).refusal(event)
    if refusal:
        remedy = "publish it with --key, and with --approval of whoever else must sign"
        raise PolicyError(Fault(snapshot.document.name, "signatures", refusal, remedy))
    with open_publisher(settings, codec) as publisher:
        publisher.publish(event)
    return event
