"""A notary's key in a key service, asked over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.check import PURPOSE, canonical, signature_holds
from audit.checkpoint import signed
from tests.vault.transit_service import TransitService, serving
from vault.signing import SigningKeyUnusable
from vault.transit import KeyServiceAway, TransitKey


@pytest.fixture
def service() -> Iterator[TransitService]:
    """Return a running key service without a key."""
    with serving() as found:
        yield found


@pytest.fixture
def token(tmp_path: Path, service: TransitService) -> Path:
    """Return the file of a token that the service takes."""
    path = tmp_path / "token"
    path.write_text(f"{service.token}\n")
    return path


def test_a_checkpoint_is_signed_by_the_service(service: TransitService, token: Path) -> None:
    """The signature holds under the public key that the service told, for whoever checks a checkpoint."""
    key = TransitKey(service.add("notary"), token)
    assert key.public == service.public("notary", 1)
    body = {"version": 1, "partition": 0}
    file = signed(body, key)
    signature = file.decode().rpartition('"signature":"')[2].removesuffix('"}')
    assert signature_holds(key.public, PURPOSE + canonical(body), signature)


def test_a_version_stays_the_same_however_the_key_is_rotated(service: TransitService, token: Path) -> None:
    """A signer goes on with its version; the newest is another key, and an older one is had by its number."""
    url = service.add("notary")
    old = TransitKey(url, token)
    service.add("notary")
    assert len(old.sign(b"message")) == 64
    assert TransitKey(url, token).public == service.public("notary", 2) != old.public
    assert TransitKey(f"{url}?version=1", token).public == old.public
    with pytest.raises(SigningKeyUnusable, match="does not tell the public part of version 3 of the key"):
        TransitKey(f"{url}?version=3", token)


def test_a_renewed_token_is_taken_up(service: TransitService, token: Path) -> None:
    """The token is read for each request; one that is refused is named as such, with nothing of it."""
    key = TransitKey(service.add("notary"), token)
    service.token = "s.renewed"  # noqa: S105 - a token of a test
    with pytest.raises(SigningKeyUnusable, match=r"refuses with 403 \(permission denied\); check the key's URL"):
        key.sign(b"message")
    token.write_text(service.token)
    assert len(key.sign(b"message")) == 64
    token.unlink()
    with pytest.raises(SigningKeyUnusable, match="cannot be read"):
        key.sign(b"message")


def test_a_namespace_is_told(service: TransitService, token: Path) -> None:
    """Services with namespaces are asked in the one of the URL."""
    TransitKey(f"{service.add('notary')}?namespace=finance", token)
    assert service.namespaces == ["finance"]


@pytest.mark.parametrize("status", [412, 429, 472, 473, 500, 503])
def test_a_service_that_is_away_is_asked_again_later(service: TransitService, token: Path, status: int) -> None:
    """Sealed, standing by, throttled or failing is no refusal: it is a ConnectionError, and the caller tries again."""
    key = TransitKey(service.add("notary"), token)
    service.status = status
    with pytest.raises(KeyServiceAway, match=f"answers {status}") as raised:
        key.sign(b"message")
    assert isinstance(raised.value, ConnectionError)
    service.status = 0
    assert len(key.sign(b"message")) == 64


def test_a_service_that_is_gone_is_away(token: Path) -> None:
    """Nobody listening is told by the name of the error, not by the address."""
    with serving() as service:
        key = TransitKey(service.add("notary"), token)
    with pytest.raises(KeyServiceAway, match=r"does not answer \(ConnectError\)"):
        key.sign(b"message")


def test_a_wrong_signature_is_noticed(service: TransitService, token: Path) -> None:
    """A signature is checked before anybody relies on it."""
    key = TransitKey(service.add("notary"), token)
    service.flip = True
    with pytest.raises(SigningKeyUnusable, match="no signature of version 1 of its key"):
        key.sign(b"message")


def test_what_is_no_key_for_a_notary_is_refused(service: TransitService, token: Path) -> None:
    """Another type of key, no such key, a URL that is none, no token, and a token in the clear are each named."""
    url = service.add("notary")
    with pytest.raises(SigningKeyUnusable, match="refuses with 404"):
        TransitKey(f"{service.url}/v1/transit/keys/other", token)
    with pytest.raises(SigningKeyUnusable, match="write https://HOST/v1/MOUNT/keys/NAME"):
        TransitKey(f"{service.url}/v1/transit/notary", token)
    with pytest.raises(SigningKeyUnusable, match="SPENDTRAIL_NOTARY_TOKEN_FILE"):
        TransitKey(url, None)
    with pytest.raises(SigningKeyUnusable, match=r"key service vault\.example needs https"):
        TransitKey("http://vault.example:8200/v1/transit/keys/notary", token)
    service.kind = "rsa-4096"
    with pytest.raises(SigningKeyUnusable, match="of type rsa-4096; ed25519 is needed"):
        TransitKey(url, token)
