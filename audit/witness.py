"""A second signature under a checkpoint, by somebody who has seen that it goes on from the one before.

A notary could sign two histories and show each to another person. A witness signs only one.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audit.check import canonical, digest_of, key_id, signature_holds
from audit.checkpoint import Signer
from audit.entry import stamp

__all__ = ["WITNESSED", "check_witness", "witnessed", "witnessed_file"]

WITNESSED = "witnesses/"
_PURPOSE = b"spendtrail-witness-v1\n"


def witnessed(body: Mapping[str, Any], signer: Signer, at: datetime) -> bytes:
    """Return a witness's signature under a checkpoint, as it is kept; whether it goes on is for the caller to see."""
    said = {"checkpoint": digest_of(body), "key": key_id(signer.public), "signed_at": stamp(at)}
    return canonical({**said, "signature": signer.sign(_PURPOSE + canonical(said)).hex()})


def witnessed_file(body: Mapping[str, Any], key: str) -> str:
    """Return the name of the file for it."""
    return f"{WITNESSED}{body['partition']:04d}/{body['number']:08d}.{key}.json"


def check_witness(data: bytes, body: Mapping[str, Any], public: str) -> bool:
    """Return whether this is the signature of `public` (hex) under that checkpoint."""
    try:
        said = json.loads(data)
        signature, key = said.pop("signature"), bytes.fromhex(public)
        named = (said["checkpoint"], said["key"]) == (digest_of(body), key_id(key))
        return named and signature_holds(key, _PURPOSE + canonical(said), signature)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
