"""Who vouches for a policy version: Ed25519 signatures, made on approval and publication, checked by every replica.

What is signed is the RFC 8785 form of version, tenant, beginning and reason with the signer's own statement. The
version is the hash of the policy, so nothing of it can be exchanged under a signature.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import orjson
import rfc8785

from policy.errors import Fault, PolicyError
from schemas.events import PolicyPublished
from schemas.records import Signature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Signable", "Trust", "from_json", "private_key", "public_text", "signed", "to_json"]

_ID_DIGITS: Final = 16
_KEY_BYTES: Final = 32
Role = Literal["publish", "approve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signable:
    """What a signature is for: one version, for one tenant, from one moment (UTC) on, for one reason."""

    version: str
    tenant: str
    effective_from: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Which versions must be signed, and by whom.

    `keys` are the public keys by id, with their owners' names. Versions that begin at `since` (UTC) or later need
    signatures of `signatures` different keys; None asks for none. Whatever began before is taken as it is: it was
    judged by already.
    """

    keys: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    since: datetime | None = None
    signatures: int = 1

    @classmethod
    def of(cls, keys: Mapping[str, str], since: datetime | None, signatures: int) -> "Trust":
        """Return it from settings: public keys as base64, by the names of their owners.

        Raises:
            PolicyError: a key is none, or fewer keys are given than must sign.

        """
        known = {}
        for name, text in keys.items():
            try:
                data = base64.b64decode(text, validate=True)
            except binascii.Error:
                data = b""
            if len(data) != _KEY_BYTES:
                remedy = "give the text that `spendtrail policy key` prints"
                raise PolicyError(Fault("SPENDTRAIL_POLICY_KEYS", name, "is no Ed25519 public key in base64", remedy))
            known[_id(data)] = (name, data)
        if since is not None and len(known) < signatures:
            message = f"{signatures} must sign and there are {len(known)} different keys"
            raise PolicyError(Fault("SPENDTRAIL_POLICY_KEYS", "", message, "name a key for each who signs"))
        aware = since if since is None or since.tzinfo else since.replace(tzinfo=UTC)
        return cls(known, aware, signatures)

    def refusal(self, event: PolicyPublished) -> str:
        """Return why a version must not be judged by, nothing where it may be."""
        if self.since is None or event.effective_from < self.since:
            return ""
        if hashlib.sha256(event.snapshot.encode()).hexdigest() != event.version:
            return "its version is not the hash of its policy"
        about = Signable(
            version=event.version, tenant=event.tenant_id, effective_from=event.effective_from, reason=event.reason
        )
        held = {signature.key for signature in event.signatures if self._holds(about, signature)}
        if len(held) >= self.signatures:
            return ""
        given = len(event.signatures)
        return f"{len(held)} of {given} signatures hold, keys that are known here; {self.signatures} must"

    def _holds(self, about: Signable, signature: Signature) -> bool:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - costs what only those pay who sign
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

        known = self.keys.get(signature.key)
        if known is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(known[1]).verify(signature.value, _statement(about, signature))
        except InvalidSignature:
            return False
        return True


def signed(about: Signable, key: "Ed25519PrivateKey", *, signer: str, role: Role, at: datetime) -> Signature:
    """Return a signature."""
    bare = Signature(
        key=_id(key.public_key().public_bytes_raw()), signer=signer, role=role, signed_at=at.astimezone(UTC), value=b""
    )
    return Signature(
        key=bare.key, signer=signer, role=role, signed_at=bare.signed_at, value=key.sign(_statement(about, bare))
    )


def private_key(pem: bytes, name: str) -> "Ed25519PrivateKey":
    """Return the private key in a PEM file (PKCS 8, not encrypted).

    Raises:
        PolicyError: it holds none.

    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise PolicyError(Fault(name, "", f"holds no private key: {error}", "give one of `policy key`")) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PolicyError(Fault(name, "", "holds a key of another kind", "give an Ed25519 key"))
    return key


def public_text(key: "Ed25519PrivateKey") -> str:
    """Return its public key as settings name it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def to_json(about: Signable, signature: Signature) -> bytes:
    """Return an approval as a file that travels to whoever publishes."""
    return orjson.dumps(
        {
            "version": about.version,
            "tenant": about.tenant,
            "effective_from": about.effective_from,
            "reason": about.reason,
            "key": signature.key,
            "signer": signature.signer,
            "role": signature.role,
            "signed_at": signature.signed_at,
            "value": base64.b64encode(signature.value).decode(),
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def from_json(data: bytes, about: Signable, name: str) -> Signature:
    """Return the signature in an approval, which must be for just what is published.

    Raises:
        PolicyError: it is no approval, or one of something else.

    """
    try:
        told = orjson.loads(data)
        other = Signable(
            version=told["version"],
            tenant=told["tenant"],
            effective_from=datetime.fromisoformat(told["effective_from"]),
            reason=told["reason"],
        )
        found = Signature(
            key=told["key"],
            signer=told["signer"],
            role=told["role"],
            signed_at=datetime.fromisoformat(told["signed_at"]),
            value=base64.b64decode(told["value"], validate=True),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"is no approval: {error}"
        raise PolicyError(Fault(name, "", message, "give a file that `policy approve` wrote")) from error
    for part in ("version", "tenant", "effective_from", "reason"):
        if getattr(other, part) != getattr(about, part):
            message = f"is for {getattr(other, part)}, published is {getattr(about, part)}"
            raise PolicyError(Fault(name, part, message, "have just this approved, or publish what was"))
    return found


def _id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:_ID_DIGITS]


def _statement(about: Signable, signature: Signature) -> bytes:
    return rfc8785.dumps(
        {
            "version": about.version,
            "tenant": about.tenant,
            "effective_from": _instant(about.effective_from),
            "reason": about.reason,
            "key": signature.key,
            "signer": signature.signer,
            "role": signature.role,
            "signed_at": _instant(signature.signed_at),
        }
    )


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
