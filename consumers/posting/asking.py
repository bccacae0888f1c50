"""Ask the ERP for one thing, with the key under which it does that thing once."""

from typing import Any

import httpx2

from consumers.posting.answer import DEPENDENCY
from consumers.runtime.errors import Transient

__all__ = ["PATH", "STAGE", "ask"]

STAGE = "posting"
PATH = "/api/v1/gl/posting"
# Well under the lane's own limit: a slow ERP is waited for and asked again, it never makes the record a dead letter.
_TIMEOUT_S = 30.0


async def ask(erp: httpx2.AsyncClient, path: str, body: dict[str, Any], key: str) -> httpx2.Response:
    """Return the ERP's answer, whatever it says.

    Raises:
        Transient: it gives none.

    """
    try:
        return await erp.post(path, json=body, headers={"Idempotency-Key": key}, timeout=_TIMEOUT_S)
    except httpx2.RequestError as error:
        # The name of the error only: its text may repeat the address and with it a password.
        raise Transient(DEPENDENCY, f"the ERP does not answer: {type(error).__name__}") from error
