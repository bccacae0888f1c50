"""The notary's key in a key service that signs without showing it: the transit engine of HashiCorp Vault, or OpenBao's.

https://developer.hashicorp.com/vault/api-docs/secret/transit: `GET /v1/MOUNT/keys/NAME` tells the public keys by
version, `POST /v1/MOUNT/sign/NAME` signs. Each signature is checked here before anybody relies on it.
"""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vault.signing import SigningKeyUnusable

__all__ = ["KeyServiceAway", "TransitKey"]

_TIMEOUT_S: Final = 10.0
_KEYS, _SIGN = "/keys/", "/sign/"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_TYPE = "ed25519"
_FIRST_ERROR, _REFUSED_BELOW = 400, 500
# Sealed, standby or throttled: it will answer again without anybody changing anything here.
_AWAY = frozenset({412, 429, 472, 473})


class KeyServiceAway(ConnectionError):
    """The key service does not answer, is sealed or is failing. Nothing was signed; ask again later."""


class TransitKey:
    """Signs with one version of one key of a key service; the version stays the same however the key is rotated there.

    `url` is that of the key, https://HOST/v1/MOUNT/keys/NAME, with `?version=N` for another version than the newest
    and `?namespace=NAME` where the service has namespaces. `token_file` is read for every request, so that a token
    that is renewed in it is taken up.

    Raises:
        SigningKeyUnusable: the URL or token does not fit, or the key is none that can sign for a notary.
        KeyServiceAway: the service does not answer.

    """

    __slots__ = ("_keys_url", "_namespace", "_public", "_sign_url", "_token_file", "_version")

    def __init__(self, url: str, token_file: Path | None) -> None:
        parts, asked = urlsplit(url), parse_qs(urlsplit(url).query)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise SigningKeyUnusable(f"the key service {parts.hostname} needs https, or its token could be read")
        if _KEYS not in parts.path or parts.username or parts.password:
            raise SigningKeyUnusable(
                "the signing key's URL is not that of a key: write https://HOST/v1/MOUNT/keys/NAME"
            )
        if token_file is None:
            raise SigningKeyUnusable("no token for the key service; name its file in SPENDTRAIL_NOTARY_TOKEN_FILE")
        head, _, name = parts.path.rpartition(_KEYS)
        self._keys_url = urlunsplit((parts.scheme, parts.netloc, f"{head}{_KEYS}{name}", "", ""))
        self._sign_url = urlunsplit((parts.scheme, parts.netloc, f"{head}{_SIGN}{name}", "", ""))
        self._namespace = asked.get("namespace", [""])[0]
        self._token_file = token_file
        self._version, self._public = self._chosen(asked.get("version", [""])[0])

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes.

        Raises:
            KeyServiceAway: the service does not answer.
            SigningKeyUnusable: it refuses, or what it answers is no signature of this key.

        """
        body = {"input": base64.b64encode(message).decode(), "key_version": self._version}
        data = self._asked("POST", self._sign_url, body)
        try:
            service, version, text = str(data["signature"]).split(":")
            signature = base64.b64decode(text, validate=True)
            Ed25519PublicKey.from_public_bytes(self._public).verify(signature, message)
        except (KeyError, ValueError, binascii.Error, InvalidSignature) as error:
            told = f"the answer of the key service is no signature of version {self._version} of its key"
            raise SigningKeyUnusable(f"{told} ({type(error).__name__}); nothing was signed") from error
        if not service or version != f"v{self._version}":
            raise SigningKeyUnusable(f"the key service signed with {version}, not with v{self._version}; ask it again")
        return signature

    def _chosen(self, asked: str) -> tuple[int, bytes]:
        data = self._asked("GET", self._keys_url, None)
        try:
            if data["type"] != _TYPE:
                raise SigningKeyUnusable(f"the key service holds a key of type {data['type']}; {_TYPE} is needed")
            version = int(asked or data["latest_version"])
            public = base64.b64decode(data["keys"][str(version)]["public_key"], validate=True)
            Ed25519PublicKey.from_public_bytes(public)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            told = f"version {asked} of the key" if asked else "the key"
            raise SigningKeyUnusable(f"the key service does not tell the public part of {told}: {error!r}") from error
        return version, public

    def _asked(self, method: str, url: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        import httpx2  # noqa: PLC0415 - slow to load, and only a key service needs it

        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if self._namespace:
            headers["X-Vault-Namespace"] = self._namespace
        try:
            # Certificates take a while to load, and there are none to check on loopback without TLS.
            secure = url.startswith("https:")
            answer = httpx2.request(method, url, json=body, headers=headers, timeout=_TIMEOUT_S, verify=secure)
        except httpx2.RequestError as error:
            raise KeyServiceAway(f"the key service does not answer ({type(error).__name__})") from error
        if answer.status_code >= _REFUSED_BELOW or answer.status_code in _AWAY:
            raise KeyServiceAway(f"the key service answers {answer.status_code}: sealed, standing by or failing")
        try:
            told = answer.json()
            if answer.status_code >= _FIRST_ERROR:
                why = "; ".join(map(str, told.get("errors", ()))) or "no reason"
                refused = f"the key service refuses with {answer.status_code} ({why})"
                raise SigningKeyUnusable(f"{refused}; check the key's URL and the token")
            data: Mapping[str, Any] = told["data"]
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise SigningKeyUnusable(f"what answers at the key service's URL is none ({answer.status_code})") from error
        return data

    def _token(self) -> str:
        try:
            return self._token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SigningKeyUnusable(f"the token {self._token_file} cannot be read ({error}); restore it") from error
