"""Signed policies: what a signature is for, who may sign, and what is never judged by."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.settings import Settings
from consumers.runtime import capabilities
from consumers.stages import stage_named
from policy.errors import PolicyError
from policy.signing import Signable, Trust, from_json, private_key, public_text, signed, to_json
from policy.snapshot import genesis
from policy.table import Policies
from schemas.events import PolicyPublished
from schemas.records import Signature
from schemas.topics import POLICIES
from tests.evaluate.build import SUBMITTED, published
from tests.harness import through_wire

FROM = datetime(2026, 1, 1, tzinfo=UTC)
CONTROLLER, CFO, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
KEYS = {"controller": public_text(CONTROLLER), "cfo": public_text(CFO)}
ONE, TWO = Trust.of(KEYS, FROM, 1), Trust.of(KEYS, FROM, 2)
EVENT = published(FROM, warn_above="0.50")


def about(event: PolicyPublished) -> Signable:
    """Return what there is to sign about a published version."""
    return Signable(
        version=event.version, tenant=event.tenant_id, effective_from=event.effective_from, reason=event.reason
    )


def by(*keys: Ed25519PrivateKey, event: PolicyPublished = EVENT) -> PolicyPublished:
    """Return a version signed by some, as it comes over the wire."""
    signatures = tuple(signed(about(event), key, signer="finance", role="publish", at=FROM) for key in keys)
    found = through_wire(replace(event, signatures=signatures))
    assert isinstance(found, PolicyPublished)
    return found


(SIGNATURE,) = by(CONTROLLER).signatures


@pytest.mark.parametrize(
    ("trust", "event", "said"),
    [
        (ONE, by(CONTROLLER), ""),
        (ONE, by(STRANGER, CFO), ""),
        (TWO, by(CONTROLLER, CFO), ""),
        (Trust(), EVENT, ""),
        (Trust.of(KEYS, FROM + timedelta(seconds=1), 2), EVENT, ""),
        (ONE, EVENT, "0 of 0 signatures hold"),
        (ONE, by(STRANGER), "0 of 1 signatures hold"),
        (TWO, by(CONTROLLER), "1 of 1 signatures hold"),
        (TWO, by(CONTROLLER, CONTROLLER), "1 of 2 signatures hold"),
    ],
)
def test_who_must_have_signed(trust: Trust, event: PolicyPublished, said: str) -> None:
    """Known keys count, each once; without a demand, or before it begins, nobody has to."""
    found = trust.refusal(event)
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"tenant_id": "globex"},
        {"effective_from": FROM + timedelta(days=1)},
        {"version": "0" * 64},
        {"snapshot": published(FROM, warn_above="0.99").snapshot},
        {
            "snapshot": published(FROM, warn_above="0.99").snapshot,
            "version": published(FROM, warn_above="0.99").version,
        },
    ],
    ids="-".join,
)
def test_a_signature_is_for_one_version_alone(change: dict[str, Any]) -> None:
    """Nothing of what was signed can be exchanged under the signature."""
    assert ONE.refusal(replace(by(CONTROLLER), **change))


@pytest.mark.parametrize(
    "forged",
    [
        replace(SIGNATURE, signer="somebody"),
        replace(SIGNATURE, role="approve"),
        replace(SIGNATURE, signed_at=FROM + timedelta(days=1)),
    ],
    ids=["signer", "role", "signed_at"],
)
def test_what_a_signer_says_of_themselves_is_signed_too(forged: Signature) -> None:
    """Who signed, as what and when cannot be rewritten afterwards."""
    assert ONE.refusal(replace(by(CONTROLLER), signatures=(forged,)))


def test_an_unsigned_version_is_never_judged_by() -> None:
    """A replica goes on under the version before, says what it refused, and takes the version in once it is signed."""
    policies, key = Policies(ONE), POLICIES.key(EVENT)
    policies.apply(key, EVENT)
    assert policies.at("acme", SUBMITTED).version == genesis().version
    assert (list(policies.refused), policies.version) == ([key], Policies().version)
    policies.apply(key, by(CFO))
    assert (policies.at("acme", SUBMITTED).version, policies.refused) == (EVENT.version, {})


@pytest.mark.parametrize("stage", ["evaluate", "screen"])
def test_the_stages_that_judge_ask_as_the_settings_say(stage: str) -> None:
    """What is set for a stage reaches its table of policies."""
    settings = Settings(policy_keys=KEYS, policy_signed_from=FROM, policy_signatures=2)
    (table,) = (t for t in capabilities.tables_of(stage_named(stage).load(), settings) if t.topic is POLICIES)
    view = table.view()
    view.apply(POLICIES.key(EVENT), by(CONTROLLER))
    assert isinstance(view, Policies)
    assert view.at("acme", SUBMITTED).version == genesis().version


@pytest.mark.parametrize(
    ("keys", "signatures", "said"),
    [
        ({"cfo": "no key"}, 1, "cfo: is no Ed25519 public key in base64"),
        ({"cfo": base64.b64encode(b"short").decode()}, 1, "cfo: is no Ed25519 public key in base64"),
        ({}, 1, "1 must sign and there are 0 different keys"),
        ({"cfo": KEYS["cfo"], "same": KEYS["cfo"]}, 2, "2 must sign and there are 1 different keys"),
    ],
)
def test_settings_that_nobody_could_satisfy_are_refused(keys: dict[str, str], signatures: int, said: str) -> None:
    """Text that is no key, and more signatures than keys, are named before anything is judged."""
    with pytest.raises(PolicyError, match=said):
        Trust.of(keys, FROM, signatures)


def test_an_approval_travels_as_a_file() -> None:
    """It comes back as the same signature, and only for just what was approved."""
    signature = by(CFO).signatures[0]
    data = to_json(about(EVENT), signature)
    assert from_json(data, about(EVENT), "approval.json") == signature
    with pytest.raises(PolicyError, match="reason: is for test, published is another"):
        from_json(data, replace(about(EVENT), reason="another"), "approval.json")
    with pytest.raises(PolicyError, match="is no approval"):
        from_json(b'{"version": 1}', about(EVENT), "approval.json")


def test_only_an_ed25519_key_signs() -> None:
    """A key file gives its key back; anything else is refused with the file's name."""
    pem = CFO.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert public_text(private_key(pem, "cfo.pem")) == KEYS["cfo"]
    with pytest.raises(PolicyError, match=r"cfo\.pem: document: holds no private key"):
        private_key(b"-----BEGIN NOTHING-----", "cfo.pem")
